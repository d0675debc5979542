from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gnomon import settings as gnomon_settings
from gnomon.settings import Settings
from gnomon_analysis.store import Store, open_store
from tests.attribution.planted import Repository, Runs
from tests.store.conftest import new_url, url

__all__ = ["new_url", "url"]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "desk")


@pytest.fixture
def settings(repository: Repository) -> Settings:
    (repository.folder / "gnomon.yaml").write_text("project: {name: desk}\n")
    return gnomon_settings.load(start=repository.folder)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/store.db") as opened:
        yield opened


@pytest.fixture
def runs(store: Store) -> Runs:
    return Runs(store, "desk")


@pytest.fixture
def any_store(url: str) -> Iterator[Store]:
    """A store on each database that is supported."""
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def steady() -> Callable[[int], dict[str, float]]:
    """So many cases, each right nine times of ten."""
    return lambda count: {f"D{number:02}": 0.9 for number in range(count)}
