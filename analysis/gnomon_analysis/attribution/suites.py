"""The suites that a store has runs of, each in each environment, read in one go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from gnomon_analysis.attribution import reading
from gnomon_analysis.attribution.measured import cells
from gnomon_analysis.attribution.placing import Placed
from gnomon_analysis.attribution.reading import Calls, Results, StoredRun, Vocabulary
from gnomon_analysis.attribution.series import Measured, make_up
from gnomon_analysis.attribution.suite import State, Suite
from gnomon_analysis.statistics.model import Integers

# A model that answers less than this share of a run's calls stands in for another one.
_STAND_IN = 0.1


def read_suites(connection: Connection, placed: Placed, start: int = 0) -> tuple[list[Suite], Vocabulary]:
    """Every suite and environment with what its runs measured from commit `start` on."""
    vocabulary = Vocabulary()
    chosen = placed.position >= start
    runs = [run for run, wanted in zip(placed.runs, chosen, strict=True) if wanted]
    ids = [run.run_id for run in runs]
    results = reading.results(connection, ids, [run.suite for run in runs], vocabulary)
    calls = reading.calls(connection, ids, vocabulary)
    everything = _All(runs, placed.position[chosen], results, calls, vocabulary)
    return list(everything.suites()), vocabulary


@dataclass(frozen=True, slots=True)
class _All:
    runs: Sequence[StoredRun]
    position: Integers
    results: Results
    calls: Calls
    vocabulary: Vocabulary

    def suites(self) -> Iterator[Suite]:
        if not self.runs:
            return
        states = self._states()
        known = {state: number for number, state in enumerate(dict.fromkeys(states))}
        tag = np.array([known[state] for state in states], dtype=np.int64)
        environments = {run.environment: None for run in self.runs}
        of_run = np.array([list(environments).index(run.environment) for run in self.runs])
        of_result = of_run[self.results.run]
        part = np.array([run.part for run in self.runs], dtype=np.bool_)
        for suite in np.unique(self.results.suite):
            for number, environment in enumerate(environments):
                wanted = (self.results.suite == suite) & (of_result == number)
                if not wanted.any():
                    continue
                rows = cells(self.results, self.calls, wanted)
                whole, sets = make_up(rows, self.position, part)
                measured = Measured(
                    suite=self.vocabulary.suites.text(int(suite)),
                    environment=environment,
                    cells=rows,
                    position=self.position,
                    tag=tag,
                    whole=whole,
                    make_up=sets,
                )
                by_run = np.argsort(rows.run, kind="stable")
                ends = np.searchsorted(rows.run[by_run], np.arange(len(self.runs) + 1))
                yield Suite(self.runs, measured, states, self.vocabulary, by_run, ends)

    def _states(self) -> list[State]:
        models = self._models()
        return [
            State(models.get(number), run.environment, run.golden_set_version)
            for number, run in enumerate(self.runs)
        ]

    def _models(self) -> dict[int, str]:
        """The models of each run, joined; runs without calls have none."""
        width = max(len(self.vocabulary.models.texts), 1)
        named = self.calls.model >= 0
        pair = self.calls.run[named].astype(np.int64) * width + self.calls.model[named]
        pairs, count = np.unique(pair, return_counts=True)
        total = np.bincount(self.calls.run[named], minlength=len(self.runs))
        found: dict[int, list[str]] = {}
        for run, model, times in zip(pairs // width, pairs % width, count, strict=True):
            if times >= _STAND_IN * total[run]:
                found.setdefault(int(run), []).append(self.vocabulary.models.texts[int(model)])
        return {run: " + ".join(sorted(names)) for run, names in found.items()}
