from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gnomon_analysis.store import open_store
from tests.flakiness.planting import History


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    directory = tmp_path / "spool"
    directory.mkdir()
    return directory


@pytest.fixture
def history(tmp_path: Path, spool: Path) -> Iterator[History]:
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        yield History(store, spool)
