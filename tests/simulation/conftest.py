"""One back-filled simulation that many tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.simulated import BEGAN, ENDED, Simulated, simulate


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Half an hour of the past, over the turn of an hour."""
    return simulate(_folder(tmp_path_factory), *arguments())


def arguments() -> tuple[str, ...]:
    when = ("--from", BEGAN, "--to", ENDED, "--per-day", "90000", "--interval", "5m")
    return (*when, "--processes", "2", "--test-runs", "8")


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("past")
