"""Revisions of the store's tables, run by `gnomon_analysis.store.opening`."""
