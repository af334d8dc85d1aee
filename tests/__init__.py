"""The tests, grouped by what they need: nothing, PostgreSQL and a log, the whole system."""
