"""The HTTP API of the console: one file a resource, below /api/v1."""
