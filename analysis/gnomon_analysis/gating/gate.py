"""From a repository and a store to what the gate says of a branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon_analysis.flakiness import State, assess, is_quarantined
from gnomon_analysis.gating import commits
from gnomon_analysis.gating.commits import Line
from gnomon_analysis.gating.comparison import Inputs, SuiteComparison, compare, overall
from gnomon_analysis.gating.judging import Verdict
from gnomon_analysis.gating.observations import Found, Side, commits_with_runs, observe
from gnomon_analysis.store import Store

# Commits before the base whose runs tell how far whole runs scatter.
_PAST_COMMITS = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """What to compare. `suite` None: each suite that the head has runs of."""

    head: str = "HEAD"
    base: str | None = None
    suite: str | None = None
    dirty: bool = False
    allow_upstream: bool = False
    enforce: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the gate says.

    Attributes:
        enabled: Whether a failure is to stop anything.
        verdict: What the comparison came to.
        unsure: What becomes of it if it is unsure.
        passed: Whether the pipeline goes on.
        head: The commit that was looked at.
        base_name: The branch or commit that it was compared with.
        grown_from: The commit that both have in common; the parent, where the head is part of the base.
        head_is_on_base: Whether it is.
        suites: The comparison of each suite.
        without_base: Suites of the head of which no commit of the base has runs.
        left_out: Runs of the head that do not count, by the reason.
    """

    enabled: bool
    verdict: Verdict
    unsure: Verdict
    passed: bool
    head: str
    base_name: str
    grown_from: str
    head_is_on_base: bool
    suites: tuple[SuiteComparison, ...]
    without_base: tuple[str, ...]
    left_out: Mapping[str, int]


def evaluate(
    store: Store, settings: Settings, wish: Wish, *, folder: Path, base_store: Store | None = None
) -> Outcome:
    """Compares the head with its base and decides.

    Results of the base may be in a store of their own; both are asked for everything.

    Raises:
        UserError: a name that git does not know (exit code 2); no runs of the head, or of no commit of the
            base (exit code 3).
    """
    gate = settings.gate
    line = commits.line(folder, wish.head, wish.base or gate.base)
    stores = [store, *([base_store] if base_store is not None else [])]
    head = observe(stores, line.head, wish.suite, dirty=wish.dirty)
    if not head.sides:
        raise UserError(_no_head(line, wish, head), ExitCode.MISSING)
    inputs, without = _inputs(stores, settings, line, head, wish)
    if not inputs:
        raise UserError(_no_base(line, wish, base_store), ExitCode.MISSING)
    suites = tuple(
        compare([_with_subjects(one, folder) for one in inputs], gate, allow_upstream=wish.allow_upstream)
    )
    enabled = gate.enabled or wish.enforce
    verdict, unsure = overall(suites), Verdict(gate.unsure)
    decided = unsure if verdict is Verdict.UNSURE else verdict
    return Outcome(
        enabled=enabled,
        verdict=verdict,
        unsure=unsure,
        passed=not enabled or decided is Verdict.PASS,
        head=line.head,
        base_name=line.base_name,
        grown_from=line.ancestors[0],
        head_is_on_base=line.head_is_on_base,
        suites=suites,
        without_base=tuple(without),
        left_out=dict(head.left_out),
    )


def _inputs(
    stores: Sequence[Store], settings: Settings, line: Line, head: Found, wish: Wish
) -> tuple[list[Inputs], list[str]]:
    """Each suite with the nearest commit of the base that has runs of it, and those that have none."""
    quarantined = partial(is_quarantined, patterns=settings.flaky.quarantine)
    found, without = [], []
    for suite, side in sorted(head.sides.items()):
        near = _nearest(stores, line, suite, dirty=wish.dirty)
        if not near:
            without.append(suite)
            continue
        distance, base = near[0]
        past = [one for _, one in near[1:] if one.conditions == base.conditions]
        found.append(
            Inputs(
                base=base,
                head=side,
                # Oldest first, so that the base stands beside its neighbour.
                history=past[::-1],
                flaky=_flaky(stores, settings, suite),
                quarantined=quarantined,
                commits_apart=distance,
            )
        )
    return found, without


def _nearest(stores: Sequence[Store], line: Line, suite: str, *, dirty: bool) -> list[tuple[int, Side]]:
    """The nearest commits of the base that have runs of a suite, with how far they are, nearest first."""
    tested = commits_with_runs(stores, suite, dirty=dirty)
    found: list[tuple[int, Side]] = []
    for distance, commit in enumerate(line.ancestors):
        if commit in tested and (side := observe(stores, commit, suite, dirty=dirty).sides.get(suite)):
            found.append((distance, side))
            if len(found) > _PAST_COMMITS:
                break
    return found


def _flaky(stores: Sequence[Store], settings: Settings, suite: str) -> frozenset[str]:
    """Cases that fail now and then while nothing changes."""
    states = (case for store in stores for case in assess(store, settings.flaky, suite=suite))
    return frozenset(case.case_id for case in states if case.state is State.FLAKY)


def _with_subjects(inputs: Inputs, folder: Path) -> Inputs:
    named = {side.commit: commits.subject(folder, side.commit) for side in (inputs.base, inputs.head)}
    return replace(inputs, subjects=named)


def _no_head(line: Line, wish: Wish, head: Found) -> str:
    suite = f" of suite {wish.suite!r}" if wish.suite else ""
    if head.left_out:
        several = " and ".join(f"{number} {reason}" for reason, number in head.left_out.items())
        dirty = "; --dirty counts those with uncommitted changes" if _has_dirty(head) else ""
        return f"commit {line.head[:8]} has only runs{suite} that do not count: {several}{dirty}"
    return (
        f"the store has no run{suite} of commit {line.head[:8]} ({wish.head}); record one there with "
        "`pytest --gnomon`"
    )


def _has_dirty(head: Found) -> bool:
    return any("uncommitted" in reason for reason in head.left_out)


def _no_base(line: Line, wish: Wish, base_store: Store | None) -> str:
    suite = f" of suite {wish.suite!r}" if wish.suite else ""
    stores = "neither store has" if base_store is not None else "the store has no"
    runs = "runs" if base_store is not None else "run"
    return (
        f"{stores} {runs}{suite} of {line.ancestors[0][:8]}, where this grew from {line.base_name}, or of a "
        "commit before it; run the suite there, or name a store that has them with --base-store"
    )
