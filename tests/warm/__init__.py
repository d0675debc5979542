"""Processes of Python that begin with other people's libraries already imported."""

from tests.warm.starting import anew, run, scripts

__all__ = ["anew", "run", "scripts"]
