"""Who must be told of routing tests: accuracy below its objective, cost above its budget, many retries.

The alerts look at windows of run points, at the suites of the settings only, and not at what too few tests
say; docs/runbooks says of each how that differs from a plain counter's expression.
"""

from __future__ import annotations

from collections.abc import Sequence

from _suites import API, OWNER, Ours, ours

from gnomon.registry import attributes as a
from gnomon.registry import metrics
from gnomon.settings.model import Settings
from gnomon_generators.promql import (
    above,
    added,
    at_least,
    below,
    percent,
    ratio,
    total,
)
from gnomon_generators.rules import AlertRule, Group, Panel, group, outlasting

VERDICTS = metrics.GNOMON_RUN_ROUTING_VERDICTS


def groups(settings: Settings) -> Sequence[Group]:
    """The alerts of routing tests."""
    return [
        group(
            settings,
            "routing_test_alerts",
            _accuracy(settings, ours(settings)),
            _cost(settings, ours(settings)),
            _retries(settings, ours(settings)),
        )
    ]


def _accuracy(settings: Settings, suites: Ours) -> AlertRule:
    objective, hold = settings.slo.routing_accuracy_percent, settings.alerts.routing_accuracy_for
    window = outlasting(settings.alerts.routing_accuracy_window, hold)
    answers = total(VERDICTS, window, OWNER, suites)
    right = total(VERDICTS, window, OWNER, suites | {a.GNOMON_ROUTING_CORRECT: True})
    return AlertRule(
        "RoutingAccuracyBelowSLO",
        at_least(below(percent(right, answers), objective), answers, settings.alerts.minimum_answers),
        hold,
        settings.alerts.severity,
        summary=f"Routing accuracy is below its objective of {objective:g} %.",
        description="{{ $labels.test_suite_name }} in {{ $labels.deployment_environment_name }}: "
        f'{{{{ $value | printf "%.1f" }}}} % of the routing tests that got an answer in the last {window} '
        f"chose the right skill; the objective is {objective:g} %.",
        value='{{ $value | printf "%.1f" }} %',
        objective=f"at least {objective:g} %",
        panel=Panel("qa_engineer", "Routing accuracy", past=window),
    )


def _cost(settings: Settings, suites: Ours) -> AlertRule:
    budget, hold = settings.budgets.daily_cost_usd, settings.alerts.daily_cost_for
    window = outlasting("24h", hold)
    return AlertRule(
        "DailyCostExceeded",
        above(total(metrics.GNOMON_RUN_COST_USD, window, where=suites), budget),
        hold,
        settings.alerts.severity,
        summary=f"Test runs cost more than {budget:g} USD in 24 hours.",
        description="The model calls of the test runs of the last 24 hours cost "
        f'{{{{ $value | printf "%.2f" }}}} USD; the budget is {budget:g} USD.',
        value='{{ $value | printf "%.2f" }} USD',
        objective=f"at most {budget:g} USD",
        panel=Panel("sre_operations", "Total API cost (24h)"),
    )


def _retries(settings: Settings, suites: Ours) -> AlertRule:
    limit, hold = settings.alerts.retry_rate_per_second, settings.alerts.retry_rate_for
    # A run's retries are one point at its end: the window must show it for longer than the alert waits.
    window = outlasting(added(settings.alerts.retry_rate_window, hold), hold)
    # All suites call the same API; and a run's duration is that of the suite that the run belongs to, even
    # where single tests state another one.
    retries = total(metrics.GNOMON_RUN_RETRIES, window, API, suites)
    rate = ratio(retries, total(metrics.GNOMON_RUN_DURATION, window, API, suites))
    calls = total(metrics.GNOMON_RUN_MODEL_CALLS, window, API, suites)
    return AlertRule(
        "HighAPIRetryRate",
        at_least(above(rate, limit), calls, settings.alerts.minimum_model_calls),
        hold,
        settings.alerts.severity,
        summary=f"Model calls of test runs are retried more than {limit:g} times a second.",
        description="Runs in {{ $labels.deployment_environment_name }} that ended in the last "
        f'{window} retried model calls {{{{ $value | printf "%.2f" }}}} times a second; '
        f"the limit is {limit:g}.",
        value='{{ $value | printf "%.2f" }}/s',
        objective=f"at most {limit:g}/s",
        panel=Panel("sre_operations", "API retries and refusals", past="3h"),
    )
