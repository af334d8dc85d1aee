"""Tests of the whole system as a user runs it."""
