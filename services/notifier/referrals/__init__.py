"""Personal codes by which people refer others."""
