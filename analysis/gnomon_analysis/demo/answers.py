"""The router's own notebook: one JSON line an answer, written beside and apart from all telemetry.

It is the second opinion of the demo: accuracy computed from it must equal what the results store says.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from gnomon_analysis.demo.golden import GoldenSet


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """What the router said to a case in one run at one commit; `answer` None is a question back."""

    commit: str
    run: int
    case: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class Score:
    """Right answers among all answers."""

    correct: int = 0
    judged: int = 0


def append(path: Path, answer: WrittenAnswer) -> None:
    """Adds one line. One write to a file opened for appending: lines of several processes do not mix."""
    line = json.dumps(asdict(answer), ensure_ascii=False) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def read(path: Path) -> list[WrittenAnswer]:
    """Every answer of the notebook, in the order in which they were written."""
    if not path.exists():
        return []
    return [WrittenAnswer(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def score_by_commit(answers: Iterable[WrittenAnswer], golden: GoldenSet) -> dict[str, Score]:
    """Right and all answers of each commit, judged by the golden set alone."""
    cases = {case.id: case for case in golden.cases}
    scores: dict[str, Score] = {}
    for given in answers:
        before = scores.get(given.commit, Score())
        right = cases[given.case].accepts(given.answer)
        scores[given.commit] = Score(before.correct + right, before.judged + 1)
    return scores
