"""Stores with the trials that a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gnomon.settings.model import Flaky
from gnomon_analysis.flakiness import CaseState, assess
from gnomon_analysis.store import Store
from tests.store.spool_files import Run, span

A, B, C, D = (letter * 40 for letter in "abcd")


class History:
    """Runs that are written one after the other, each a minute after the one before."""

    def __init__(self, store: Store, spool: Path) -> None:
        self.store, self.spool = store, spool
        self._runs = 0

    def run(self, commit: str | None = A, **values: Any) -> Run:
        """A run to add tests to; `add` writes it."""
        self._runs += 1
        return Run(
            key=f"run {self._runs}", sequence=self._runs, commit=commit, started=60.0 * self._runs, **values
        )

    def add(self, *runs: Run) -> None:
        for run in runs:
            run.write(self.spool)

    def outcomes(self, signs: str, commit: str | None = A, case: str = "a", **values: Any) -> None:
        """One run a sign of a test: `+` passed, `-` failed."""
        for sign in signs:
            self.add(self.run(commit, **values).test(case, "passed" if sign == "+" else "failed"))

    def assess(self, **options: Any) -> list[CaseState]:
        self.store.ingest(self.spool)
        return assess(self.store, Flaky(**options))

    def case(self, **options: Any) -> CaseState:
        [case] = self.assess(**options)
        return case


def call(
    run: Run,
    case: str,
    *,
    error: str | None = None,
    model: str | None = "demo-model",
    attempt: int = 1,
    key: str = "call",
) -> Run:
    """Adds a model call of a test to a run."""
    run.tests.append(
        span(
            "chat demo-model",
            trace=run.key,
            key=f"{case}/{key}",
            parent=case,
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.request.model": "demo-model",
                "gen_ai.response.model": None if error else model,
                "gnomon.run.id": run.run_id,
                "gnomon.test.case.id": case,
                "gnomon.test.attempt.number": attempt,
                "error.type": error,
            },
            started=run.started,
            error=error is not None,
        )
    )
    return run


def causes(case: CaseState) -> Sequence[tuple[str, str, int]]:
    return [(str(one.cause), one.what, one.failures) for one in case.evidence]
