"""Takes what happened over HTTP, checks it, and appends it to the log. It has no store of its own."""
