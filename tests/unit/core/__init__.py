"""Tests of the ladder's rules."""
