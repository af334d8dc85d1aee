"""Persons whose facts wait because the fold failed: listed, and tried again."""
