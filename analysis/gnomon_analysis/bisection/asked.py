"""What a search is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gnomon_analysis.bisection.checkout import Overlay
from gnomon_analysis.bisection.evidence import Floats
from gnomon_analysis.bisection.line import Line
from gnomon_analysis.bisection.subject import Subject
from gnomon_analysis.bisection.suite_run import Invocation


@dataclass(frozen=True, slots=True)
class Budget:
    """What a search may spend: runs, US dollars, seconds."""

    runs: int
    usd: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for, and how.

    Attributes:
        subject: The metric in its scope.
        line: The commits.
        top: Root of the repository.
        invocation: How the suite is run.
        overlay: What is laid over each revision.
        prior: Weights of the positions.
        confidence: How sure to be before stopping.
        budget: What it may spend.
        runs_at_ends: Runs at either end that the search begins with, where the store has fewer; None: as
            many as give five results, at least two (three of what is no rate).
        jobs: Revisions side by side.
    """

    subject: Subject
    line: Line
    top: Path
    invocation: Invocation
    overlay: Overlay
    prior: Floats
    confidence: float
    budget: Budget
    runs_at_ends: int | None
    jobs: int
