"""The one place where Gnomon's version is written."""

__version__ = "0.1.0"
