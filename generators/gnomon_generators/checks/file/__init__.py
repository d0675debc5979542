"""Checks of files as such."""
