"""Canaries: how a share of new runs does beside production, and when it goes back by itself."""
