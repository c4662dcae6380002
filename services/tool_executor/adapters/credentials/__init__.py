"""Where the values of tools' variables come from, and who is given which."""
