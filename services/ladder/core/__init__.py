"""The pure core: facts in, standings and announcements out. No I/O, no clock, no logging."""
