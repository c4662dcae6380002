"""Content checks: what they see, how they are run, and the names they go by."""
