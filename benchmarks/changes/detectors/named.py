"""The detectors by the names that the command line knows."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping

from benchmarks.changes.detectors.protocol import Detector


def _gnomon() -> Detector:
    from benchmarks.changes.detectors.gnomon import Gnomon  # noqa: PLC0415

    return Gnomon()


def _paging() -> Detector:
    from benchmarks.changes.detectors.gnomon import Gnomon  # noqa: PLC0415
    from gnomon_analysis.statistics.model import Options  # noqa: PLC0415

    return Gnomon(Options(hazard=1 / 500), "Gnomon, hazard 1/500")


def _otava() -> Detector:
    from benchmarks.changes.detectors.otava import Otava  # noqa: PLC0415

    return Otava()


def _pelt() -> Detector:
    from benchmarks.changes.detectors.pelt import Pelt  # noqa: PLC0415

    return Pelt()


def _naive() -> Detector:
    from benchmarks.changes.detectors.naive import CommitBefore  # noqa: PLC0415

    return CommitBefore()


def _ceiling() -> Detector:
    from benchmarks.changes.detectors.ceiling import Ceiling  # noqa: PLC0415

    return Ceiling()


MAKERS: Mapping[str, Callable[[], Detector]] = {
    "gnomon": _gnomon,
    "gnomon-paging": _paging,
    "otava": _otava,
    "pelt": _pelt,
    "naive": _naive,
    "ceiling": _ceiling,
}

SIDE_BY_SIDE = ("gnomon", "otava", "pelt", "naive", "ceiling")


def detector(name: str) -> Detector:
    """The detector of that name, made once in each process: some keep a process of their own.

    A forked worker must not talk to its parent's, which other workers talk to at the same time.
    """
    return _made(name, os.getpid())


@functools.cache
def _made(name: str, process: int) -> Detector:
    return MAKERS[name]()
