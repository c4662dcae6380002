"""For operators' own Prometheus and Grafana: alert rules, boards, and where the tools come from."""
