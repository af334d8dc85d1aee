"""Useful content for mail: pieces from a folder or the shop's feed, and which of them suits whom."""
