"""Questions to the store, one module a subject. `gnomon_analysis.store.Store` is their public face."""
