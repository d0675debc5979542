"""Which change moved which series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon_analysis.statistics import locate
from gnomon_analysis.statistics.model import Kind, Move, Options, Series, Verdict
from tests.statistics.drawn import OPTIONS, located, series, step

CHANGED = Verdict.CHANGED


def told(moves: list[Move]) -> list[Move]:
    """Those that say that a commit moved something."""
    return [move for move in moves if move.verdict is CHANGED]


def test_a_clear_step_is_named_with_its_size() -> None:
    """A rate that falls from 0.9 to 0.5 at commit 30 is told as such, and of nothing else is told."""
    (move,) = located(series(step(60, 30, 0.9, 0.5), runs=10, seed=1))
    assert (move.verdict, move.place, move.last_before, move.first_after) == (CHANGED, 30, 29, 30)
    assert move.p_change > 0.99
    assert 0.5 < move.p_place <= move.p_change
    assert move.before.low <= 0.9 <= move.before.high
    assert move.after.low <= 0.5 <= move.after.high
    assert move.difference.low <= -0.4 <= move.difference.high
    assert (move.ratio, move.runs_before, move.runs_after) == (None, 300, 300)
    assert (move.since, move.until) == (0, 59)


@given(at=st.integers(5, 85), length=st.integers(25, 105))
@settings(max_examples=40)
def test_clear_steps_are_found_wherever_they_are(at: int, length: int) -> None:
    """A fall from 18 of 20 to 4 of 20 and its reversal, at any two of 200 commits without other scatter."""
    passed = np.full(200, 18.0)
    passed[at : at + length] = 4.0
    commits = np.arange(200, dtype=np.int64)
    moves = located(
        Series("case", Kind.PROPORTION, "case", commits, passed, np.full(200, 20.0), np.zeros_like(commits))
    )
    assert [(move.place, move.verdict) for move in moves] == [(at, CHANGED), (at + length, CHANGED)]


@pytest.mark.parametrize("kind", [Kind.DURATION, Kind.COST, Kind.COUNT])
def test_other_kinds_are_compared_by_ratio(kind: Kind) -> None:
    """A level that doubles at commit 25 is told with a ratio that holds 2."""
    (move,) = told(located(series(step(60, 25, 2.0, 4.0), kind=kind)))
    assert move.place is not None
    assert abs(move.place - 25) <= 1
    assert move.ratio is not None
    assert move.ratio.low <= 2 <= move.ratio.high


def test_clean_series_are_rarely_accused() -> None:
    """Of 200 series that nothing moves, at most two are told to have moved."""
    kinds = [(Kind.PROPORTION, 0.8), (Kind.DURATION, 2.0), (Kind.COST, 0.01), (Kind.COUNT, 1.5)]
    accused = 0
    for number in range(200):
        kind, level = kinds[number % 4]
        accused += bool(told(located(series(np.full(60, level), kind=kind, seed=number))))
    assert accused <= 2


def test_power_places_and_intervals() -> None:
    """Of 60 falls by 30 points at five runs nearly all are noticed; sets, intervals, confidence hold true."""
    noticed = in_set = covered = exact = 0
    confidence = 0.0
    for number in range(60):
        at = 20 + number // 2
        moves = told(located(series(step(70, at, 0.85, 0.55), seed=1000 + number)))
        near = [move for move in moves if abs(move.first_after - at) <= 10]
        noticed += bool(near)
        if near:
            in_set += any(candidate.at == at for candidate in near[0].candidates)
            covered += near[0].difference.low <= -0.3 <= near[0].difference.high
            exact += near[0].place == at
            confidence += near[0].p_place
    assert noticed >= 54
    assert in_set >= 0.9 * noticed
    assert covered >= 0.88 * noticed
    assert abs(confidence - exact) <= 0.15 * noticed


def test_commits_that_wobble_are_no_steps() -> None:
    """Twenty runs a commit that share its machine's mood count for far fewer: nothing is told."""
    mood = np.random.default_rng(5).normal(0, 0.5, (30, 60))
    odds = 0.8 / 0.2 * np.exp(mood)
    found = [located(series(one / (1 + one), runs=20, seed=at)) for at, one in enumerate(odds)]
    assert sum(bool(told(moves)) for moves in found) <= 1


def test_untested_commits_are_candidates() -> None:
    """Where every fourth commit is tested, those between may be the cause; what they touched decides."""
    levels = step(80, 41, 0.95, 0.3)
    tested = range(3, 80, 4)
    (plain,) = told(located(series(levels, runs=20, tested=tested)))
    assert {40, 41, 42, 43} <= {candidate.at for candidate in plain.candidates}
    assert len({round(candidate.share, 9) for candidate in plain.candidates[:4]}) == 1
    prior = np.full(80, 0.02)
    prior[[10, 41, 60]] = 1.0
    (informed,) = told(located(series(levels, runs=10, tested=tested, prior=prior)))
    assert informed.place == 41
    assert informed.p_place > 0.6
    assert (informed.last_before, informed.first_after) == (39, 43)


def test_a_new_model_is_no_commits_doing() -> None:
    """What moves where the upstream state changes is put down to that, and no commit is named."""
    tags = [0] * 30 + [1] * 30
    (move,) = located(series(step(60, 30, 0.9, 0.5), runs=10, tags=tags))
    assert (move.verdict, move.place, move.p_place) == (Verdict.UPSTREAM, None, 0.0)


def test_a_change_far_from_a_new_model_is_a_commits() -> None:
    """A model that changed elsewhere excuses nothing."""
    (move,) = located(series(step(80, 30, 0.9, 0.5), runs=10, tags=[0] * 60 + [1] * 20))
    assert (move.verdict, move.place) == (CHANGED, 30)


def test_two_models_at_one_commit() -> None:
    """A commit that was run again on a new model lies on both sides; the fall is the model's."""
    one = series(np.full(40, 0.9), runs=10, key="a")
    late = one.at >= 20
    later = series(np.full(40, 0.4), runs=10, seed=1)
    at = np.concatenate([one.at[~late], np.full(10, 19), one.at[late]])
    value = np.concatenate([one.value[~late], later.value[:10], later.value[late]])
    tag = np.concatenate([np.zeros(200), np.ones(210)]).astype(np.int64)
    (move,) = located(replace(one, at=at, value=value, tag=tag, trials=np.ones(at.size)))
    assert (move.verdict, move.place) == (Verdict.UPSTREAM, None)


def test_a_slope_is_not_blamed() -> None:
    """A latency that doubles over forty commits is drift from somewhere to somewhere, of no commit."""
    slope = 2.0 * 2 ** np.clip((np.arange(80) - 20) / 40, 0, 1)
    found = [located(series(slope, kind=Kind.DURATION, runs=10, seed=seed)) for seed in range(6)]
    assert all(moves for moves in found)
    assert sum(any(move.place is not None for move in moves) for moves in found) <= 1
    (move,) = found[0]
    assert move.verdict is Verdict.DRIFT
    assert move.last_before < 40 < move.first_after


def test_one_odd_commit_is_inconclusive() -> None:
    """A single commit far below its neighbours is told, but as what it is."""
    levels = np.full(50, 0.95)
    levels[25] = 0.2
    (move,) = located(series(levels, runs=10, seed=2))
    assert (move.verdict, move.first_after) == (Verdict.INCONCLUSIVE, 25)


def test_the_newest_commit_alone_is_inconclusive() -> None:
    """A fall that one commit shows waits for the next; with it, it is told."""
    levels = step(42, 40, 0.95, 0.1)
    (first,) = located(series(levels[:41], runs=20))
    assert first.verdict is Verdict.INCONCLUSIVE
    (second,) = located(series(levels, runs=20))
    assert (second.verdict, second.place) == (CHANGED, 40)


def test_too_few_runs_say_how_many_more() -> None:
    """Four runs after a fall from certain to never are too few by themselves; at least one more is asked."""
    (move,) = located(series(step(44, 40, 1.0, 0.0), runs=1))
    assert move.verdict is Verdict.NOT_ENOUGH_RUNS
    assert move.runs_after == 4
    assert move.runs_needed is not None
    assert move.runs_needed >= 1
    assert move.place is None


@pytest.mark.parametrize(("commits", "runs"), [(4, 3), (3, 5), (2, 10), (6, 2)])
def test_a_short_history_tells_of_a_total_loss(commits: int, runs: int) -> None:
    """From always to never after a few commits is told at its commit, however little there is around it."""
    (move,) = located(series(step(2 * commits, commits, 1.0, 0.0), runs=runs))
    assert (move.verdict, move.place, move.runs_after) == (CHANGED, commits, commits * runs)


@pytest.mark.parametrize(("kind", "after"), [(Kind.DURATION, 8.0), (Kind.COST, 8.0), (Kind.COUNT, 10.0)])
def test_a_short_history_tells_of_other_kinds(kind: Kind, after: float) -> None:
    """Four times as long, as dear or as many is told after four commits at five runs."""
    (move,) = told(located(series(step(8, 4, 2.0, after), kind=kind, runs=5)))
    assert move.place == 4


def test_two_commits_are_inconclusive() -> None:
    """One commit against the one before it is told, but no verdict until another bears it out."""
    (move,) = located(series([1.0, 0.0], runs=10))
    assert (move.verdict, move.last_before, move.first_after) == (Verdict.INCONCLUSIVE, 0, 1)


def test_a_question_says_how_many_runs_would_answer_it() -> None:
    """Five runs each way speak for a change and are too few; with as many more as asked for it is told."""
    (question,) = located(series([1.0, 0.0], runs=5))
    assert (question.verdict, question.place) == (Verdict.NOT_ENOUGH_RUNS, None)
    assert question.p_change < 0.5
    assert question.runs_needed is not None
    (answer,) = located(series([1.0, 0.0], runs=5 + question.runs_needed))
    assert answer.p_change > 0.8
    assert located(series([1.0, 0.7], runs=5)) == []


@pytest.mark.parametrize("at", [1, 4, 7])
def test_a_young_suite_is_located_where_it_fell(at: int) -> None:
    """Half of twelve cases that fall at a commit of eight are told there, at either end as inconclusive."""
    cases = [
        series(step(8, at, 0.95, 0.1 if case < 6 else 0.95), runs=5, seed=case, key=f"{case}", family="suite")
        for case in range(12)
    ]
    (whole,) = [move for move in located(*cases) if move.key == "suite"]
    assert whole.first_after == at
    assert whole.verdict is (CHANGED if at == 4 else Verdict.INCONCLUSIVE)
    assert set(whole.members) <= set("012345")
    assert len(whole.members) >= 4


def test_young_clean_histories_are_rarely_accused() -> None:
    """Of 240 series of 3 to 12 commits that only wobble from commit to commit, at most two are accused."""
    accused = 0
    for number in range(240):
        commits, runs = (3, 5, 8, 12)[number % 4], (3, 5, 10)[number // 4 % 3]
        drawn = np.random.default_rng(number)
        odds = np.exp(drawn.normal(drawn.uniform(-1, 3), 0.4, commits))
        accused += bool(told(located(series(odds / (1 + odds), runs=runs, seed=number))))
    assert accused <= 2


def test_cases_vouch_for_each_other() -> None:
    """Six of forty cases that fall together at one run a commit are named, with their commit."""
    cases = [
        series(step(60, 35, 0.9, 0.3 if case < 6 else 0.9), runs=1, seed=case, key=f"{case}", family="suite")
        for case in range(40)
    ]
    moves = told(located(*cases))
    whole = [move for move in moves if move.key == "suite"]
    assert len(whole) == 1
    assert whole[0].place is not None
    assert abs(whole[0].place - 35) <= 1
    assert {"0", "1", "2", "3", "4", "5"} & set(whole[0].members)
    falsely = {move.key for move in moves} - {"suite", "0", "1", "2", "3", "4", "5"}
    assert len(falsely) <= 1


def test_a_broad_shift_shows_in_the_rate() -> None:
    """Forty cases that each fall by 15 points at one run a commit move their suite, though none by itself."""
    cases = [
        series(step(60, 30, 0.85, 0.7), runs=1, seed=case, key=f"{case}", family="suite")
        for case in range(40)
    ]
    (move,) = [one for one in told(located(*cases)) if one.key == "suite"]
    assert abs(move.first_after - 30) <= 3
    assert move.difference.low <= -0.15 <= move.difference.high


@pytest.mark.parametrize("seed", [2, 4])
def test_a_staircase_is_no_slope(seed: int) -> None:
    """Where other cases step up every eighth commit, their mean climbs; each step is told at its commit."""
    steps = [8, 16, 24, 32, 40, 48]
    cases = [
        step(60, steps[case // 2], 0.03, 0.97) if case < 12 else np.full(60, 0.5 if case % 2 else 0.95)
        for case in range(24)
    ]
    moves = located(
        *(
            series(levels, runs=3, seed=100 * seed + case, key=f"{case}", family="suite")
            for case, levels in enumerate(cases)
        )
    )
    of_suite = [(move.verdict, move.place, len(move.members)) for move in moves if move.key == "suite"]
    assert of_suite == [(CHANGED, at, 2) for at in steps]


def test_another_family_helps_to_place() -> None:
    """A latency that clearly moved at a commit makes it the likelier place of what else fell thereabouts."""
    case = series(step(60, 30, 0.85, 0.5), runs=5, seed=3)
    latency = series(step(60, 30, 2.0, 4.0), runs=10, kind=Kind.DURATION, key="latency")
    (alone,) = told(located(case))
    (helped,) = [move for move in told(located(case, latency)) if move.key == "case"]

    def share(move: Move) -> float:
        return sum(candidate.share for candidate in move.candidates if candidate.at == 30)

    assert share(helped) > share(alone)
    assert helped.p_change == pytest.approx(alone.p_change)


def test_small_is_not_told() -> None:
    """A certain movement below the least effect is none worth telling."""
    found = series(step(60, 30, 0.9, 0.5), runs=10)
    assert located(found, options=Options(least_effects={Kind.PROPORTION: 0.6})) == []


def test_a_change_and_its_reversal() -> None:
    """A fall that is taken back twelve commits later is two changes, in opposite directions."""
    levels = step(80, 30, 0.95, 0.4)
    levels[42:] = 0.95
    moves = told(located(series(levels, runs=10)))
    assert [move.place for move in moves] == [30, 42]
    assert moves[0].difference.estimate < 0 < moves[1].difference.estimate


def test_long_histories() -> None:
    """Among 2,000 commits, scanned before they are cut, the same steps are found as in short ones."""
    levels = step(2000, 700, 0.9, 0.5)
    levels[1500:] = 0.9
    first, second = told(located(series(levels, runs=8)))
    assert abs(first.first_after - 700) <= 2
    assert abs(second.first_after - 1500) <= 2


def test_only_what_is_new() -> None:
    """Asked from a commit on, it tells what moved there as if it had looked at all, and nothing earlier."""
    levels = step(400, 100, 0.95, 0.6)
    levels[350:] = 0.2
    whole = series(levels, runs=5)
    (recent,) = told(locate(400, [whole], OPTIONS, since=320))
    (_, last) = told(located(whole))
    assert (recent.place, recent.runs_after) == (last.place, last.runs_after)
    assert recent.difference.estimate == pytest.approx(last.difference.estimate, abs=0.05)
    assert locate(400, [whole], OPTIONS, since=399) == []


def test_nothing_to_look_at() -> None:
    """No series, an empty one, and a single commit have nothing to tell."""
    one = series([0.5], runs=10)
    empty = replace(one, at=one.at[:0], value=one.value[:0], trials=one.trials[:0], tag=one.tag[:0])
    assert locate(10, [], OPTIONS) == []
    assert locate(10, [one, replace(empty, key="empty")], OPTIONS) == []


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_constant_series(level: float) -> None:
    """What never varies has not moved."""
    assert located(series(np.full(50, level))) == []
    flat = series(np.full(50, 1.0), kind=Kind.DURATION)
    assert located(replace(flat, value=np.full(flat.at.size, 3.0))) == []


def test_mistakes_are_refused() -> None:
    """Positions outside the history or out of order, and arrays of different lengths."""
    one = series(np.full(10, 0.5), runs=1)
    with pytest.raises(ValueError, match="from 0 to below 5"):
        locate(5, [one], OPTIONS)
    with pytest.raises(ValueError, match="must rise"):
        locate(10, [replace(one, at=one.at[::-1])], OPTIONS)
    with pytest.raises(ValueError, match="differ in length"):
        locate(10, [replace(one, tag=one.tag[:3])], OPTIONS)
    with pytest.raises(ValueError, match="prior"):
        locate(10, [replace(one, prior=np.ones(3))], OPTIONS)
