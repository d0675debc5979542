"""Each metric is read with the one expression that is right for how it is counted."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gnomon.errors import UserError
from gnomon.registry import attributes, metrics
from gnomon.registry.model import Metric
from gnomon_generators import promql
from tests.promql.servers import promtool

OUTCOME = (attributes.GNOMON_TEST_OUTCOME,)


@pytest.mark.parametrize(
    ("metric", "expression"),
    [
        (metrics.GNOMON_RUN_TESTS, "sum(sum_over_time(gnomon_run_tests[1d]))"),
        (
            metrics.GNOMON_RUN_TEST_DURATION,
            "sum(sum_over_time(gnomon_run_test_duration_seconds_count[1d]))",
        ),
        (
            metrics.ROUTING_TEST_RETRIES,
            "sum(last_over_time(routing_test_retries_total[1h])) - "
            "(sum(last_over_time(routing_test_retries_total[1h] offset 1d)) or "
            "0 * sum(last_over_time(routing_test_retries_total[1h])))",
        ),
        (
            metrics.GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS,
            "sum(increase(gen_ai_client_inference_usage_input_tokens_total[1d]))",
        ),
    ],
)
def test_totals_follow_the_counting(metric: Metric, expression: str) -> None:
    """Run points are summed, ledgers subtracted, counters increased."""
    assert promql.total(metric, "1d").text == expression


def test_totals_are_split_by_labels() -> None:
    """A total may be split by attributes, under their Prometheus names."""
    assert str(promql.total(metrics.GNOMON_RUN_TESTS, "1d", OUTCOME)) == (
        "sum by (gnomon_test_outcome) (sum_over_time(gnomon_run_tests[1d]))"
    )
    assert str(promql.quantile(metrics.GNOMON_RUN_API_LATENCY, 0.95, "1d")) == (
        "histogram_quantile(0.95, sum by (le) (sum_over_time(gnomon_run_api_latency_seconds_bucket[1d])))"
    )


@pytest.mark.parametrize("metric", [row for row in metrics.ALL if not row.additive])
def test_what_cannot_be_added_up_is_refused(metric: Metric) -> None:
    """Nobody gets a sum of percentages or of sequence numbers."""
    with pytest.raises(UserError, match="must not be added up"):
        promql.total(metric)
    # What is scraped all the time is read as it stands.
    assert ("last_over_time" in promql.latest(metric).text) == (metric.counting != "gauge")


def test_only_histograms_have_quantiles() -> None:
    """A quantile of a gauge is the reader's mistake."""
    with pytest.raises(UserError, match=r"gnomon.run.tests is a gauge: only a histogram"):
        promql.quantile(metrics.GNOMON_RUN_TESTS, 0.5)


def expressions(metric: Metric) -> list[str]:
    found = []
    if metric.instrument != "histogram":
        found.append(promql.latest(metric, "1d", metric.attributes))
    if metric.additive:
        found.append(promql.total(metric, "1d", metric.attributes[:2]))
    if metric.instrument == "histogram":
        found += [promql.quantile(metric, 0.95, "1d"), promql.mean(metric, "1d", metric.attributes[:1])]
    return [expression.text for expression in found]


def test_prometheus_accepts_every_expression(tmp_path: Path) -> None:
    """All expressions of all metrics are PromQL."""
    written = [expression for metric in metrics.ALL for expression in expressions(metric)]
    rules = [{"record": f"x{number}", "expr": written[number]} for number in range(len(written))]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    answer = promtool("check", "rules", path)
    assert answer.returncode == 0, answer.stderr
    assert f"{len(written)} rules found" in answer.stdout


def test_prometheus_computes_the_true_totals(tmp_path: Path) -> None:
    """Runs far apart, and a ledger series born late, add up to what happened."""

    def case(expression: promql.Expr, at: str, **totals: float) -> dict[str, object]:
        labels = {"all": "{}"} | {
            name: f'{{gnomon_test_outcome="{name}"}}' for name in totals if name != "all"
        }
        samples = [{"labels": labels[name], "value": value} for name, value in totals.items()]
        return {"expr": expression.text, "eval_time": at, "exp_samples": samples}

    ledger, points = metrics.ROUTING_TEST, metrics.GNOMON_RUN_TESTS
    series = {
        'routing_test_total{gnomon_test_outcome="passed"}': "5x60 12x120",
        'routing_test_total{gnomon_test_outcome="failed"}': "_x100 3x80",
        'gnomon_run_tests{gnomon_test_outcome="passed"}': "_x10 7 _x50 9 _x20",
    }
    cases = [
        case(promql.total(ledger, "2h", OUTCOME), "170m", passed=7, failed=3),
        case(promql.total(ledger, "2h"), "170m", all=10),
        case(promql.total(ledger, "10h"), "170m", all=15),
        case(promql.total(points, "2h"), "100m", all=16),
        case(promql.total(points, "45m"), "100m", all=9),
    ]
    tests = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": cases,
    }
    (tmp_path / "none.yml").write_text("groups: []\n")
    path = tmp_path / "tests.yml"
    path.write_text(yaml.safe_dump({"rule_files": ["none.yml"], "tests": [tests]}))
    answer = promtool("test", "rules", path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_when_the_newest_point_was_written(tmp_path: Path) -> None:
    """The end of the last run, seconds later and long after the point itself has gone out of sight."""
    newest = promql.last_moment(metrics.GNOMON_RUN_TESTS, "6h", where={OUTCOME[0]: "failed"})
    tests = {
        "interval": "1m",
        "input_series": [
            {"series": 'gnomon_run_tests{gnomon_test_outcome="failed"}', "values": "_x10 7 _x50 9 _x20"},
            {"series": 'gnomon_run_tests{gnomon_test_outcome="passed"}', "values": "_x200 7"},
        ],
        "promql_expr_test": [
            {
                "expr": newest.text,
                "eval_time": at,
                "exp_samples": [{"labels": "{}", "value": minute * 60 * 1000}],
            }
            for at, minute in (("240m", 61), ("61m10s", 61), ("60m", 10), ("64m", 61))
        ],
    }
    (tmp_path / "none.yml").write_text("groups: []\n")
    path = tmp_path / "tests.yml"
    path.write_text(yaml.safe_dump({"rule_files": ["none.yml"], "tests": [tests]}))
    answer = promtool("test", "rules", path)
    assert answer.returncode == 0, answer.stdout + answer.stderr

    with pytest.raises(UserError, match="is not counted by run"):
        promql.last_moment(metrics.ROUTING_TEST)
