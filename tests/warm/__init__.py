"""Processes of Python that begin with other people's libraries already imported."""

from tests.warm.starting import run

__all__ = ["run"]
