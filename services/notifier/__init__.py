"""Decides who gets which message because of what, and sends it."""
