"""When, how often and by which channel somebody is written to."""
