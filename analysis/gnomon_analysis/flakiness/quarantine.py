"""Tests whose failures fail no gate. They are run, counted and shown as ever, and marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase


def is_quarantined(case_id: str, patterns: Sequence[str]) -> bool:
    """Whether a test's id is one of the list, or matches a glob of it."""
    return any(_matches(case_id, pattern) for pattern in patterns)


def unknown_entries(patterns: Sequence[str], case_ids: Iterable[str]) -> tuple[str, ...]:
    """The entries of the list that no test there is answers to."""
    known = tuple(case_ids)
    return tuple(pattern for pattern in patterns if not any(_matches(one, pattern) for one in known))


def _matches(case_id: str, pattern: str) -> bool:
    # An id may hold brackets of its own, as those of parametrised tests do.
    return case_id == pattern or fnmatchcase(case_id, pattern)
