"""Mail that comes back: reports of mail servers that nothing was delivered, and complaints passed on by providers."""
