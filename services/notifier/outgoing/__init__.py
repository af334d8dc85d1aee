"""Calling addresses that others have chosen: never one inside the house, never longer or more than agreed."""
