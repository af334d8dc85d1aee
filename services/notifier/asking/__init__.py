"""Answering what operations and the shop ask over HTTP."""
