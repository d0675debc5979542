from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gnomon_analysis.store import Store, open_store
from tests.changes.repositories import Repo
from tests.store.conftest import new_url, url

__all__ = ["new_url", "url"]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "desk")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "store.db") as opened:
        yield opened


@pytest.fixture
def either_store(url: str) -> Iterator[Store]:
    """One on SQLite, then one on PostgreSQL."""
    with open_store(url) as opened:
        yield opened
