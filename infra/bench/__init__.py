"""Benchmarks of the platform as it ships. Each suite gives one JSON object."""
