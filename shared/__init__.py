"""What the three programs share: messages, the log, the lanes, and the plumbing around them."""
