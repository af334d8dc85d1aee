"""The page for operations: who stands where and why, rendered on the server, in German and English."""
