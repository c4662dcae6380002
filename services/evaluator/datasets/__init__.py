"""Suites and cases: read, written, taken over from other tools, made from runs, made smaller."""
