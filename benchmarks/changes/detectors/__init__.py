"""The detectors: all take a history and say what moved where."""
