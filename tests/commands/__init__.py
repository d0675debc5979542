"""The commands that read the results store."""
