"""The demo: a support desk, six runs, every layer, and a check that each came out as told."""
