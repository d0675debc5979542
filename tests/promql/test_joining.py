"""Expressions join into ratios, differences and guards that mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gnomon.errors import UserError
from gnomon.registry import attributes as a
from gnomon.registry import metrics
from gnomon.registry.attribute import Attribute
from gnomon_generators import promql, stack_metrics

TESTS = metrics.GNOMON_RUN_TESTS
RETRIES = metrics.GNOMON_RUN_RETRIES
CALLS = metrics.GNOMON_RUN_MODEL_CALLS


@dataclass(frozen=True)
class Choice:
    name: str
    multi: bool = False
    attribute: Attribute | None = None


def test_ratios_have_no_zero_below_and_a_zero_above() -> None:
    """Dividing by nothing gives nothing; nothing divided by something is zero."""
    expr = promql.ratio(promql.total(RETRIES, "1d"), promql.total(CALLS, "1d"))
    assert expr.text == (
        "(sum(sum_over_time(gnomon_run_retries[1d])) or 0 * sum(sum_over_time(gnomon_run_model_calls[1d])))"
        " / (sum(sum_over_time(gnomon_run_model_calls[1d])) > 0)"
    )
    assert expr.unit == "{retry}/{call}"


def test_what_is_absent_may_be_unknown() -> None:
    """A cost that nobody recorded is not a cost of zero."""
    expr = promql.ratio(promql.total(metrics.GNOMON_RUN_COST_USD), promql.total(TESTS), absent_is_zero=False)
    assert " or " not in expr.text


def test_shares_are_of_the_whole() -> None:
    """A part that is split more finely than the whole is matched with it."""
    expr = promql.percent(promql.total(TESTS, by=[a.GNOMON_TEST_OUTCOME]), promql.total(TESTS))
    assert "/ on () group_left () (" in expr.text
    assert expr.unit == "%"
    assert expr.labels == ("gnomon_test_outcome",)


def test_what_would_not_match_is_refused() -> None:
    """Series that are split by different labels meet no partner, so nobody gets such an expression."""
    by_outcome = promql.total(TESTS, by=[a.GNOMON_TEST_OUTCOME])
    with pytest.raises(UserError, match="no series would match"):
        promql.ratio(promql.total(TESTS), by_outcome)
    with pytest.raises(UserError, match="split both by the same labels"):
        promql.difference(by_outcome, promql.total(TESTS))
    with pytest.raises(UserError, match="do not add up"):
        promql.difference(promql.total(TESTS), promql.total(CALLS))


def test_last_week_is_the_same_expression_shifted() -> None:
    """A shift reaches every selector, adds to offsets that are there, and refuses what it cannot know."""
    rate = promql.ratio(promql.total(RETRIES, "7d"), promql.total(CALLS, "7d"))
    assert promql.shifted(rate, "7d").text.count("[7d] offset 7d") == 3
    assert rate.text.count("offset") == 0
    ledger = promql.shifted(promql.total(metrics.ROUTING_TEST, "36h"), "7d")
    assert ledger.text.count("offset 7d)") == 2
    assert ledger.text.count("offset 204h)") == 1
    with pytest.raises(UserError, match="fixed windows only"):
        promql.shifted(promql.total(metrics.ROUTING_TEST), "7d")
    with pytest.raises(UserError, match="write its offset yourself"):
        promql.shifted(promql.difference(promql.raw("up", unit="{test}"), promql.total(TESTS)), "7d")
    with pytest.raises(UserError, match="no length of time"):
        promql.shifted(promql.total(TESTS), "a week")


def test_guards_and_bounds() -> None:
    """A ratio is shown only where enough stands behind it, and a bound itself is not between."""
    rate = promql.recorded("routing_test:pass_rate_7d", labels=[a.GEN_AI_SKILL_NAME], unit="1")
    runs = promql.recorded("routing_test:case_runs:7d", labels=[a.GEN_AI_SKILL_NAME])
    assert promql.at_least(rate, runs, 5).text == (
        "routing_test:pass_rate_7d and (routing_test:case_runs:7d >= 5)"
    )
    assert promql.between(rate, 0.3, 0.7).text == (
        "routing_test:pass_rate_7d > 0.3 and routing_test:pass_rate_7d < 0.7"
    )
    overall = promql.recorded("routing_test:runs:7d", labels=[])
    assert promql.at_least(rate, overall, 5).text == (
        "routing_test:pass_rate_7d and on () (routing_test:runs:7d >= 5)"
    )


def test_recorded_series() -> None:
    """A recorded series stands as it is, or, split by fewer labels than it has, as its highest value."""
    rate = promql.recorded("routing_test:flaky_tests", where={a.TEST_SUITE_NAME: "shop"}, unit="1")
    assert rate.text == 'routing_test:flaky_tests{test_suite_name="shop"}'
    assert rate.labels is None
    by_case = promql.recorded("routing_test:flaky_tests", by=[a.GNOMON_TEST_CASE_ID], unit="1")
    assert by_case.text == "max by (gnomon_test_case_id) (routing_test:flaky_tests)"
    assert by_case.labels == ("gnomon_test_case_id",)
    assert promql.shifted(by_case, "7d").text == (
        "max by (gnomon_test_case_id) (routing_test:flaky_tests offset 7d)"
    )
    with pytest.raises(UserError, match="no name of a recorded series"):
        promql.recorded("flaky tests")


def test_recorded_series_over_a_window() -> None:
    """The highest, the newest, the sum of what was recorded, as it stands or split by labels."""
    peak = promql.recorded_over("suite:cost_usd:1d", "max", "7d", labels=[a.TEST_SUITE_NAME], unit="{USD}")
    assert promql.shifted(peak, "1d").text == "max_over_time(suite:cost_usd:1d[7d] offset 1d)"
    assert (peak.unit, peak.labels) == ("{USD}", ("test_suite_name",))
    assert promql.recorded_over(
        "suite:runs:1d", "sum", "7d", by=[a.TEST_SUITE_NAME], where={a.TEST_SUITE_NAME: "shop"}
    ).text == ('sum by (test_suite_name) (sum_over_time(suite:runs:1d{test_suite_name="shop"}[7d]))')
    assert promql.recorded_over("suite:runs:1d", "last", by=[]).text == (
        "max(last_over_time(suite:runs:1d[$__range]))"
    )


def test_what_is_lacking() -> None:
    """The first where the second is not there, which may be split by fewer labels."""
    runs = promql.total(metrics.GNOMON_RUN_FINISHED, "14d", [a.TEST_SUITE_NAME])
    assert promql.lacking(
        runs, promql.total(metrics.GNOMON_RUN_FINISHED, "3d", [a.TEST_SUITE_NAME])
    ).text == (
        "sum by (test_suite_name) (sum_over_time(gnomon_run_finished[14d])) unless "
        "sum by (test_suite_name) (sum_over_time(gnomon_run_finished[3d]))"
    )
    assert " unless on () sum(" in promql.lacking(runs, promql.total(metrics.GNOMON_RUN_FINISHED, "3d")).text


def test_numbers_keep_their_digits() -> None:
    """A budget of a million and a bit is not rounded."""
    assert promql.above(promql.total(TESTS, "1d"), 1234567).text.endswith("> 1234567")
    assert promql.below(promql.total(TESTS, "1d"), 0.1234567).text.endswith("< 0.1234567")


def test_zero_only_where_it_is_known() -> None:
    """Where labels split a result nobody knows which of them are zero."""
    assert promql.or_zero(promql.total(TESTS, "1d")).text.endswith(" or vector(0)")
    with pytest.raises(UserError, match="split by gnomon_test_outcome"):
        promql.or_zero(promql.total(TESTS, by=[a.GNOMON_TEST_OUTCOME]))


def test_ratios_are_not_added_up() -> None:
    """The sum of percentages is refused, their highest and lowest are not."""
    share = promql.percent(promql.total(RETRIES, by=[a.GEN_AI_REQUEST_MODEL]), promql.total(CALLS))
    with pytest.raises(UserError, match="ratios are not added up"):
        promql.summed(share)
    assert promql.highest(share).unit == "%"
    with pytest.raises(UserError, match="is not split by gnomon_test_outcome"):
        promql.highest(share, by=[a.GNOMON_TEST_OUTCOME])


@pytest.mark.parametrize(
    ("where", "matchers"),
    [
        ({a.GNOMON_TEST_OUTCOME: "failed"}, 'gnomon_test_outcome="failed"'),
        ({a.GNOMON_TEST_OUTCOME: ("!=", "passed")}, 'gnomon_test_outcome!="passed"'),
        ({a.GNOMON_TEST_OUTCOME: promql.one_of("failed", "error")}, 'gnomon_test_outcome=~"failed|error"'),
        ({a.GEN_AI_SKILL_NAME: promql.none_of("a.b", "c-d")}, 'gen_ai_skill_name!~"a\\\\.b|c-d"'),
        ({a.GEN_AI_SKILL_NAME: 'a "b" \\'}, 'gen_ai_skill_name="a \\"b\\" \\\\"'),
        ({a.TEST_SUITE_NAME: Choice("suite")}, 'test_suite_name="$suite"'),
        ({a.TEST_SUITE_NAME: Choice("suite", multi=True)}, 'test_suite_name=~"$suite"'),
    ],
)
def test_selectors(where: promql.Where, matchers: str) -> None:
    """Values are quoted, alternatives escaped, variables matched as Grafana writes them."""
    assert promql.total(TESTS, "1d", where=where).text == (
        f"sum(sum_over_time(gnomon_run_tests{{{matchers}}}[1d]))"
    )


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ({a.GNOMON_TEST_OUTCOME: "pased"}, "gnomon.test.outcome is never 'pased': its values are passed"),
        ({a.GNOMON_TEST_OUTCOME: ("=~", "failed|eror")}, "is never 'eror'"),
        ({a.GNOMON_TEST_OUTCOME: ("!~", "fail.*x")}, "is never 'fail.\\*x'"),
        ({a.GNOMON_TEST_OUTCOME: ("=~", "(")}, "no regular expression"),
        ({a.GEN_AI_REQUEST_MODEL: "opus"}, "gnomon.run.tests has no label gen_ai.request.model"),
    ],
)
def test_what_a_label_never_says_is_refused(where: promql.Where, sentence: str) -> None:
    """A label or a value that cannot be is the writer's mistake, told when the expression is made."""
    with pytest.raises(UserError, match=sentence):
        promql.total(TESTS, where=where)


def test_a_class_of_errors_is_checked_on_metrics() -> None:
    """The kinds of errors are a closed set on metrics, though not on spans."""
    with pytest.raises(UserError, match=r"error\.type is never 'RateLimitError'"):
        promql.total(RETRIES, where={a.ERROR_TYPE: "RateLimitError"})
    assert "rate_limited" in promql.total(RETRIES, where={a.ERROR_TYPE: "rate_limited"}).text


def test_a_boards_filter_narrows_what_it_can() -> None:
    """One filter goes into every expression of a board; a metric without the label is not narrowed."""
    board = promql.filters(
        Choice("suite", True, a.TEST_SUITE_NAME), Choice("department", True, a.GNOMON_DEPARTMENT)
    )
    assert (
        'test_suite_name=~"$suite", gnomon_department=~"$department"' in promql.total(TESTS, where=board).text
    )
    service = metrics.GNOMON_MODEL_CALL_RETRIES
    assert promql.total(service, "1d", where=board).text == (
        'sum(increase(gnomon_model_call_retries_total{gnomon_department=~"$department"}[1d]))'
    )
    both = promql.total(TESTS, where=board | {a.GNOMON_TEST_OUTCOME: "failed"})
    assert 'gnomon_department=~"$department", gnomon_test_outcome="failed"' in both.text
    with pytest.raises(UserError, match="make it with label_variable"):
        promql.filters(Choice("datasource"))


def test_panels_over_time_say_their_least_step() -> None:
    """Run points per step carry the step below which they would not be drawn once each."""
    drawn = promql.over_time(TESTS)
    assert drawn.text == "sum(sum_over_time(gnomon_run_tests[$__interval]))"
    assert drawn.step == "1m"
    assert promql.percent(drawn, drawn).step == "1m"
    assert promql.total(TESTS).step is None
    counter = promql.over_time(metrics.GNOMON_MODEL_CALL_RETRIES)
    assert counter.text == (
        "sum(rate(gnomon_model_call_retries_total[$__rate_interval])) * $__interval_ms / 1000"
    )
    with pytest.raises(UserError, match="would show a run several times"):
        promql.total(TESTS, promql.RATE)


def test_rates_of_what_is_sent_once_a_minute_say_so() -> None:
    """Services send once a minute: Grafana's window of rates follows from that, not from scrapes."""
    retries, durations = metrics.GNOMON_MODEL_CALL_RETRIES, metrics.GEN_AI_INVOKE_AGENT_DURATION
    assert promql.per_second(retries).step == "1m"
    assert promql.over_time(retries).step == "1m"
    assert promql.quantile(durations, 0.95, promql.STEP).step == "1m"
    assert promql.per_second(retries, "5m").step is None
    assert promql.per_second(stack_metrics.SPAN_CALLS).step is None


def test_rates_know_their_length() -> None:
    """What run points count, a second, is their total divided by the window's length."""
    assert promql.per_second(RETRIES, "5m").text == "sum(sum_over_time(gnomon_run_retries[5m])) / 300"
    assert promql.per_second(RETRIES, promql.RANGE).text.endswith("/ $__range_s")
    assert promql.per_second(RETRIES, promql.STEP).text.endswith("/ ($__interval_ms / 1000)")
    assert promql.per_second(RETRIES, "5m").unit == "{retry}/s"
    assert promql.per_second(metrics.GNOMON_MODEL_CALL_RETRIES).text == (
        "sum(rate(gnomon_model_call_retries_total[$__rate_interval]))"
    )
