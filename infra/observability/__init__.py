"""For operators' own Prometheus: alert rules, and where their tools come from."""
