"""The search over places: what it believes, where it runs next, how often it is right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon_analysis.bisection.estimate import estimate
from gnomon_analysis.bisection.evidence import Evidence, LevelEvidence, RateEvidence
from gnomon_analysis.bisection.known import CaseCost, RunCost
from gnomon_analysis.bisection.search import Posterior, Price, next_steps, posterior

ONE_RUN = Price(0.0, 1.0, np.zeros(1))


def rates(ends: tuple[float, float], runs: tuple[int, int], last: int) -> RateEvidence:
    """One case with this many runs at both ends, that pass as often as its rates say."""
    successes, trials = np.zeros((2, 1, last + 1))
    trials[0, [0, last]] = runs
    successes[0, [0, last]] = np.round(np.array(ends) * runs)
    return RateEvidence(successes, trials)


def search(
    evidence: RateEvidence,
    place: int,
    levels: tuple[np.ndarray, np.ndarray],
    price: Price,
    rng: np.random.Generator,
) -> tuple[Posterior, int]:
    """Plays a search against the truth; the posterior at its end and the runs it took."""
    positions = evidence.trials.shape[1]
    runs = 0
    while True:
        believed = posterior(evidence, np.ones(positions))
        steps = next_steps(believed, price, runnable=np.ones(positions, bool))
        if believed.confidence >= 0.95 or runs >= 1000 or not steps:
            return believed, runs
        step = steps[0]
        rate = levels[step.position >= place][step.cases]
        for _ in range(step.repeats):
            evidence.add(
                step.position,
                step.cases,
                (rng.random(len(rate)) < rate).astype(float),
                np.ones(len(rate)),
            )
            runs += 1


def test_a_fall_from_95_to_60_percent_among_32_commits() -> None:
    """With 40 runs of history and 10 at the bad end, 94 of 100 are right, after 95 runs on average."""
    rng = np.random.default_rng(20)
    right, runs = [], []
    for _ in range(150):
        place = int(rng.integers(1, 33))
        evidence = rates((0.95, 0.6), (0, 0), 32)
        evidence.add(0, np.array([0]), np.array([rng.binomial(40, 0.95)]), np.array([40.0]))
        evidence.add(32, np.array([0]), np.array([rng.binomial(10, 0.6)]), np.array([10.0]))
        believed, taken = search(evidence, place, (np.array([0.95]), np.array([0.6])), ONE_RUN, rng)
        right.append(believed.likeliest == place)
        runs.append(taken)
    assert np.mean(right) >= 0.92  # a hundred and fifty searches know it to two points
    assert np.mean(runs) <= 95


def test_a_test_that_always_passed_and_always_fails_takes_a_plain_bisection() -> None:
    """Where one run settles each step, there are hardly more runs than halvings."""
    rng = np.random.default_rng(3)
    for place in (1, 7, 16, 32):
        believed, runs = search(
            rates((1, 0), (40, 10), 32), place, (np.array([1.0]), np.array([0.0])), ONE_RUN, rng
        )
        assert believed.likeliest == place
        assert runs <= 8


def test_few_cases_of_a_suite_are_found_and_run_alone() -> None:
    """Of forty cases of which four fall, mostly those four are run again."""
    rng = np.random.default_rng(8)
    before = np.full(40, 0.9)
    after = before.copy()
    after[:4] = 0.2
    right, chosen = 0, np.zeros(40)
    for place in (3, 9, 14):
        trials = np.zeros((40, 17))
        trials[:, [0, 16]] = 4
        successes = np.zeros((40, 17))
        successes[:, 0], successes[:, 16] = rng.binomial(4, before), rng.binomial(4, after)
        evidence = RateEvidence(successes, trials)
        believed, _ = search(evidence, place, (before, after), Price(0.0, 0.1, np.full(40, 0.02)), rng)
        right += believed.likeliest == place
        chosen += evidence.trials.sum(1) - trials.sum(1)
    assert right == 3
    assert chosen[:4].mean() > 4 * chosen[4:].mean()


def test_a_rise_of_latency_is_found() -> None:
    """Numbers with noise are searched as rates are."""
    rng = np.random.default_rng(5)
    right = 0
    for place in (4, 11, 20, 27):
        positions = np.array([0] * 10 + [32] * 5)
        values = 0.2 * rng.standard_normal(15) + np.where(positions >= place, 0.5, 0.0)
        evidence = LevelEvidence(positions, values)
        for _ in range(80):
            believed = posterior(evidence, np.ones(33))
            if believed.confidence >= 0.95:
                break
            step = next_steps(believed, ONE_RUN, runnable=np.ones(33, bool))[0]
            evidence.add(step.position, 0.2 * rng.standard_normal() + 0.5 * (step.position >= place))
        right += believed.likeliest == place
    assert right >= 3


def test_levels_are_not_plugged_in() -> None:
    """Few runs at the bad end leave its level open, and a failure then says less."""
    doubt, sure = (posterior(rates((0.95, 0.6), (40, runs), 8), np.ones(9)) for runs in (5, 200))
    assert doubt.weighing.after[0, 0, 0] != pytest.approx(sure.weighing.after[0, 0, 0], abs=0.01)
    for believed, runs in ((doubt, 5), (sure, 200)):
        evidence = rates((0.95, 0.6), (40, runs), 8)
        evidence.add(4, np.array([0]), np.zeros(1), np.full(1, 2.0))
        after = posterior(evidence, np.ones(9))
        assert after.places[1:5].sum() > believed.places[1:5].sum()
    low, high = np.quantile(
        rates((0.95, 0.6), (40, 5), 8).levels(4, 2000, np.random.default_rng(1)).after, [0.025, 0.975]
    )
    assert high - low > 0.4


def test_the_level_of_many_cases_is_the_mean_of_what_they_did() -> None:
    """Two runs of each say what they were; the interval holds their true mean nineteen times in twenty."""
    ends = [0, 4]
    trials, successes = np.zeros((2, 12, 5))
    trials[:, ends], successes[:, 0], successes[:4, 4] = 2.0, 2.0, 2.0
    levels = RateEvidence(successes, trials).levels(2, 4000, np.random.default_rng(1))
    assert np.median(levels.before) == pytest.approx(1.0, abs=0.02)
    assert np.median(levels.after) == pytest.approx(4 / 12, abs=0.02)

    rng = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        truth = rng.beta(4, 1, 12)
        successes[:, ends] = rng.binomial(2, truth[:, None], (12, 2))
        drawn = RateEvidence(successes, trials).levels(2, 2000, rng).before
        low, high = np.quantile(drawn, [0.025, 0.975])
        held += low <= truth.mean() <= high
    assert held >= 190


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=8),
    st.integers(1, 4),
)
def test_the_posterior_is_one(runs: list[tuple[int, int, int]], cases: int) -> None:
    """Whatever came of the runs, the chances of all places and of none sum to one."""
    successes, trials = np.zeros((2, cases, 7))
    for position, good, bad in runs:
        successes[:, position] += good
        trials[:, position] += good + bad
    believed = posterior(RateEvidence(successes, trials), np.array([9, 1, 1, 2, 0, 1, 1]))
    assert believed.places.sum() + believed.nothing == pytest.approx(1)
    assert believed.places[0] == believed.places[4] == 0
    weighing = believed.weighing
    assert weighing.before.sum(-1) == pytest.approx(1)
    assert ((weighing.before >= -1e-9) & (weighing.after >= -1e-9)).all()


def test_what_was_touched_weighs_until_runs_outweigh_it() -> None:
    """A commit of the skill is suspected first; runs that contradict it win."""
    prior = np.array([0, 0.02, 0.02, 1.0, 0.02, 0.02])
    evidence = rates((1, 0), (20, 10), 5)
    assert posterior(evidence, prior).likeliest == 3
    evidence.add(3, np.array([0]), np.full(1, 20.0), np.full(1, 20.0))
    evidence.add(4, np.array([0]), np.zeros(1), np.full(1, 20.0))
    assert posterior(evidence, prior).likeliest == 4


def test_equal_ends_are_said_to_be_equal() -> None:
    """Many runs of one level at both ends and between say that nothing changed."""
    evidence = rates((0.8, 0.8), (300, 300), 4)
    for position in (1, 2, 3):
        evidence.add(position, np.array([0]), np.full(1, 240.0), np.full(1, 300.0))
    believed = posterior(evidence, np.ones(5))
    assert believed.nothing > 0.8


def test_a_revision_that_cannot_be_run_is_passed_over() -> None:
    """The next best one is run; where none can be, there is nothing more to do."""
    believed = posterior(rates((1, 0), (20, 20), 8), np.ones(9))
    best = next_steps(believed, ONE_RUN, runnable=np.ones(9, bool))[0].position
    without = np.ones(9, bool)
    without[best] = False
    assert next_steps(believed, ONE_RUN, runnable=without)[0].position in (best - 1, best + 1)
    assert next_steps(believed, ONE_RUN, runnable=np.zeros(9, bool)) == []


def test_jobs_side_by_side_look_at_different_places() -> None:
    """Three runs at once cut the line in about four, where one cuts it in two."""
    believed = posterior(rates((1, 0), (40, 40), 32), np.ones(33))
    steps = next_steps(believed, ONE_RUN, runnable=np.ones(33, bool), jobs=3)
    first, second, third = sorted(step.position for step in steps)
    assert 6 <= first <= 10
    assert 14 <= second <= 18
    assert 22 <= third <= 26


def test_a_dear_checkout_is_used_more_than_once() -> None:
    """Where going to a revision costs much, it is run more than once, or one that is there already is run."""
    believed = posterior(rates((0.95, 0.6), (40, 20), 32), np.ones(33))
    runnable = np.ones(33, bool)
    free = next_steps(believed, Price(0.0, 1.0, np.zeros(1)), runnable=runnable)[0]
    dear = next_steps(believed, Price(20.0, 1.0, np.zeros(1)), runnable=runnable)[0]
    assert free.repeats == 1
    assert dear.repeats > 1
    there = next_steps(believed, Price(20.0, 1.0, np.zeros(1)), runnable=runnable, standing=[14])[0]
    assert there.position == 14


@pytest.mark.parametrize(
    "evidence",
    [
        rates((0.95, 0.3), (40, 10), 16),
        LevelEvidence(np.array([0] * 8 + [16] * 8), np.array([0.0, 0.1] * 4 + [0.6, 0.7] * 4)),
    ],
    ids=["rates", "levels"],
)
def test_the_estimate_is_what_searches_take(evidence: Evidence) -> None:
    """The runs foretold lie where searches that are played end, and cost what their runs cost."""
    told = estimate(
        evidence,
        np.ones(17),
        ONE_RUN,
        RunCost(2.0, (CaseCost(1.0, 0.5),)),
        runnable=np.ones(17, bool),
        confidence=0.95,
        most_runs=200,
    )
    assert 4 <= told.runs.low <= told.runs.middle <= told.runs.high <= 40
    assert told.seconds.middle == pytest.approx(3 * told.runs.middle)
    assert told.usd.middle == pytest.approx(0.5 * told.runs.middle)
    assert told.reaches == 1
    short = estimate(
        evidence,
        np.ones(17),
        ONE_RUN,
        RunCost(2.0, (CaseCost(1.0, 0.5),)),
        runnable=np.ones(17, bool),
        confidence=0.95,
        most_runs=2,
    )
    assert short.reaches < 0.5
    assert short.runs.high <= 2
