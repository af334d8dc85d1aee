"""Tests against real PostgreSQL, a real log or a real mail server."""
