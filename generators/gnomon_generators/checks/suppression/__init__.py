"""Checks of gnomon-check.yaml itself."""
