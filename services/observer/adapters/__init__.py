"""The outside of the observer."""
