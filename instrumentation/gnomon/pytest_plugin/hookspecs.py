"""Hooks by which a `conftest.py` tells Gnomon about routing without a change to its tests."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.hookspec(firstresult=True)
def pytest_gnomon_routing(item: pytest.Item) -> dict[str, Any] | None:
    """What this test expects: the keywords of `@pytest.mark.routing` as a dictionary, or None.

    Called once a test, after collection, in the process that runs it.
    """


@pytest.hookspec(firstresult=True)
def pytest_gnomon_result(item: pytest.Item, call: pytest.CallInfo[None]) -> dict[str, Any] | None:
    """What this test got, or None. Called when the test function has ended, before tear-down.

    Keys: `skill` (name or None), `clarified`, `confidence`, and `tools` as a dictionary with
    `expected` and `matched`.
    """
