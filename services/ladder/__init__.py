"""Keeps where every person stands, and announces what changed."""
