"""Cases of other tools, one file a format; what could not be taken is told, with the reason."""
