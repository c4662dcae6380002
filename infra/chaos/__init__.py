"""Chaos: runs that move money, on the platform as it ships, while its parts are killed."""
