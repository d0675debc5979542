"""Runs small programs that use Gnomon, as their own processes, and reads the spool they leave."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.spool_reader import Point, Span, read_points, read_spans

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """A program that ended, and the spool it left."""

    status: int
    output: str
    log: str
    spool: Path

    @property
    def spans(self) -> list[Span]:
        return read_spans(self.spool)

    @property
    def points(self) -> list[Point]:
        """The newest point of each series: they are cumulative, and may have been exported several times."""
        newest: dict[tuple[Any, ...], Point] = {}
        for point in read_points(self.spool):
            named = [*point.resource.items(), *point.attributes.items()]
            series = (point.metric, *sorted((key, str(value)) for key, value in named))
            if series not in newest or newest[series].time <= point.time:
                newest[series] = point
        return list(newest.values())


def run(folder: Path, code: str, timeout: float = 60, /, **variables: str) -> Ended:
    """Runs the program in the folder, with an environment that says nothing of telemetry but `variables`.

    The folder is not on the module path: Python 3.13.0 trips over one that was removed meanwhile.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-c", textwrap.dedent(code)],
        cwd=folder,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr, folder / ".gnomon" / "spool")


def environment(variables: dict[str, str]) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "GNOMON_", "TRACEPARENT", "PYTEST_"))
    }
    return {**inherited, "PYTHONPATH": str(ROOT / "instrumentation"), **variables}
