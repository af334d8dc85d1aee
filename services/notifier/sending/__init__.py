"""Sending what was decided: several messages at a time, each at most once."""
