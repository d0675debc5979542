"""Checks of Prometheus' rule files, whatever their rules are for."""
