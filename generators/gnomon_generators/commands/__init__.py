"""Sub-commands of `gnomon` that generate."""
