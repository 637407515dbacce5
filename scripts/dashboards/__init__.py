"""Grafana's two dashboards, as tables; ``python -m scripts.dashboards`` writes them."""
