"""Gnomon: what every test, agent step and model call did, what it cost, and what changed it."""

from gnomon.version import __version__

__all__ = ["__version__"]
