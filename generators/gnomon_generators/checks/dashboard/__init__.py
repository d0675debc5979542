"""Checks of Grafana dashboards in their classic JSON."""
