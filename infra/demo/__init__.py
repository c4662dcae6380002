"""The demo: a support desk, five runs, every layer, and a check that each came out as told."""
