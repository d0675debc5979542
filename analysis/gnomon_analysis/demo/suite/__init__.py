"""The routing suite that the demo runs at every commit: an ordinary pytest suite."""
