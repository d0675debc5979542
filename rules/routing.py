"""What boards, alerts and people ask of routing tests again and again: accuracy, cost, runs, flaky tests.

All of it is computed from run points: one sample a run, summed over a window. The windows are in the names. A
series is kept by suite, environment, department and agent, so that the choices of the boards narrow it.
"""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.registry import attributes as a
from gnomon.registry import metrics
from gnomon.registry.values import CRASHED, ERROR, FAILED, PASSED
from gnomon.settings.model import Settings
from gnomon_generators.promql import (
    Expr,
    Window,
    at_least,
    between,
    difference,
    one_of,
    percent,
    ratio,
    recorded,
    scaled,
    shifted,
    total,
)
from gnomon_generators.rules import Group, RecordingRule, group, tile

OWNER = (a.TEST_SUITE_NAME, a.DEPLOYMENT_ENVIRONMENT_NAME, a.GNOMON_DEPARTMENT, a.GEN_AI_AGENT_NAME)
CASE = (*OWNER, a.GEN_AI_SKILL_NAME, a.GNOMON_TEST_CASE_ID)

VERDICTS = metrics.GNOMON_RUN_ROUTING_VERDICTS
RIGHT = {a.GNOMON_ROUTING_CORRECT: True}

# A test that was skipped, or never ran, or was expected to fail says nothing of how often it passes.
DECIDED = {a.GNOMON_TEST_OUTCOME: one_of(PASSED, FAILED, ERROR, CRASHED)}


def groups(settings: Settings) -> Sequence[Group]:
    """The recording rules of routing tests."""
    return [
        group(settings, "routing_test_rules", *_cases(settings), *_windows(settings)),
        group(settings, "routing_test_tiles", *_tiles(settings)),
    ]


def _cases(settings: Settings) -> list[RecordingRule]:
    """Single routing cases over a week, and those among them that are flaky."""
    runs = recorded("routing_test:case_runs:7d", labels=CASE, unit="{test}")
    rate = recorded("routing_test:pass_rate_7d", labels=CASE, unit="1")
    return [
        RecordingRule(
            "routing_test:case_runs:7d",
            total(metrics.GNOMON_RUN_CASE_TESTS, "7d", CASE, DECIDED),
            "How often a case passed or failed in 7 days.",
        ),
        RecordingRule(
            "routing_test:pass_rate_7d",
            _pass_rate(runs, "7d", settings),
            "Share of a case's runs in 7 days that passed, 0 to 1; only of cases that ran often enough.",
        ),
        RecordingRule(
            "routing_test:flaky_tests",
            between(
                rate if settings.flaky.window == "7d" else _pass_rate_within(settings),
                settings.flaky.above,
                settings.flaky.below,
            ),
            "Pass rate of the cases that neither pass nor fail most of the time; the bounds are not in it.",
        ),
    ]


def _pass_rate(runs: Expr, window: Window, settings: Settings) -> Expr:
    passed = total(metrics.GNOMON_RUN_CASE_TESTS, window, CASE, {a.GNOMON_TEST_OUTCOME: PASSED})
    return at_least(ratio(passed, runs), runs, settings.flaky.minimum_runs)


def _pass_rate_within(settings: Settings) -> Expr:
    window = settings.flaky.window
    return _pass_rate(total(metrics.GNOMON_RUN_CASE_TESTS, window, CASE, DECIDED), window, settings)


def _windows(settings: Settings) -> list[RecordingRule]:
    """Answers and accuracy of the last hour, day and week; runs and cost of the last day and week."""
    found = [rule for window in ("1h", "1d", "7d") for rule in _answers(window)]
    found += [rule for window in ("1d", "7d") for rule in _runs(window)]
    if settings.retention.prometheus_days >= 14:
        found += _weeks(settings)
    found.append(
        RecordingRule(
            "routing_test:cost_usd:30d_projected",
            scaled(recorded("routing_test:cost_usd:7d", labels=OWNER, unit="{USD}"), 30, per=7),
            "US dollars of 30 days at the pace of the last 7; too low until there are 7 days of data.",
        )
    )
    return found


def _answers(window: Window) -> list[RecordingRule]:
    answers = recorded(f"routing_test:answers:{window}", labels=OWNER, unit="{verdict}")
    return [
        RecordingRule(
            f"routing_test:answers:{window}",
            total(VERDICTS, window, OWNER),
            f"Routing tests that got an answer in {window}: what stands behind the accuracy.",
        ),
        RecordingRule(
            f"routing_test:accuracy_percent:{window}",
            percent(total(VERDICTS, window, OWNER, RIGHT), answers),
            f"Right routes in percent of the answers in {window}.",
        ),
    ]


def _runs(window: Window) -> list[RecordingRule]:
    return [
        RecordingRule(
            f"routing_test:runs:{window}",
            total(metrics.GNOMON_RUN_FINISHED, window, OWNER),
            f"Test runs that ended in {window}.",
        ),
        RecordingRule(
            f"routing_test:cost_usd:{window}",
            total(metrics.GNOMON_RUN_COST_USD, window, OWNER),
            f"US dollars of the model calls of the runs that ended in {window}.",
        ),
    ]


def _weeks(settings: Settings) -> list[RecordingRule]:
    """The last week against the one before; of accuracies where both have answers enough to say something."""
    accuracy, answers = _accuracy("7d"), total(VERDICTS, "7d", OWNER)
    enough = settings.alerts.minimum_answers
    change = at_least(difference(accuracy, shifted(accuracy, "7d")), answers, enough)
    cost = total(metrics.GNOMON_RUN_COST_USD, "7d", OWNER)
    return [
        RecordingRule(
            "routing_test:accuracy_points:week_over_week",
            at_least(change, shifted(answers, "7d"), enough),
            "Accuracy of the last 7 days less that of the 7 days before, in points; where both have enough.",
        ),
        RecordingRule(
            "routing_test:cost_usd:week_over_week",
            difference(cost, shifted(cost, "7d")),
            "US dollars of the last 7 days less those of the 7 days before.",
        ),
    ]


def _accuracy(window: Window) -> Expr:
    return percent(total(VERDICTS, window, OWNER, RIGHT), total(VERDICTS, window, OWNER))


def _tiles(settings: Settings) -> list[RecordingRule]:
    """Run points by evaluation, for trends over months that would take too many points to add up."""
    interval, late = settings.rules.interval, settings.rules.late
    return [
        RecordingRule(
            "routing_test:tests:tile",
            tile(metrics.GNOMON_RUN_TESTS, interval, late, (*OWNER, a.GNOMON_TEST_OUTCOME)),
            "Tests by outcome; sum it over time.",
        ),
        RecordingRule(
            "routing_test:verdicts:tile",
            tile(VERDICTS, interval, late, (*OWNER, a.GNOMON_ROUTING_CORRECT)),
            "Answered routing tests by whether the route was right; sum it over time.",
        ),
        RecordingRule(
            "routing_test:cost_usd:tile",
            tile(metrics.GNOMON_RUN_COST_USD, interval, late, (*OWNER, a.GEN_AI_REQUEST_MODEL)),
            "US dollars of model calls by model; sum it over time.",
        ),
    ]
