"""The verdict of a gate, found again from the log: `trials`, `differences`, `verdicts`."""
