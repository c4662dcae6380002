"""The configuration folder as a whole: `rendering` (one for each environment)."""
