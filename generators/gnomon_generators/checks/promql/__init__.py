"""Checks of how expressions read what they name."""
