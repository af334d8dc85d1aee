"""The pure core: given facts, when a fact or time comes, then standings and announcements."""
