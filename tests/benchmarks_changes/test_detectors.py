"""All detectors take a history and say what moved where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
from benchmarks.changes.culprit import RATES, search
from benchmarks.changes.detectors.named import detector
from benchmarks.changes.detectors.otava import ENVIRONMENT, Otava
from benchmarks.changes.drawing import drawn, stepped
from benchmarks.changes.history import Finding, History, Step
from benchmarks.changes.replay import figures, watched
from benchmarks.changes.scenarios import history
from benchmarks.environments import default_cache

from gnomon_analysis.statistics.model import Kind, Move, Options, Verdict
from tests.benchmarks_changes.histories import accusation
from tests.benchmarks_changes.histories import history as tiny


def identity(name: str) -> int:
    """Which object a process asks by that name."""
    return id(detector(name))


def test_a_forked_process_asks_a_detector_of_its_own() -> None:
    """One that was made before the fork would share the pipe of its process with all other workers."""
    own = identity("naive")
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        assert pool.submit(identity, "naive").result() != own
    assert identity("naive") == own


def plain(runs: int = 20) -> History:
    """A step nobody can overlook."""
    series = drawn(
        np.random.default_rng(1), "a", Kind.PROPORTION, stepped(60, 0.95, (30, 0.2)), runs, family="all"
    )
    return History("single", "plain", 60, (series,), {"a": (Step(30, 0.95, 0.2),)})


@pytest.mark.parametrize("name", ["gnomon", "gnomon-paging", "pelt", "naive", "ceiling"])
def test_every_detector_accuses_the_commit_of_a_plain_step(name: str) -> None:
    """And says it in the same words."""
    findings = detector(name).findings(plain())
    assert ("a", 30) in {(finding.key, finding.place) for finding in findings if finding.accuses}


@pytest.mark.parametrize("name", ["gnomon", "pelt", "naive"])
def test_no_detector_looks_at_the_truth(name: str) -> None:
    """Without it, each says the same."""
    whole = history(3, "shared", 0)
    blind = replace(whole, steps={}, group="", cell="")
    assert detector(name).findings(whole) == detector(name).findings(blind)


def test_otava_answers_from_an_environment_of_its_own() -> None:
    """Its change points come through a pipe; another numpy than ours is on the other side."""
    if not ENVIRONMENT.made(default_cache()):
        pytest.skip("Apache Otava's environment has not been made: python -m benchmarks.changes makes it")
    otava = Otava()
    try:
        assert [finding.place for finding in otava.findings(plain())] == [30]
        assert otava.change_points([[1.0, 1.0], [1.0, 2.0, 1.5, 1.2]]) == [[], []]
    finally:
        otava.close()


def test_what_moved_together_is_told_of_each_member() -> None:
    """A family's movement accuses its members, each by its part, but no series twice."""
    whole = history(3, "suite", 0)
    findings = detector("gnomon").findings(whole)
    pairs = [(finding.key, finding.place) for finding in findings if finding.accuses]
    assert len(pairs) == len(set(pairs))
    place = next(iter(whole.steps.values()))[0].at
    shared = [finding for finding in findings if finding.place == place and finding.share < 1]
    assert sum(finding.share for finding in shared) == pytest.approx(round(sum(f.share for f in shared)))


class Scripted:
    """Says at each length of a history what it was told to."""

    name = "scripted"

    def __init__(self, script: Mapping[int, Sequence[Finding]]) -> None:
        self._script = script

    def findings(self, history: History) -> Sequence[Finding]:
        """From the last length that has anything."""
        return self._script[max(size for size in self._script if size <= history.size)]


def test_a_replay_counts_alarms_once_and_early_ones_as_wrong() -> None:
    """A wrong alarm before the step, the right one three commits after it, moved a little later."""
    script = {
        0: [],
        10: [accusation(5)],
        20: [],
        34: [accusation(29)],
        40: [accusation(30)],
    }
    seen = watched(Scripted(script), tiny(30))
    assert (seen.right, seen.wrong, seen.accused_falsely, seen.delays) == (1, 1, 1, (3,))
    result = figures([seen])
    assert result["found"].value == 1
    assert result["wrong share of alarms"].value == 0.5
    assert result["still told at the end"].value == 1


def test_an_alarm_for_a_step_to_come_is_wrong() -> None:
    """Who cries before the commit is there has seen noise."""
    seen = watched(Scripted({0: [], 25: [accusation(24)]}), tiny(30))
    assert (seen.right, seen.wrong) == (0, 1)


@pytest.mark.parametrize(
    ("name", "runs"), [("Gnomon", None), ("bisect, 1 run", 5), ("bisect, 10 runs a step", 50)]
)
def test_every_search_finds_a_test_that_always_fails(name: str, runs: int | None) -> None:
    """From always to never all are right; bisect takes five steps among 32 commits."""
    for number in range(5):
        right, taken = search((name, RATES[0], 3, number))
        assert right
        assert runs in (None, taken)


def test_a_move_of_another_verdict_accuses_nobody() -> None:
    """The bench hands on what Gnomon says of itself."""
    whole = history(3, "upstream", 0)
    from gnomon_analysis.statistics import locate

    moves: list[Move] = locate(whole.size, whole.series, Options())
    upstream = [move for move in moves if move.verdict is Verdict.UPSTREAM]
    findings = detector("gnomon").findings(whole)
    assert upstream
    assert all(not one.accuses for one in findings if one.verdict is Verdict.UPSTREAM)


@pytest.mark.parametrize("name", ["gnomon", "pelt", "naive", "ceiling"])
@pytest.mark.parametrize("group", ["short", "short-suite", "short-clean", "short-clean-suite"])
def test_every_detector_has_something_to_say_of_short_histories(name: str, group: str) -> None:
    """Down to two commits, and from always to never: an answer of findings within the history, or none."""
    for number in range(6):
        whole = history(3, group, number)
        findings = detector(name).findings(whole)
        assert all(0 <= one.where < whole.size for one in findings)
