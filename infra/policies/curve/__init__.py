"""Simple policies, to see where a better one lies."""
