"""What operators' own tools are told: the names, and the way out."""
