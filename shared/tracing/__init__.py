"""Traces as a projection of the log: where facts belong, and what spans they are."""
