"""Who must be told of test runs beyond accuracy, cost and retries: failures, refusals, idle workers, silence.

A run is one point, so every window is longer than the alert waits; and what too few tests say is not told.
docs/runbooks has a page for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from _burning import ErrorBudget
from _suites import API, OWNER, VALUE, WHO, Ours, ours

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.registry.values import CRASHED, ERROR, FAILED, PASSED
from gnomon.settings import Settings
from gnomon_generators.promql import (
    Expr,
    Window,
    above,
    added,
    at_least,
    below,
    both,
    counted,
    lacking,
    one_of,
    percent,
    plus,
    ratio,
    recorded,
    recorded_over,
    shifted,
    total,
)
from gnomon_generators.rules import AlertRule, Group, Panel, group, outlasting

CASE = (*OWNER, a.GEN_AI_SKILL_NAME, a.GNOMON_TEST_CASE_ID)
BAD: Ours = {a.GNOMON_TEST_OUTCOME: one_of(FAILED, ERROR, CRASHED)}
DECIDED: Ours = {a.GNOMON_TEST_OUTCOME: one_of(PASSED, FAILED, ERROR, CRASHED)}
REFUSED: Ours = {a.ERROR_TYPE: "rate_limited"}
# A suite that ran this often in the time before its silence runs regularly.
REGULARLY = 5


def groups(settings: Settings) -> Sequence[Group]:
    """The alerts of test runs."""
    return [
        group(
            settings,
            "test_run_alerts",
            _failures(settings),
            _refusals(settings),
            _workers(settings),
            _flaky(settings),
            _test_cost(settings),
            _anomaly(settings),
            _silence(settings),
        ),
        *_budget(settings),
    ]


def _failures(settings: Settings) -> AlertRule:
    alerts, suites = settings.alerts, ours(settings)
    window = outlasting(alerts.error_rate_window, alerts.hold)
    tests = total(m.GNOMON_RUN_TESTS, window, OWNER, suites | DECIDED)
    failed = percent(total(m.GNOMON_RUN_TESTS, window, OWNER, suites | BAD), tests)
    return AlertRule(
        "TestErrorRateHigh",
        at_least(above(failed, alerts.error_rate_percent), tests, alerts.minimum_tests),
        alerts.hold,
        alerts.severity,
        summary=f"More than {alerts.error_rate_percent:g} % of the tests fail.",
        description=f"{WHO}: {VALUE} % of the tests of the last {window} failed, broke "
        f"or crashed; at most {alerts.error_rate_percent:g} % may.",
        value=f"{VALUE} %",
        objective=f"at most {alerts.error_rate_percent:g} %",
        panel=Panel("sre_operations", "Error rate", past=window),
    )


def _refusals(settings: Settings) -> AlertRule:
    alerts, suites = settings.alerts, ours(settings)
    window, limit = outlasting(alerts.rate_limited_window, alerts.hold), alerts.rate_limited_percent
    retried, ended = (
        total(one, window, API, suites | REFUSED) for one in (m.GNOMON_RUN_RETRIES, m.GNOMON_RUN_MODEL_CALLS)
    )
    attempts = total(m.GNOMON_RUN_API_LATENCY, window, API, suites)
    share = percent(plus(retried, ended, unit="{attempt}"), attempts)
    return AlertRule(
        "APIRateLimited",
        at_least(above(share, limit), attempts, alerts.minimum_model_calls),
        alerts.hold,
        alerts.severity,
        summary=f"More than {limit:g} % of the requests to the model's API are refused as too many.",
        description="Of the requests of the runs in {{ $labels.deployment_environment_name }} that ended in "
        f"the last {window}, {VALUE} % were answered with 429; at most {limit:g} % may be.",
        value=f"{VALUE} %",
        objective=f"at most {limit:g} %",
        panel=Panel("sre_operations", "429 error rate", past="3h"),
    )


def _workers(settings: Settings) -> AlertRule:
    alerts, suites = settings.alerts, ours(settings)
    window, limit = outlasting(alerts.worker_use_window, alerts.hold), alerts.worker_use_percent
    there = total(m.GNOMON_RUN_WORKER_TIME, window, OWNER, suites)
    use = percent(total(m.GNOMON_RUN_WORKER_BUSY_TIME, window, OWNER, suites), there)
    idle = at_least(below(use, limit), there, alerts.minimum_worker_time.seconds)
    # One worker alone is idle while pytest starts, and nobody could take it away.
    parallel = above(ratio(there, total(m.GNOMON_RUN_DURATION, window, OWNER, suites)), 1.1)
    return AlertRule(
        "WorkersIdle",
        both(idle, parallel),
        alerts.hold,
        alerts.severity,
        summary=f"Workers of parallel runs spend less than {limit:g} % of their time in tests.",
        description=f"{WHO}: the workers of the runs of the last {window} were busy "
        f'{{{{ $value | printf "%.0f" }}}} % of the time; it should be {limit:g} % or more.',
        value='{{ $value | printf "%.0f" }} %',
        objective=f"at least {limit:g} %",
        panel=Panel("sre_operations", "Worker use", past=window),
    )


def _flaky(settings: Settings) -> AlertRule:
    alerts, flaky = settings.alerts, settings.flaky
    cases = recorded("routing_test:flaky_tests", labels=CASE, where=ours(settings), unit="1")
    return AlertRule(
        "ManyFlakyTests",
        above(counted(cases, OWNER), alerts.flaky_tests),
        alerts.hold,
        alerts.severity,
        summary=f"More than {alerts.flaky_tests} routing tests are flaky.",
        description=f"{WHO}: {{{{ $value }}}} routing tests passed more than {100 * flaky.above:g} % and "
        f"less than {100 * flaky.below:g} % of their runs in {flaky.window}; at most {alerts.flaky_tests} "
        "may.",
        value="{{ $value }} tests",
        objective=f"at most {alerts.flaky_tests}",
        panel=Panel("qa_engineer", "Flaky tests", past="1h"),
    )


def _test_cost(settings: Settings) -> AlertRule:
    alerts, suites = settings.alerts, ours(settings)
    window, factor = outlasting(alerts.test_cost_window, alerts.hold), alerts.test_cost_factor

    def tests(within: Window) -> Expr:
        return total(m.GNOMON_RUN_TESTS, within, OWNER, suites)

    def price(within: Window) -> Expr:
        return ratio(total(m.GNOMON_RUN_COST_USD, within, OWNER, suites), tests(within))

    times = ratio(price(window), shifted(price("7d"), window), absent_is_zero=False)
    enough = at_least(above(times, factor), tests(window), alerts.minimum_tests)
    return AlertRule(
        "TestCostSpike",
        at_least(enough, shifted(tests("7d"), window), alerts.minimum_tests),
        alerts.hold,
        alerts.severity,
        summary=f"A test costs more than {factor:g} times its mean.",
        description=f"{WHO}: a test of the last {window} cost {VALUE} times the mean of "
        f"the 7 days before; up to {factor:g} times is usual.",
        value=f"{VALUE} times the mean",
        objective=f"at most {factor:g} times",
        panel=Panel("sre_operations", "Average cost per test", past=window),
    )


def _anomaly(settings: Settings) -> AlertRule:
    alerts, suites = settings.alerts, ours(settings)
    factor = alerts.cost_anomaly_factor
    day = total(m.GNOMON_RUN_COST_USD, outlasting("1d", alerts.hold), OWNER, suites)

    def days(how: Literal["max", "last"], window: Window) -> Expr:
        name = "routing_test:cost_usd:1d"
        return recorded_over(name, how, window, labels=OWNER, where=suites, unit="{USD}")

    dearest = shifted(days("max", "7d"), "1d")
    times = above(ratio(day, dearest, absent_is_zero=False), factor)
    # The first days have nothing to be compared with.
    known = shifted(days("last", "6d"), "2d")
    return AlertRule(
        "CostAnomaly",
        both(at_least(times, day, alerts.minimum_cost_usd), known),
        alerts.hold,
        alerts.severity,
        summary=f"A day's test runs cost more than {factor:g} times the dearest day of the week before.",
        description=f"{WHO}: the runs of the last 24 hours cost {VALUE} times as much as "
        f"the dearest day of the week before; up to {factor:g} times is usual.",
        value=f"{VALUE} times the dearest day",
        objective=f"at most {factor:g} times",
        panel=Panel("executive", "Cost trend", past="8d"),
    )


def _silence(settings: Settings) -> AlertRule:
    alerts, suites = settings.alerts, ours(settings)
    window = alerts.no_runs_window
    before = added(window, "11d")
    runs = total(m.GNOMON_RUN_FINISHED, before, OWNER, suites)
    return AlertRule(
        "NoTestRuns",
        lacking(at_least(runs, runs, REGULARLY), total(m.GNOMON_RUN_FINISHED, window, OWNER, suites)),
        alerts.hold,
        alerts.severity,
        summary=f"A suite that runs regularly has not run for {window}.",
        description=f"{WHO} ran {{{{ $value }}}} times in {before}, and not once in the last {window}: "
        "nothing is known of its accuracy.",
        value=f"no run in {window}",
        objective="runs as before",
        panel=Panel("qa_engineer", "Last run", past=before),
    )


def _budget(settings: Settings) -> list[Group]:
    """How fast the error budget of routing burns; nothing where the objective leaves none to watch."""
    suites, verdicts = ours(settings), m.GNOMON_RUN_ROUTING_VERDICTS

    def answers(window: Window) -> Expr:
        return total(verdicts, window, OWNER, suites)

    def wrong(window: Window) -> Expr:
        return ratio(
            total(verdicts, window, OWNER, suites | {a.GNOMON_ROUTING_CORRECT: False}), answers(window)
        )

    budget = ErrorBudget(
        "RoutingErrorBudget",
        "routing answers",
        settings.slo.routing_accuracy_percent,
        wrong,
        answers,
        settings.alerts.minimum_answers,
        who=WHO,
        panel=Panel("qa_engineer", "Routing accuracy", past="3d"),
    )
    alerts = tuple(budget.alerts())
    return [group(settings, "routing_budget_alerts", *alerts)] if alerts else []
