"""Sub-commands of `gnomon` that read and fill the results store."""
