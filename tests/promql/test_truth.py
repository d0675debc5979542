"""Expressions and recorded rules give what happened, on a real Prometheus, to the last count."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from gnomon import settings
from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon_generators import promql
from gnomon_generators.artefacts.production import produce
from gnomon_generators.rules import tile
from tests.promql import servers
from tests.promql.planted import PlantedRun, Test, some_runs, store

HOUR, DAY, WEEK = 3600.0, 86_400.0, 604_800.0

# Ages in seconds. None is near an edge of a window that a rule looks at (an hour, a day, one week, two),
# which moves while the test runs.
AGES = [
    *(120.0, 300.0, 700.0, 1500.0),
    *(2 * HOUR, 5 * HOUR, 11 * HOUR, 20 * HOUR),
    *(2 * DAY, 3.5 * DAY, 5 * DAY, 6.5 * DAY),
    *(8 * DAY, 10 * DAY, 13 * DAY),
]
SETTINGS = """
rules: {interval: 2s}
slo: {routing_accuracy_percent: 85}
alerts:
  hold: 1s
  flaky_tests: 2
  test_cost_factor: 1.02
  test_cost_window: 3h
  routing_accuracy_for: 1s
  daily_cost_for: 1s
  retry_rate_for: 1s
  retry_rate_window: 40m
  retry_rate_per_second: 0.05
"""
CONFIGURATION = """
global: {evaluation_interval: 2s}
rule_files: [rules.yaml, alerts.yaml, runs.yaml]
"""
DECIDED = ("passed", "failed", "error", "crashed")


@dataclass(frozen=True)
class Planted:
    address: str
    runs: Sequence[PlantedRun]
    now: float

    def since(self, age: float, suite: str | None = None, until: float = 0) -> list[PlantedRun]:
        return [
            run for run in self.runs if until <= self.now - run.stamp < age and suite in (None, run.suite)
        ]

    def value(self, expression: promql.Expr) -> float:
        [value] = servers.query(self.address, expression.text, self.now).values()
        return value

    def values(self, expression: promql.Expr) -> dict[str, float]:
        """The values by the one label that the expression is split by."""
        found = servers.query(self.address, expression.text, self.now)
        return {labels[0][1]: value for labels, value in found.items()}

    def recorded(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        found = servers.query(self.address, name, time.time())
        return {tuple(dict(row)[label] for label in labels): value for row, value in found.items()}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "gnomon.yaml").write_text(SETTINGS)
    own = settings.load(folder / "gnomon.yaml")
    for document in produce(["rules", "alerts"], own, only=["routing"]):
        (folder / f"{document.path.parts[0]}.yaml").write_text(document.text)
    (runs_too,) = produce(["alerts"], own, only=["runs"])
    (folder / "runs.yaml").write_text(runs_too.text)
    now = float(math.floor(time.time()))
    runs = some_runs(now, AGES, seed=20)
    with servers.prometheus(folder, CONFIGURATION, data=store(runs, folder)) as address:
        found = Planted(address, runs, now)
        there = servers.query(address, "sum(sum_over_time(gnomon_run_finished[20d]))", now)
        assert there == {(): len(runs)}, (folder / "prometheus.log").read_text()
        for _ in range(300):
            if found.recorded("ALERTS{alertstate='firing'}", "alertname"):
                break
            time.sleep(0.1)
        yield found


def of_all(runs: Sequence[PlantedRun]) -> list[Test]:
    return [test for run in runs for test in run.tests]


def cost(runs: Sequence[PlantedRun]) -> float:
    return sum(call.cost or 0 for run in runs for call in run.calls)


def retries(runs: Sequence[PlantedRun]) -> int:
    return sum(call.attempts - 1 for run in runs for call in run.calls)


def accuracy(runs: Sequence[PlantedRun]) -> float:
    answers = [test.right for test in of_all(runs) if test.right is not None]
    return 100 * sum(answers) / len(answers)


WINDOWS = [("1h", HOUR), ("1d", DAY), ("7d", WEEK), ("14d", 2 * WEEK)]


@pytest.mark.parametrize(("window", "age"), WINDOWS, ids=[window for window, _ in WINDOWS])
def test_totals_are_what_happened(planted: Planted, window: str, age: float) -> None:
    """Tests, runs, retries, tokens, costs and observations of a window are those of its runs, exactly."""
    runs = planted.since(age)
    by_outcome = promql.total(m.GNOMON_RUN_TESTS, window, [a.GNOMON_TEST_OUTCOME])
    assert planted.values(by_outcome) == Counter(test.outcome for test in of_all(runs))
    assert planted.value(promql.total(m.GNOMON_RUN_FINISHED, window)) == len(runs)
    assert planted.value(promql.total(m.GNOMON_RUN_RETRIES, window)) == retries(runs)
    assert planted.value(promql.total(m.GNOMON_RUN_MODEL_CALLS, window)) == sum(
        len(run.calls) for run in runs
    )
    assert planted.value(promql.total(m.GNOMON_RUN_COST_USD, window)) == pytest.approx(cost(runs), rel=1e-12)
    tokens = promql.total(m.GNOMON_RUN_TOKENS, window, where={a.GEN_AI_TOKEN_TYPE: "input"})
    assert planted.value(tokens) == sum(call.tokens for run in runs for call in run.calls)
    ran = [test.seconds for test in of_all(runs) if test.outcome != "not_run" or test.seconds]
    assert planted.value(promql.total(m.GNOMON_RUN_TEST_DURATION, window)) == len(ran)
    assert planted.value(promql.mean(m.GNOMON_RUN_TEST_DURATION, window)) == pytest.approx(
        sum(ran) / len(ran)
    )
    lasted = sum(run.seconds for run in runs) / len(runs)
    assert planted.value(promql.mean(m.GNOMON_RUN_DURATION, window)) == pytest.approx(lasted, rel=1e-6)


@pytest.mark.parametrize(("window", "age"), WINDOWS, ids=[window for window, _ in WINDOWS])
def test_ratios_are_what_happened(planted: Planted, window: str, age: float) -> None:
    """Accuracy by suite, and the cost of a test, are ratios of what happened."""
    verdicts, suite = m.GNOMON_RUN_ROUTING_VERDICTS, [a.TEST_SUITE_NAME]
    right = promql.total(verdicts, window, suite, {a.GNOMON_ROUTING_CORRECT: True})
    found = planted.values(promql.percent(right, promql.total(verdicts, window, suite)))
    truth = {name: accuracy(planted.since(age, name)) for name in ("shop", "desk")}
    assert found == pytest.approx(truth, rel=1e-12)
    price = promql.ratio(
        promql.total(m.GNOMON_RUN_COST_USD, window), promql.total(m.GNOMON_RUN_TESTS, window)
    )
    runs = planted.since(age)
    assert planted.value(price) == pytest.approx(cost(runs) / len(of_all(runs)), rel=1e-12)


def test_quantiles_are_between_their_neighbours(planted: Planted) -> None:
    """A quantile lies in the bucket in which the true one is."""
    ordered = sorted(test.seconds for test in of_all(planted.since(WEEK)))
    for share in (0.5, 0.95):
        true = ordered[math.ceil(share * len(ordered)) - 1]
        bounds = [0.0, *m.GNOMON_RUN_TEST_DURATION.buckets]
        low, high = (
            max(bound for bound in bounds if bound < true),
            min(bound for bound in bounds if bound >= true),
        )
        assert low <= planted.value(promql.quantile(m.GNOMON_RUN_TEST_DURATION, share, "7d")) <= high


@pytest.mark.parametrize("step", [60.0, 300.0, HOUR, DAY], ids=["1m", "5m", "1h", "1d"])
def test_panels_over_time_draw_each_run_once(planted: Planted, step: float) -> None:
    """At any zoom the points of a panel add up to the runs between its ends, those on whole seconds too."""
    end = math.floor(planted.now / step) * step
    start = math.floor((planted.now - 14 * DAY) / step) * step
    # Prometheus gives at most 11,000 points a series; Grafana asks for coarser steps then.
    start = max(start, end - 10_000 * step)
    expression = promql.over_time(m.GNOMON_RUN_TESTS, [a.GNOMON_TEST_OUTCOME])
    text = expression.text.replace("$__interval", f"{step:.0f}s")
    drawn = servers.query_range(planted.address, text, start, end, step)
    truth: Counter[str] = Counter()
    for run in planted.runs:
        if start - step < run.stamp <= end:
            truth.update(test.outcome for test in run.tests)
    assert {labels[0][1]: sum(value for _, value in points) for labels, points in drawn.items()} == truth


@pytest.mark.parametrize("phase", [0, 123], ids=["whole-seconds", "between"])
def test_tiles_cover_time_once(planted: Planted, phase: int) -> None:
    """Evaluated once a minute, wherever in the second, tiles add up to the runs.

    Where ranges are open on the left, since Prometheus 3, the first millisecond of a tile is in none.
    """
    expression = tile(m.GNOMON_RUN_TESTS, "1m", "5m", [a.GNOMON_TEST_OUTCOME])
    start = (math.floor(planted.now) - 6 * 86_400) * 1000 + phase
    end = start + 7000 * 60_000
    drawn = servers.query_range(planted.address, expression.text, start / 1000, end / 1000, 60)
    # At the full minute a closed range of a minute holds two full minutes, an open one holds one.
    [full_minutes] = servers.query(planted.address, "count_over_time(vector(1)[1m:1m])", 0).values()
    first = 1 if full_minutes == 1 else -1
    truth: Counter[str] = Counter()
    for run in planted.runs:
        after = round(run.stamp * 1000) - (start - 360_000)
        if 0 < after <= 7000 * 60_000 + 60_000 and after % 60_000 != first:
            truth.update(test.outcome for test in run.tests)
    assert sum(truth.values()) > 100
    assert {labels[0][1]: sum(value for _, value in points) for labels, points in drawn.items()} == truth


def test_recorded_totals_are_what_happened(planted: Planted) -> None:
    """What the rules recorded while Prometheus ran is what the runs did."""
    for window, age in WINDOWS[:3]:
        for suite in ("shop", "desk"):
            runs = planted.since(age, suite)
            answers = [test for test in of_all(runs) if test.right is not None]
            recorded = planted.recorded(f"routing_test:answers:{window}", "test_suite_name")
            assert recorded[suite,] == len(answers)
            recorded = planted.recorded(f"routing_test:accuracy_percent:{window}", "test_suite_name")
            assert recorded[suite,] == pytest.approx(accuracy(runs), rel=1e-12)
            if window != "1h":
                assert planted.recorded(f"routing_test:runs:{window}", "test_suite_name")[suite,] == len(runs)
                recorded = planted.recorded(f"routing_test:cost_usd:{window}", "test_suite_name")
                assert recorded[suite,] == pytest.approx(cost(runs), rel=1e-12)
    for suite in ("shop", "desk"):
        change = planted.recorded("routing_test:accuracy_points:week_over_week", "test_suite_name")[suite,]
        weeks = accuracy(planted.since(WEEK, suite)), accuracy(planted.since(2 * WEEK, suite, WEEK))
        assert change == pytest.approx(weeks[0] - weeks[1], rel=1e-9)
        projected = planted.recorded("routing_test:cost_usd:30d_projected", "test_suite_name")[suite,]
        assert projected == pytest.approx(cost(planted.since(WEEK, suite)) * 30 / 7, rel=1e-12)


def test_pass_rates_and_flaky_tests_are_what_happened(planted: Planted) -> None:
    """Pass rates of cases that ran often enough, and the flaky ones among them, are exact."""
    seen: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    for run in planted.since(WEEK):
        for test in run.tests:
            if test.case is not None and test.outcome in DECIDED:
                seen[run.suite, test.case].append(test.outcome == "passed")
    labels = ("test_suite_name", "gnomon_test_case_id")
    assert planted.recorded("routing_test:case_runs:7d", *labels) == {
        key: len(all_) for key, all_ in seen.items()
    }
    rates = {key: sum(all_) / len(all_) for key, all_ in seen.items() if len(all_) >= 5}
    assert planted.recorded("routing_test:pass_rate_7d", *labels) == pytest.approx(rates, rel=1e-12)
    flaky = {key: rate for key, rate in rates.items() if 0.3 < rate < 0.7}
    assert 0 < len(flaky) < len(rates) <= len(seen)
    assert planted.recorded("routing_test:flaky_tests", *labels) == pytest.approx(flaky, rel=1e-12)


def failed_percent(runs: Sequence[PlantedRun]) -> float:
    outcomes = [test.outcome for test in of_all(runs) if test.outcome in DECIDED]
    return 100 * sum(outcome != "passed" for outcome in outcomes) / len(outcomes)


def flaky_cases(runs: Sequence[PlantedRun]) -> int:
    seen: defaultdict[str, list[bool]] = defaultdict(list)
    for run in runs:
        for test in run.tests:
            if test.case is not None and test.outcome in DECIDED:
                seen[test.case].append(test.outcome == "passed")
    return sum(0.3 < sum(all_) / len(all_) < 0.7 for all_ in seen.values() if len(all_) >= 5)


def test_alerts_fire_for_what_happened(planted: Planted) -> None:
    """Each suite has the alerts that its runs give reason for, and no others."""
    assert accuracy(planted.since(DAY, "shop")) > 85 > accuracy(planted.since(DAY, "desk"))
    assert cost(planted.since(DAY)) > 25
    recent = planted.since(2400)
    assert retries(recent) / sum(run.seconds for run in recent) > 0.05
    wanted: set[tuple[str, str | None]] = {
        ("RoutingAccuracyBelowSLO", "desk"),
        ("DailyCostExceeded", None),
        ("HighAPIRetryRate", None),
        # All attempts but the last of a planted call were refused.
        ("APIRateLimited", None),
    }
    times = {}
    for suite in ("shop", "desk"):
        if failed_percent(planted.since(6 * HOUR, suite)) > 20:
            wanted.add(("TestErrorRateHigh", suite))
        if flaky_cases(planted.since(WEEK, suite)) > 2:
            wanted.add(("ManyFlakyTests", suite))
        now, before = planted.since(3 * HOUR, suite), planted.since(WEEK + 3 * HOUR, suite, 3 * HOUR)
        times[suite] = (cost(now) / len(of_all(now))) / (cost(before) / len(of_all(before)))
        if times[suite] > 1.02:
            wanted.add(("TestCostSpike", suite))
    assert min(times.values()) < 1.02 < max(times.values()), times
    firing: Callable[[], set[tuple[str, str | None]]] = lambda: {  # noqa: E731
        (dict(row)["alertname"], dict(row).get("test_suite_name"))
        for row in servers.query(planted.address, "ALERTS{alertstate='firing'}", time.time())
    }
    for _ in range(100):
        if firing() == wanted:
            break
        time.sleep(0.1)
    assert firing() == wanted
