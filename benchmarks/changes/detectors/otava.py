"""Apache Otava at its defaults, on commit means."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.changes.detectors.protocol import commit_means
from benchmarks.changes.history import Finding, History
from benchmarks.environments import Environment, default_cache

ENVIRONMENT = Environment("otava", ("apache-otava==0.8.0",))
"""It pins numpy 2.2 and brings some forty packages: nothing to have beside anything else."""

PROGRAM = Path(__file__).with_name("otava_process.py")


class Otava:
    """`p` is its only setting here; one process of its own serves as long as this lives."""

    def __init__(self, p: float = 0.001, cache: Path | None = None) -> None:
        self.name = f"Otava p {p:g}".replace("0.", ".")
        python = ENVIRONMENT.python(cache or default_cache())
        self._process = subprocess.Popen(
            [python, "-P", "-W", "ignore", PROGRAM, str(p)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def findings(self, history: History) -> Sequence[Finding]:
        """Its change points."""
        all_means = [commit_means(series) for series in history.series]
        answers = self.change_points([means.mean.tolist() for means in all_means])
        return [
            Finding(series.key, place, place)
            for series, means, points in zip(history.series, all_means, answers, strict=True)
            for place in sorted({int(means.at[index]) for index in points})
        ]

    def change_points(self, series: Sequence[Sequence[float]]) -> Sequence[Sequence[int]]:
        """Indices of the first values after a change, for each series."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(series) + "\n")
        self._process.stdin.flush()
        answer: list[list[int]] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate(timeout=60)
