from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gnomon_analysis.store import Store, open_store
from tests.store.postgres import Server


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    directory = tmp_path / "state" / "spool"
    directory.mkdir(parents=True)
    return directory


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Gives the URL of a store that nobody has opened yet; once for each database that we support."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        return server.database
    numbers = iter(range(1000))
    return lambda: f"sqlite:///{tmp_path}/store{next(numbers)}.db"


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    return new_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened
