"""The three programs."""
