"""How expressions read what they name: the cases beside those on the pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnomon_generators.checks.finding import Severity
from tests.checks.trees import board, found, in_panel, marked, panel, query, rules


@pytest.mark.parametrize(
    "text",
    [
        "count(traces_spanmetrics_calls_total)",
        "absent(otelcol_exporter_sent_spans)",
        "up and on (job) otelcol_exporter_sent_spans",
        "max_over_time(rate(otelcol_exporter_sent_spans[5m])[1h:])",
        "sum(increase(otelcol_exporter_sent_spans[1h:1m]))",
        "otelcol_exporter_sent_spans - otelcol_exporter_sent_spans offset 1d",
        "otelcol_exporter_queue_size",
    ],
)
def test_a_counter_without_a_window_may_be_meant(text: str, tmp_path: Path) -> None:
    """Counting series, asking whether they are there, and differences in time are no lifetime totals."""
    assert in_panel(tmp_path, text, "promql/lifetime") == []


def test_a_ratio_of_lifetimes_is_one_finding(tmp_path: Path) -> None:
    """Two counters in one expression stand there for one reason."""
    text = 'sum(otelcol_exporter_sent_spans{exporter="a"}) / (sum(otelcol_exporter_sent_spans) > 0)'
    findings = in_panel(tmp_path, text, "promql/lifetime")
    assert marked(findings) == ['otelcol_exporter_sent_spans{exporter="a"}']
    assert "mixes all versions" in findings[0].message


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("a / b", False),
        ("a / (b > 0)", True),
        ("a / (b != 0)", True),
        ("a / (b >= 0)", False),
        ("a / (b > bool 0)", False),
        ("a / 60", True),
        ("a / 0", False),
        ("a / count(b)", True),
        ("a / clamp_min(b, 1)", True),
        ("a / scalar(count(b))", True),
        ("a / sum(b > 0)", True),
        ("a / (b or c)", False),
        ("(a / b) > 0.5", True),
        ("a / b and b > 10", True),
        ("c > a / b", False),
        ("a / $__range_s", True),
    ],
)
def test_what_counts_as_a_guard(text: str, guarded: bool, tmp_path: Path) -> None:
    """A denominator is guarded where zero is left out before it, or NaN after it."""
    assert (in_panel(tmp_path, text, "promql/division") == []) == guarded


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("count(up) < 0", "never"),
        ("count(up) >= 1", "always"),
        ("up == 2", "never"),
        ("min(last_over_time(routing_accuracy_percent[1d])) < 85", None),
        ("85 > min(last_over_time(routing_accuracy_percent[1d]))", None),
        ("100 < min(last_over_time(routing_accuracy_percent[1d]))", "never"),
        ("sum(rate(shop_total[5m])) < 0", "never"),
        ("otelcol_exporter_queue_size < 0", None),
        ("-count(up) > 0", "never"),
        ('sum(up{job="a"}) / (sum(up) > 0) > 1', "never"),
        ('(sum(up{job="a"}) or vector(0)) / sum(up) > 1', "never"),
        ('1 - sum(up{job="a"}) / sum(up) > 1', "never"),
        ('sum(up{job="a"}) / sum(otelcol_exporter_queue_size) > 1', None),
        ("up and (count(up) >= 0)", None),
        ("count(up) > $limit", None),
    ],
)
def test_what_is_certain(text: str, outcome: str | None, tmp_path: Path) -> None:
    """A comparison is reported when bounds from units, kinds and shapes decide it."""
    findings = in_panel(tmp_path, text, "promql/impossible")
    assert [f"{outcome} true" in finding.message for finding in findings] == ([True] if outcome else [])
    if outcome:
        assert findings[0].severity == (Severity.ERROR if outcome == "never" else Severity.WARNING)


def test_bounds_come_through_rules(tmp_path: Path) -> None:
    """A recorded share is a share where it is compared."""
    files = {
        "rules/yaml/a.yaml": rules(
            ("record", "a:share", 'sum(up{job="a"}) / (sum(up) > 0)'), ("alert", "Low", "a:share < 85")
        )
    }
    findings = found(tmp_path, files, "promql/impossible")
    assert [(finding.where.rule, finding.advice) for finding in findings] == [
        ("Low", "compare with 0.85: the left side is a share, no percentage")
    ]


def test_quotients_are_known_through_rules(tmp_path: Path) -> None:
    """The average of a recorded mean is an average of means; that of a recorded sum is not."""
    files = {
        "rules/yaml/a.yaml": rules(
            ("record", "a:mean", "sum by (job) (rate(x_sum[5m])) / (sum by (job) (rate(x_count[5m])) > 0)"),
            ("record", "a:sum", "sum by (job) (rate(x_sum[5m])) / 60"),
        ),
        "dashboards/json/b.json": board(
            panel(query("avg(a:mean)")),
            panel(query("avg(a:sum)"), id=2),
            panel(query("avg_over_time(up[1h])"), id=3),
        ),
    }
    assert [finding.where.panel_id for finding in found(tmp_path, files, "promql/average")] == [1]


def test_a_recorded_quantile_is_a_quantile(tmp_path: Path) -> None:
    """Averages of recorded quantiles are found, their largest is left alone."""
    files = {
        "rules/yaml/a.yaml": rules(
            ("record", "a:p95", "histogram_quantile(0.95, sum by (le, job) (rate(x_bucket[5m])))")
        ),
        "dashboards/json/b.json": board(panel(query("avg(a:p95)")), panel(query("max(a:p95)"), id=2)),
    }
    assert [finding.where.panel_id for finding in found(tmp_path, files, "promql/quantile")] == [1]


def test_the_scrape_interval_may_be_said(tmp_path: Path) -> None:
    """A minute's window is enough for scrapes every 15 seconds, not for one a minute."""
    text = "sum(rate(otelcol_exporter_sent_spans[1m]))"
    assert in_panel(tmp_path, text, "promql/window") == []
    (tmp_path / "gnomon-check.yaml").write_text("scrape_interval: 1m\n")
    assert marked(in_panel(tmp_path, text, "promql/window")) == ["1m"]


@pytest.mark.parametrize(
    ("pattern", "severity"),
    [
        ('job=~".*"', Severity.WARNING),
        ('job!~".*"', Severity.ERROR),
        ('job=~"a^b"', Severity.ERROR),
        ('job=~"^shop$"', Severity.INFO),
        ('job=~"shop"', Severity.INFO),
        ('job=~"shop.+"', None),
        ('job=~"shop|bar"', None),
        ('job=~"$job"', None),
        ('job=~"[^a]b"', None),
        ('job=~".+"', None),
    ],
)
def test_patterns(pattern: str, severity: Severity | None, tmp_path: Path) -> None:
    """Patterns that do no work are reported by how much harm they do."""
    findings = in_panel(tmp_path, f"sum(up{{{pattern}}})", "promql/regexp")
    assert [finding.severity for finding in findings] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("matchers", "contradict"),
    [
        ('job="a", job!="a"', True),
        ('job="a", job=~"b.*"', True),
        ('job=~"a", job!~"a"', True),
        ('job="a", job!="b"', False),
        ('job="a", instance="b"', False),
        ('job="$job", job="a"', False),
    ],
)
def test_matchers_that_exclude_each_other(matchers: str, contradict: bool, tmp_path: Path) -> None:
    """Only certain contradictions are reported."""
    assert bool(in_panel(tmp_path, f"up{{{matchers}}}", "promql/selector")) == contradict


def test_one_defect_is_one_finding(tmp_path: Path) -> None:
    """A window that is too short is reported as that, and not as one that does not follow the step too."""
    text = "sum(rate(otelcol_exporter_sent_spans[20s]))"
    findings = in_panel(
        tmp_path, text, "promql/window", "dashboard/target-rate-interval-rule", type="timeseries"
    )
    assert [finding.check for finding in findings] == ["promql/window"]


def test_native_histograms_need_no_buckets(tmp_path: Path) -> None:
    """A histogram without buckets' suffix may be a native one."""
    assert in_panel(tmp_path, "histogram_quantile(0.9, sum(rate(shop_seconds[5m])))", "promql/le") == []


def test_rules_in_a_circle_end_no_run(tmp_path: Path) -> None:
    """Bounds, quotients and labels of rules that wait for each other are simply not known."""
    files = {
        "rules/yaml/a.yaml": rules(
            ("record", "a:x", "avg(b:x) / (c:x > 0)"),
            ("record", "b:x", "sum(a:x offset 1h) > 1"),
            ("record", "c:x", "b:x"),
        )
    }
    assert found(tmp_path, files, "promql/*", "contract/[!u]*") is not None


@pytest.mark.parametrize(
    ("repeat", "expected"), [({}, 1), ({"repeat": "suite"}, 0), ({"repeat": "other"}, 1)]
)
def test_a_repeated_panel_holds_one_value(repeat: dict[str, str], expected: int, tmp_path: Path) -> None:
    """Drawn once for each value, a panel compares with one."""
    variables = {"list": [{"name": "suite", "type": "query", "multi": True}]}
    files = {
        "dashboards/json/b.json": board(panel(query('up{job="$suite"}'), **repeat), templating=variables)
    }
    assert len(found(tmp_path, files, "promql/multi-value")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("topk(5, up)", 1),
        ("up * on (job) group_left () topk by (job) (1, up)", 0),
        ("topk by (job) (1, up) * on (job) group_right () up", 0),
        ("topk(5, up) * on (job) group_left () up", 1),
        ("topk by (job) (1, up)", 0),
        ("topk by (job) (5, up)", 1),
    ],
)
def test_picking_a_partner_is_no_ranking(text: str, expected: int, tmp_path: Path) -> None:
    """On the side of a join that has one series each, topk ranks nothing."""
    files = {"rules/yaml/a.yaml": rules(("record", "a:x", text))}
    assert len(found(tmp_path, files, "promql/topk")) == expected
