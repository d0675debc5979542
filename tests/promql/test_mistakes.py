"""What cannot be meant is a sentence that says what to write, and no dump of objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gnomon.errors import UserError
from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon_generators import promql
from gnomon_generators.promql import STEP, highest, none_of, one_of, percent, raw, recorded, total

# The functions are called as someone without a type checker would.
p: Any = promql

WHERE = {a.GNOMON_TEST_OUTCOME: one_of("failed", "error")}
TESTS = total(m.GNOMON_RUN_TESTS)
COST = total(m.GNOMON_RUN_COST_USD)
SHARE = percent(TESTS, TESTS)

MISTAKES: dict[str, tuple[Callable[[], object], list[str]]] = {
    "a metric's name as text": (
        lambda: p.total("gnomon_run_tests"),
        ["'gnomon_run_tests' is no metric", "write m.GNOMON_RUN_TESTS"],
    ),
    "a series' name as text": (
        lambda: p.mean("gnomon_run_api_latency_seconds"),
        ["write m.GNOMON_RUN_API_LATENCY"],
    ),
    "a metric that is none": (lambda: p.latest(3), ["3 is no metric", "gnomon.registry.metrics"]),
    "a mapping as window": (
        lambda: p.total(m.GNOMON_RUN_TESTS, WHERE),
        ["the second argument is a window", "name it, where="],
    ),
    "labels as window": (lambda: p.total(m.GNOMON_RUN_TESTS, [a.GNOMON_TEST_OUTCOME]), ["name it, by="]),
    "a label's name as text": (
        lambda: p.total(m.GNOMON_RUN_TESTS, by=["outcome"]),
        ["'outcome' is no label", "write a.GNOMON_TEST_OUTCOME"],
    ),
    "a text for labels": (lambda: p.total(m.GNOMON_RUN_TESTS, by="outcome"), ["by=a.GNOMON_TEST_OUTCOME"]),
    "a metric for a label": (
        lambda: p.total(m.GNOMON_RUN_TESTS, by=[m.GNOMON_RUN_TESTS]),
        ["Metric gnomon.run.tests is no label"],
    ),
    "a text as label to narrow by": (
        lambda: p.total(m.GNOMON_RUN_TESTS, where={"test_suite_name": "routing"}),
        ["'test_suite_name' is no label", "write a.TEST_SUITE_NAME"],
    ),
    "no mapping to narrow by": (
        lambda: p.total(m.GNOMON_RUN_TESTS, where="routing"),
        ["where='routing'", "where={LABEL: value}"],
    ),
    "several values without one_of": (
        lambda: p.total(m.GNOMON_RUN_TESTS, where={a.GNOMON_TEST_OUTCOME: ("failed", "error")}),
        ["gnomon.test.outcome cannot be ('failed', 'error')", "one_of("],
    ),
    "a number as value": (
        lambda: p.total(m.GNOMON_RUN_TESTS, where={a.GNOMON_TEST_OUTCOME: 3}),
        ["gnomon.test.outcome cannot be 3"],
    ),
    "a list in one_of": (lambda: p.one_of(["failed", "error"]), ["is not one value", "*BAD"]),
    "one_of nothing": (p.one_of, ["need values"]),
    "a quantile without its share": (
        lambda: p.quantile(m.GNOMON_RUN_API_LATENCY, STEP),
        ["is its share", "write 0.95"],
    ),
    "money in percent of tests": (
        lambda: percent(COST, TESTS),
        ["is in {USD}", "in {test}", "write ratio("],
    ),
    "a percentage by a count": (lambda: p.ratio(SHARE, TESTS), ["is in %", "divide the totals"]),
    "no error of a service": (
        lambda: total(m.GEN_AI_INVOKE_AGENT_DURATION, where={a.ERROR_TYPE: none_of("none")}),
        ["gen_ai.invoke_agent.duration has no error.type", "never 'none'", "none_of('')", "any error"],
    ),
    "no error of a service, as a value": (
        lambda: total(m.GEN_AI_INVOKE_AGENT_DURATION, where={a.ERROR_TYPE: one_of("none", "timeout")}),
        ["never 'none'", "'' for what has none"],
    ),
    "a length that is none": (
        lambda: total(m.GNOMON_RUN_TESTS, "1 day"),
        ["'1 day' is no length of time", "'24h'", "or RANGE"],
    ),
    "run points a second": (
        lambda: p.per_second(m.GNOMON_RUN_TESTS),
        ["counts by run", "write STEP for a chart and RANGE for one number"],
    ),
    "zero of what is split": (
        lambda: p.or_zero(total(m.GNOMON_RUN_TESTS, by=a.GNOMON_TEST_OUTCOME)),
        ["is split by gnomon_test_outcome", "leave or_zero() out", "no_value='0'"],
    ),
    "money plus tests": (lambda: p.plus(COST, TESTS), ["do not add up", "ratio(", "a query of its own"]),
    "retries plus calls": (
        lambda: p.plus(total(m.GNOMON_RUN_RETRIES), total(m.GNOMON_RUN_MODEL_CALLS)),
        ["in {retry}", "in {call}", "plus(…, unit='{attempt}')"],
    ),
    "money as things": (lambda: p.plus(COST, TESTS, unit="{thing}"), ["in {USD}", "never {thing}"]),
    "the mean of a share": (
        lambda: p.mean(m.ROUTING_ACCURACY),
        ["has no mean", "write percent(part, whole)", "latest("],
    ),
    "the mean of a counter": (lambda: p.mean(m.GNOMON_MODEL_CALL_RETRIES), ["it only grows", "write total("]),
    "a label that the metric lacks": (
        lambda: total(m.GEN_AI_EXECUTE_TOOL_DURATION, by=a.TEST_SUITE_NAME),
        ["has no label test.suite.name", "a.GEN_AI_TOOL_NAME, "],
    ),
    "one step in percent of the whole range": (
        lambda: percent(total(m.GNOMON_RUN_TESTS, STEP), TESTS),
        ["of one step", "the whole range before each point", "same window in both"],
    ),
    "the newest of counts in parts": (
        lambda: p.latest(m.GNOMON_RUN_TOOL_USE_EXPECTED),
        ["by gen_ai.skill.name", "the highest", "write total("],
    ),
    "money less tests": (lambda: p.difference(COST, TESTS), ["they do not add up"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(mistake: str) -> None:
    """The sentence names what was given, says what to write, and is short."""
    make, said = MISTAKES[mistake]
    with pytest.raises(UserError) as caught:
        make()
    for part in said:
        assert part in str(caught.value)
    assert "Attribute(" not in str(caught.value)


def test_run_points_say_none_and_services_leave_the_label_out() -> None:
    """Any error is `none_of("none")` of the one, `none_of("")` of the other."""
    of_runs = total(m.GNOMON_RUN_MODEL_CALLS, where={a.ERROR_TYPE: none_of("none")})
    of_services = total(m.GEN_AI_INVOKE_AGENT_DURATION, where={a.ERROR_TYPE: none_of("")})
    assert 'error_type!="none"' in of_runs.text
    assert 'error_type!=""' in of_services.text


def test_the_newest_count_may_be_asked_of_one_part() -> None:
    """Split by what a run counts by, or held to one of it."""
    expected, skill = m.GNOMON_RUN_TOOL_USE_EXPECTED, a.GEN_AI_SKILL_NAME
    assert "last_over_time" in p.latest(expected, by=skill).text
    assert "last_over_time" in p.latest(expected, where={skill: "refunds"}).text
    assert "last_over_time" in p.latest(m.GNOMON_RUN_WORKERS).text


def test_one_label_needs_no_list() -> None:
    """`by=LABEL` is `by=[LABEL]`, wherever something is split."""
    one, listed = (total(m.GNOMON_RUN_TESTS, by=by) for by in (a.GEN_AI_SKILL_NAME, [a.GEN_AI_SKILL_NAME]))
    assert one == listed
    assert highest(one, a.GEN_AI_SKILL_NAME) == highest(one, [a.GEN_AI_SKILL_NAME])
    assert recorded("suite:x", by=a.TEST_SUITE_NAME) == recorded("suite:x", by=[a.TEST_SUITE_NAME])


def test_one_value_needs_no_regular_expression() -> None:
    """`one_of` and `none_of` of a single value are `=` and `!=`, and nothing in it is escaped."""
    assert (one_of("failed"), none_of("a.b")) == (("=", "failed"), ("!=", "a.b"))
    assert one_of("failed", "a.b") == ("=~", r"failed|a\.b")


def test_counts_of_different_things_add_up_to_what_they_are_together() -> None:
    """Attempts that were refused are those that led to a retry and those that ended a call."""
    refused = p.plus(total(m.GNOMON_RUN_RETRIES), total(m.GNOMON_RUN_MODEL_CALLS), unit="{attempt}")
    assert refused.unit == "{attempt}"
    assert percent(refused, total(m.GNOMON_RUN_API_LATENCY)).unit == "%"


def test_counts_of_different_things_may_be_in_percent_of_each_other() -> None:
    """Retries in percent of attempts; of what has no unit nothing is known."""
    retries, attempts = total(m.GNOMON_RUN_RETRIES), total(m.GNOMON_RUN_API_LATENCY)
    assert percent(retries, attempts).unit == "%"
    assert percent(COST, raw("up")).unit == "%"
    assert p.ratio(COST, raw("up")).unit == "", "dollars per what nobody knows"
