"""The web console: pages for people, from the same functions that answer the HTTP API."""
