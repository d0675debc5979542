"""Queries may name what is emitted or recorded, with the labels and values that it has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import pytest

from gnomon.registry import metrics
from gnomon.registry.model import Metric
from gnomon.registry.prometheus import series_names
from gnomon_generators import promql as p
from tests.checks.trees import board, found, in_panel, marked, panel, query, rules, tree

SUITES = "suites:\n  - name: routing\n  - name: billing\norganisation:\n  environments: [test, production]\n"


@pytest.mark.parametrize("name", [name for metric in metrics.ALL for name in series_names(metric)])
def test_every_series_of_the_registry_may_be_named(name: str, tmp_path: Path) -> None:
    """Each series of each metric is known, whatever its kind."""
    assert in_panel(tmp_path, f"count({name})", "contract/metric", "contract/suffix") == []


@pytest.mark.parametrize("metric", metrics.ALL, ids=str)
def test_what_the_vocabulary_writes_is_right(metric: Metric, tmp_path: Path) -> None:
    """The expressions that the generator writes for a metric, split by any label, pass every check."""
    texts = [
        expression
        for reading in (p.total, p.over_time, p.per_second, p.latest, p.mean, lambda m: p.quantile(m, 0.95))
        for expression in _written(reading, metric)
    ]
    texts += [p.total(metric, by=[label]).text for label in metric.attributes if metric.additive]
    assert texts
    files = {
        "dashboards/json/board.json": board(
            *(panel(query(text), id=number, title=str(number)) for number, text in enumerate(texts))
        )
    }
    assert found(tmp_path, files, "contract/[!u]*", "promql/*") == []


def _written(reading: object, metric: Metric) -> list[str]:
    from gnomon.errors import UserError

    try:
        return [reading(metric).text]  # type: ignore[operator]
    except UserError:
        return []


def test_an_unknown_name_is_reported_once_with_what_was_meant(tmp_path: Path) -> None:
    """A name that stands twice is one mistake, and neither its labels nor its values are reported too."""
    part = 'sum(sum_over_time(gnomon_run_tesst{nothing="a"}[1h]))'
    text = f"{part} / (sum(sum_over_time(gnomon_run_tesst[1h])) > 0)"
    findings = in_panel(tmp_path, text, "contract/[!u]*", "promql/*")
    assert [finding.check for finding in findings] == ["contract/metric"]
    assert findings[0].advice.startswith("write gnomon_run_tests")
    assert marked(findings) == ["gnomon_run_tesst"]


def test_labels_are_followed_through_rules(tmp_path: Path) -> None:
    """A recorded series has the labels that its rule leaves, through as many rules as it takes."""
    recorded = rules(
        (
            "record",
            "a:tests:1d",
            "sum by (test_suite_name, gen_ai_skill_name) (sum_over_time(gnomon_run_tests[1d]))",
        ),
        ("record", "b:tests:1d", "max by (gen_ai_skill_name) (a:tests:1d)"),
        ("record", "c:tests:1d", 'label_replace(b:tests:1d, "skill", "$1", "gen_ai_skill_name", "(.*)")'),
    )
    files = {
        "rules/yaml/a.yaml": recorded,
        "dashboards/json/board.json": board(
            panel(query('sum by (skill) (c:tests:1d{gen_ai_skill_name!=""})')),
            panel(query('b:tests:1d{test_suite_name="a"}'), id=2, title="two"),
        ),
    }
    findings = found(tmp_path, files, "contract/label")
    assert [finding.where.panel_id for finding in findings] == [2]
    assert marked(findings) == ['test_suite_name="a"']


def test_a_rule_adds_its_own_labels(tmp_path: Path) -> None:
    """The labels that a recording rule sets are labels of its series."""
    text = rules(("record", "a:tests:1d", "sum(sum_over_time(gnomon_run_tests[1d]))")).replace(
        "  name: example", "  name: example"
    )
    text = text.replace("expr:", "labels: {team: shop}\n    expr:")
    files = {
        "rules/yaml/a.yaml": text,
        "dashboards/json/b.json": board(panel(query("sum by (team) (a:tests:1d)"))),
    }
    assert found(tmp_path, files, "contract/label") == []


def test_labels_of_a_scrape_exist_where_something_is_scraped(tmp_path: Path) -> None:
    """A run has no instance; what is scraped has."""
    assert marked(
        in_panel(tmp_path, "sum by (instance) (sum_over_time(gnomon_run_tests[1h]))", "contract/label")
    ) == ["instance"]
    assert (
        in_panel(tmp_path, "sum by (job, instance) (rate(otelcol_exporter_sent_spans[5m]))", "contract/label")
        == []
    )


def test_none_is_a_value_of_run_points_alone(tmp_path: Path) -> None:
    """The series of a service are without the label where there is nothing to say, and the advice says so."""
    of_runs = 'sum(sum_over_time(gnomon_run_model_calls{error_type!="none"}[1h]))'
    assert in_panel(tmp_path, of_runs, "contract/value") == []
    of_services = 'sum(rate(gen_ai_invoke_agent_duration_seconds_count{error_type!="none"}[5m]))'
    (finding,) = in_panel(tmp_path, of_services, "contract/value")
    assert marked([finding]) == ['error_type!="none"']
    assert finding.advice == 'write error_type!="" for what has one, error_type="" for what has none'


def test_values_are_bounded_by_the_settings(tmp_path: Path) -> None:
    """Suites and environments that gnomon.yaml lists are all there are; without a list any will do."""
    matchers = 'test_suite_name="rooting", deployment_environment_name="test"'
    text = f"sum(sum_over_time(gnomon_run_tests{{{matchers}}}[1h]))"
    (tmp_path / "open").mkdir()
    assert in_panel(tmp_path / "open", text, "contract/value") == []
    (tmp_path / "gnomon.yaml").write_text(SUITES)
    findings = in_panel(tmp_path, text, "contract/value")
    assert marked(findings) == ['test_suite_name="rooting"']
    assert findings[0].advice == "write routing"


@pytest.mark.parametrize(
    ("matcher", "wrong"),
    [
        ('gnomon_test_outcome=~"passed|failed"', []),
        ('gnomon_test_outcome=~"pass.*"', []),
        ('gnomon_test_outcome=~"green.*"', ["green.*"]),
        ('gnomon_test_outcome!="broken"', ["broken"]),
        ('gnomon_test_outcome=""', []),
        ('gnomon_test_outcome="$outcome"', []),
        ('gen_ai_skill_name="anything"', []),
    ],
)
def test_values_of_closed_sets(matcher: str, wrong: list[str], tmp_path: Path) -> None:
    """A value outside a closed set is reported, also in patterns; open labels and variables are free."""
    findings = in_panel(tmp_path, f"sum(sum_over_time(gnomon_run_tests{{{matcher}}}[1h]))", "contract/value")
    assert [value in finding.message for finding, value in zip(findings, wrong, strict=True)] == [True] * len(
        wrong
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (
            "sum by (job) (up) * on (job) group_left (service_version) (max by (job) (up))",
            "service_version",
        ),
        ("sum by (job) (up) / ignoring (colour) (sum by (job) (up) > 0)", "colour"),
        ("sum by (job) (up) unless sum by (instance) (up)", "unless"),
        ("sum by (job) (up) * on (job, instance) sum by (job, instance) (up)", "instance"),
        ("sum by (job) (up) / on (job) group_right () (sum by (job, instance) (up) > 0)", None),
        ("sum by (job) (up) or sum by (instance) (up)", None),
        ("up * 2 > 1", None),
    ],
)
def test_sides_meet(text: str, part: str | None, tmp_path: Path) -> None:
    """Joins are on labels that both sides have, copied labels on the side that they are copied from."""
    assert marked(in_panel(tmp_path, text, "contract/join")) == ([part] if part else [])


def test_rules_in_a_circle_are_reported_once(tmp_path: Path) -> None:
    """However many rules a circle has, the finding is at one and names all; the past is no circle."""
    files = {
        "rules/yaml/a.yaml": rules(
            ("record", "b:x", "sum(c:x)"),
            ("record", "a:x", "sum(b:x)"),
            ("record", "c:x", "sum(a:x)"),
            ("record", "d:x", "sum(d:x offset 1m) + sum(sum_over_time(gnomon_run_finished[1m]))"),
        )
    }
    findings = found(tmp_path, files, "contract/cycle")
    assert [finding.where.rule for finding in findings] == ["a:x"]
    assert "a:x → b:x → c:x → a:x" in findings[0].message


class TestFilesOfOthers:
    """A file that is not ours is not held to our contract, but to what nobody else emits."""

    TEXTS = (
        "node_load1",
        "sum by (zone) (rate(shop_orders_total[5m]))",
        "job:shop_orders:rate5m",
        "otelcol_something_new",
        'sum without (pod) (up{namespace="a"}) * on (namespace) group_left () alertmanager_alerts',
    )

    def _board(self, *texts: str) -> dict[str, str]:
        panels = [panel(query(text), id=number, title=str(number)) for number, text in enumerate(texts)]
        return {"theirs/board.json": board(*panels, uid="shop")}

    def test_unknown_families_pass(self, tmp_path: Path) -> None:
        """Metrics of other programs may be named, with any label."""
        assert found(tmp_path, self._board(*self.TEXTS), "contract/*", paths=["theirs"]) == []

    def test_our_families_do_not(self, tmp_path: Path) -> None:
        """What begins like our metrics must be one of them, and have its labels."""
        files = self._board(
            "count(gnomon_run_test)", 'count(gnomon_run_tests{colour="red"})', "count(routing_test_cost_usd)"
        )
        findings = found(tmp_path, files, "contract/*", paths=["theirs"])
        assert [finding.check for finding in findings] == [
            "contract/metric",
            "contract/label",
            "contract/suffix",
        ]

    def test_other_producers_labels_are_theirs(self, tmp_path: Path) -> None:
        """Span metrics have the labels of the Collector and those of Tempo; no others."""
        files = self._board(
            'count(traces_spanmetrics_calls_total{service="a", span_name="b"})',
            "count by (expected_skill) (traces_spanmetrics_calls_total)",
        )
        assert marked(found(tmp_path, files, "contract/label", paths=["theirs"])) == ["expected_skill"]

    def test_the_contract_may_be_asked_for(self, tmp_path: Path) -> None:
        """`--contract ours` holds others' files to it, `none` holds no file."""
        from gnomon import settings
        from gnomon_generators.checks.discovery import chosen
        from gnomon_generators.checks.loading import load_tree
        from gnomon_generators.checks.runner import run

        tree(tmp_path, self._board("node_load1", "count(gnomon_run_test)"), ["theirs"])
        for mode, expected in (("ours", 2), ("auto", 1), ("none", 0)):
            loaded = load_tree(settings.load(start=tmp_path, environ={}), [tmp_path / "theirs"], mode)  # type: ignore[arg-type]
            assert len(run(loaded, chosen(("contract/metric",))).findings) == expected


class TestUnused:
    """What is emitted is looked at, or listed with a reason."""

    FILES: ClassVar = {
        "dashboards/json/board.json": board(panel(query("sum(sum_over_time(gnomon_run_tests[1h]))")))
    }

    def _unused(self, folder: Path, listed: str = "unused_metrics: []\n") -> list[str]:
        files = {**self.FILES, "gnomon-check.yaml": listed}
        return [str(finding.where.part) for finding in found(folder, files, "contract/unused")]

    def test_each_is_named(self, tmp_path: Path) -> None:
        """Every metric that no query names is reported; one that is used is not."""
        unused = self._unused(tmp_path)
        assert "metric gnomon.run.reruns" in unused
        assert len(unused) == len(metrics.ALL) - 1

    def test_a_list_with_reasons_is_kept(self, tmp_path: Path) -> None:
        """Listed metrics are not reported; an entry that is used or that is no metric is."""
        listed = (
            "unused_metrics:\n"
            "  - {metric: 'gnomon.run.[!t]*', reason: not yet}\n"
            "  - {metric: gnomon.run.tests, reason: wrong}\n"
        )
        unused = self._unused(tmp_path, listed)
        assert "metric gnomon.run.reruns" not in unused
        assert "unused_metrics gnomon.run.tests" in unused

    def test_who_keeps_no_list_is_not_asked_for_it(self, tmp_path: Path) -> None:
        """A project with one board need not show everything."""
        assert self._unused(tmp_path, "scrape_interval: 30s\n") == []

    def test_single_files_are_not_the_whole(self, tmp_path: Path) -> None:
        """Of files that are named it cannot be said what is used nowhere."""
        assert found(tmp_path, self.FILES, "contract/unused", paths=["dashboards"]) == []


class TestSeries:
    """The organisation fits into its budget of series."""

    FILES: ClassVar = {
        "dashboards/json/board.json": board(panel(query("sum(sum_over_time(gnomon_run_tests[1h]))")))
    }

    def _messages(self, folder: Path, settings: str) -> list[str]:
        files = {**self.FILES, "gnomon.yaml": settings}
        return [finding.message for finding in found(folder, files, "contract/series")]

    def test_a_fleet_beyond_its_budget_is_named_before_it_runs(self, tmp_path: Path) -> None:
        """Ten agents fit into ten thousand series, and a hundred do not; the largest metrics are named."""
        agents = ", ".join(f"{{name: agent-{number}}}" for number in range(100))
        few = ", ".join(f"{{name: agent-{number}}}" for number in range(10))
        budget = "budgets: {series: 10000}\n"
        assert self._messages(tmp_path / "few", f"{budget}organisation: {{agents: [{few}]}}\n") == []
        [message] = self._messages(tmp_path / "many", f"{budget}organisation: {{agents: [{agents}]}}\n")
        assert "budgets.series allows 10,000" in message
        assert "gnomon.skill.duration" in message

    def test_environments_and_cases_count(self, tmp_path: Path) -> None:
        """More environments make more series; cases without series of their own make fewer."""

        def total(name: str, settings: str) -> int:
            [message] = self._messages(tmp_path / name, f"budgets: {{series: 1, {settings}")
            return int(re.search(r"about ([\d,]+) series", message)[1].replace(",", ""))  # type: ignore[index]

        two = "case_series: 2000}\nenvironment: a\norganisation: {environments: [{name: a}, {name: b}]}\n"
        assert total("two", two) > total("one", "case_series: 2000}\n") > total("none", "case_series: 0}\n")


RULES = """
from gnomon.registry import metrics
from gnomon.registry.model import Metric
from gnomon_generators.promql import total
from gnomon_generators.rules import Group, RecordingRule

groups = [
    Group("ours", (RecordingRule("ours:tests:1d", total(metrics.GNOMON_RUN_TESTS, "1d"), "Tests."),), "1m")
]
"""


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("routing_test:pass_rate_7d", "`gnomon generate rules --only routing`"),
        ("ours:tests:1d", "`gnomon generate rules --only ours`"),
        ("ours:tests:2d", "write ours:tests:1d"),
        ("nobody:knows_this", "add a rule that records nobody:knows_this"),
    ],
)
def test_a_rule_that_was_left_out_is_to_be_generated_too(name: str, advice: str, tmp_path: Path) -> None:
    """Boards generated by themselves read what Gnomon's rules and the team's would record."""
    files = {"gnomon.yaml": "definitions: own\n", "own/rules/ours.py": RULES, "own/rules/wrong.py": "1 / 0\n"}
    files["dashboards/json/board.json"] = board(panel(query(name)))
    (finding,) = found(tmp_path, files, "contract/recorded", paths=["dashboards/json"])
    assert advice in finding.advice
