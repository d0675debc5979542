"""From the store to the state of each test, with its evidence.

The store is read in bulk, every trial of every test at once; only tests that fail now and then are looked at
more closely: the models that answered them, and what is known of their failures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gnomon.settings.model import Flaky
from gnomon_analysis.flakiness import words
from gnomon_analysis.flakiness.causes import Cause, Evidence, Explanation, explain
from gnomon_analysis.flakiness.failing_rate import agreement, pass_every_time
from gnomon_analysis.flakiness.quarantine import is_quarantined
from gnomon_analysis.flakiness.records import CaseState, Contradiction, PassEveryTime
from gnomon_analysis.flakiness.states import Judgement, State, judge
from gnomon_analysis.flakiness.timeline import REMEMBERED, Integers, Timeline, input_keys, timeline, with_tags
from gnomon_analysis.store.answers import ASKS_BACK
from gnomon_analysis.store.queries.totals import moment
from gnomon_analysis.store.rows import CaseTrials, ModelTag, TrialDetail, TrialRun
from gnomon_analysis.store.store import Store

# Trials that causes are looked for in: the newest failures, and the newest passes to hold them against.
_FAILURES, _PASSES = 100, 50
_EVERY_TIME = (3, 5)


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """A test on its way to a state. `upstream` tells of inputs that only another model told apart."""

    trials: CaseTrials
    line: Timeline
    upstream: tuple[Evidence, ...] = ()


def assess(
    store: Store,
    options: Flaky,
    *,
    suite: str | None = None,
    since_ns: int | None = None,
    case_id: str | None = None,
) -> list[CaseState]:
    """The state of every test that was ever good or bad, by suite and case id.

    `since_ns` leaves out runs that began earlier, in nanoseconds since the Unix epoch.
    """
    every = store.trials(suite, since_ns, case_id, newest=REMEMBERED)
    inputs = input_keys(every.runs)
    cases = [_Case(trials, timeline(trials, inputs)) for trials in every.cases]
    cases = _told_apart_by_model(store, every.runs, cases)
    names = store.newest_names([(case.trials.suite, case.trials.case_id) for case in cases])
    return [_state(store, every.runs, case, names, options) for case in cases]


def _mixed(line: Timeline) -> Integers:
    """The groups with both outcomes."""
    return np.array(
        [place for place, one in enumerate(line.by_group()) if one.passed and one.failed], dtype=np.int64
    )


def _told_apart_by_model(store: Store, runs: Sequence[TrialRun], cases: Sequence[_Case]) -> list[_Case]:
    """The cases with inputs told apart by the answering model where a test contradicts itself."""
    mixed = {place: groups for place, case in enumerate(cases) if len(groups := _mixed(case.line))}
    used = {
        int(run)
        for place, groups in mixed.items()
        for run in cases[place].line.run[np.isin(cases[place].line.group, groups)]
    }
    answered = store.tags_of(
        [cases[place].trials.case_id for place in mixed], [runs[run].run_id for run in sorted(used)]
    )
    models = {tag: number for number, tag in enumerate(sorted(set(answered.values()), key=str))}
    found = list(cases)
    if len(models) < 2:
        return found
    for place in mixed:
        found[place] = _by_model(cases[place], runs, models, answered)
    return found


def _by_model(
    case: _Case,
    runs: Sequence[TrialRun],
    models: Mapping[ModelTag, int],
    answered: Mapping[tuple[str, str], ModelTag],
) -> _Case:
    def number(run: int) -> int:
        tag = answered.get((runs[run].run_id, case.trials.case_id))
        return -1 if tag is None else models[tag]

    before = case.line
    tags = np.array([number(run) for run in before.run], dtype=np.int64)
    line = with_tags(before, tags)
    after = line.by_group()
    upstream = []
    for group in _mixed(before):
        within = np.unique(line.group[before.group == group])
        pure = all(not (after[one].passed and after[one].failed) for one in within)
        if len(within) > 1 and pure:
            upstream.append(_model_evidence(before, group, runs, tags, list(models)))
    return _Case(case.trials, line, tuple(upstream))


def _model_evidence(
    line: Timeline, group: int, runs: Sequence[TrialRun], tags: Integers, models: Sequence[ModelTag]
) -> Evidence:
    inside = line.group == group

    def named(*, good: bool) -> str:
        told = sorted({str(models[tag]) for tag in tags[inside & (line.good == good)] if tag >= 0})
        return " or ".join(told) or "an unknown model"

    commit = words.commit(runs[int(line.run[inside][0])])
    what = f"at {commit} it passed with {named(good=True)} and failed with {named(good=False)}"
    return Evidence(Cause.UPSTREAM_CHANGE, what, int((inside & ~line.good).sum()))


def _state(
    store: Store,
    runs: Sequence[TrialRun],
    case: _Case,
    names: Mapping[tuple[str | None, str], str],
    options: Flaky,
) -> CaseState:
    line, trials = case.line, case.trials
    found = judge(line, options)
    counts = line.by_group()
    mixed = _mixed(line)
    details = _details(store, runs, case, found, mixed)
    firsts = line.by_group(first=True)[found.first : found.beyond]
    explained = _explained(case, found, runs, details)
    last, began = runs[int(line.run[-1])], None if found.began is None else runs[int(line.run[found.began])]
    return CaseState(
        suite=trials.suite,
        case_id=trials.case_id,
        case_name=names[trials.suite, trials.case_id],
        state=found.state,
        sentence=words.sentence(found, counts, began, options),
        quarantined=is_quarantined(trials.case_id, options.quarantine),
        runs=len(np.unique(line.run)),
        trials=len(line.good),
        passed=int(line.good.sum()),
        failed=int((~line.good).sum()),
        inputs=line.groups,
        failing_rate=found.rate.interval,
        above_limit=found.rate.above(options.failing_rate_percent / 100),
        stability=agreement(counts[found.first : found.beyond]),
        pass_every_time=tuple(
            PassEveryTime(k, pass_every_time(firsts, k), bounds.low, bounds.high)
            for k in _EVERY_TIME
            for bounds in [found.rate.every_time(k)]
        ),
        cause=explained.cause if explained else None,
        shares=explained.shares if explained else (),
        evidence=explained.evidence if explained else (),
        contradictions=tuple(_contradiction(line, group, runs, details) for group in mixed),
        failures_in_a_row=found.failures,
        passes_in_a_row=found.passes,
        passes_at_one_commit=found.passes_at_one,
        passes_needed=found.passes_needed,
        runs_needed=found.runs_needed,
        since=moment(began.started_ns) if began else None,
        since_commit=began.commit if began else None,
        last_at=moment(last.started_ns),
        last_commit=last.commit,
        last_good=bool(line.good[-1]),
    )


def _details(
    store: Store, runs: Sequence[TrialRun], case: _Case, found: Judgement, mixed: Integers
) -> list[TrialDetail]:
    """What is known of the newest trials at inputs that matter: those of the trouble, and contradictions."""
    line = case.line
    bad = ~line.good & (line.group >= found.first) & (line.group < found.beyond)
    if not bad.any() and not len(mixed):
        return []
    contradicting = np.isin(line.group, mixed)
    failures = line.run[(bad | (contradicting & ~line.good))][-_FAILURES:]
    compared = line.run[contradicting & line.good] if len(mixed) else line.run[line.good]
    wanted = sorted({*failures.tolist(), *compared[-_PASSES:].tolist()})
    return store.trial_details(case.trials.suite, case.trials.case_id, [runs[run].run_id for run in wanted])


def _explained(
    case: _Case, found: Judgement, runs: Sequence[TrialRun], details: Sequence[TrialDetail]
) -> Explanation | None:
    """The class of the failures, by state: a broken test fails for a reason, a flaky one now and then."""
    line = case.line
    if found.state is State.BROKEN:
        return _of_broken(case, found, runs, details)
    if case.upstream and found.trouble is not State.FLAKY:
        failures = sum(one.failures for one in case.upstream)
        return Explanation(Cause.UPSTREAM_CHANGE, ((Cause.UPSTREAM_CHANGE, 1.0),), case.upstream, failures)
    bad = ~line.good & (line.group >= found.first) & (line.group < found.beyond)
    failed_in = {runs[run].run_id for run in line.run[bad].tolist()}
    looked_at = [trial for trial in details if trial.good or trial.run_id in failed_in]
    return explain(looked_at) if any(not trial.good for trial in looked_at) else None


def _of_broken(
    case: _Case, found: Judgement, runs: Sequence[TrialRun], details: Sequence[TrialDetail]
) -> Explanation:
    line, began = case.line, found.began
    failures = len(line.good) - (began or 0)
    recent = {runs[run].run_id for run in line.run[began:].tolist()}
    told = explain([trial for trial in details if trial.good or trial.run_id in recent])
    if case.upstream and _same_inputs(runs, line, began):
        return Explanation(Cause.UPSTREAM_CHANGE, ((Cause.UPSTREAM_CHANGE, 1.0),), case.upstream, failures)
    if told.cause in {Cause.PROVIDER_THROTTLING, Cause.PROVIDER_ERROR, Cause.TIME_OUT}:
        return told
    if not began:
        what = Evidence(Cause.UNKNOWN, "it never passed", failures)
        return Explanation(Cause.UNKNOWN, ((Cause.UNKNOWN, 1.0),), (what, *told.evidence), failures)
    if _same_inputs(runs, line, began):
        return told
    what = Evidence(
        Cause.CHANGE, words.change(runs[int(line.run[began - 1])], runs[int(line.run[began])]), failures
    )
    return Explanation(Cause.CHANGE, ((Cause.CHANGE, 1.0),), (what, *told.evidence), failures)


def _same_inputs(runs: Sequence[TrialRun], line: Timeline, began: int | None) -> bool:
    """Whether the first failure had all the inputs of the trial before it, whatever model answered."""
    if not began:
        return False
    before, after = input_keys([runs[int(line.run[began - 1])], runs[int(line.run[began])]])
    return bool(before == after)


def _contradiction(
    line: Timeline, group: int, runs: Sequence[TrialRun], details: Sequence[TrialDetail]
) -> Contradiction:
    inside = line.group == group
    its_runs = [runs[run] for run in np.unique(line.run[inside]).tolist()]
    ids = {run.run_id for run in its_runs}
    chosen = (
        ASKS_BACK if trial.clarified and not trial.actual else trial.actual
        for trial in details
        if trial.run_id in ids
    )
    return Contradiction(
        commit=its_runs[0].commit,
        dirty=its_runs[0].dirty,
        environment=its_runs[0].environment,
        runs=len(its_runs),
        passed=int((inside & line.good).sum()),
        failed=int((inside & ~line.good).sum()),
        answers=tuple(sorted({answer for answer in chosen if answer is not None})),
        last_at=moment(its_runs[-1].started_ns),
    )
