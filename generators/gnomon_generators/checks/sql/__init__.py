"""Checks of queries on the results store."""
