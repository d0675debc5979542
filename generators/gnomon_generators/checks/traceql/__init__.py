"""Checks of queries on traces."""
