"""Checks of the OpenTelemetry Collector's configuration."""
