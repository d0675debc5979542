"""The results store, through its public face."""
