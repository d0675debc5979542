"""Checks of alerting rules."""
