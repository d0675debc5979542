"""Checks of rules and alerts: the cases beside those on the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gnomon_generators.checks.alert.templates import fault_of, labels_in
from gnomon_generators.checks.finding import Finding, Severity
from tests.checks.trees import found

ALERTS = "alerts/yaml/alerts.yaml"


def alert(**more: Any) -> str:
    """A rule file with one alert."""
    rule = {"alert": "Down", "expr": "sum by (job) (up) == 0", "for": "5m", **more}
    return yaml.safe_dump({"groups": [{"name": "alerts", "interval": "1m", "rules": [rule]}]})


def in_alert(folder: Path, check: str, **more: Any) -> list[Finding]:
    """What the check finds in an alert."""
    return found(folder, {ALERTS: alert(**more)}, check)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "All is lost.",
        "{{ $labels.job }} is at {{ $value | humanizePercentage }}",
        "{{- with $labels.job }}{{ . }}{{ end -}}",
        '{{ range query "up == 0" }}{{ .Labels.instance }} {{ end }}',
        "{{ if gt $value 0.5 }}half{{ else if eq $value 0.0 }}none{{ else }}some{{ end }}",
        '{{ $x := printf "%.1f" $value }}{{ $x }}',
        '{{ range $i, $one := query "up" }}{{ $i }} {{ $one.Value }}{{ end }}',
        "{{/* $nothing */}}",
        '{{ printf "a }} b %s" $labels.job }}',
        "{{ $externalLabels.cluster }} {{ externalURL }}",
        "{{ .Labels.job }} {{ .Value }}",
    ],
)
def test_templates_as_prometheus_takes_them_pass(text: str) -> None:
    """Actions, pipelines, blocks, variables of their own, comments and strings."""
    assert fault_of(text) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ $labels.job }", "not closed"),
        ("$labels.job }}", "not closed or not opened"),
        ("{{ $lables.job }}", "variable $lables"),
        ("{{ $value | humanise }}", "function humanise"),
        ("{{ if $value }}yes", "no end"),
        ("yes{{ end }}", "no block"),
    ],
)
def test_templates_that_prometheus_refuses_are_told_in_words(text: str, says: str) -> None:
    """The sentence says which name or brace it is."""
    fault = fault_of(text)
    assert fault is not None
    assert says in fault[0]


@given(st.text(alphabet='{}$."`| abilvenduf:=\n'))
def test_no_text_breaks_the_reading_of_templates(text: str) -> None:
    """Whatever stands there is a template, or one that is refused."""
    fault_of(text)
    list(labels_in(text))


def test_labels_are_told_from_words_in_strings() -> None:
    """A label is what an action prints, not what a text in it mentions."""
    text = 'job {{ $labels.job }} {{ query "sum($labels.no)" }} {{ index $labels "node" }} $labels.text'
    assert list(labels_in(text)) == ["job", "node"]


def test_a_label_must_survive_the_expression(tmp_path: Path) -> None:
    """What `by` drops prints as nothing, in labels as in annotations."""
    texts = {"summary": "{{ $labels.job }} in {{ $labels.region }}"}
    (finding,) = in_alert(tmp_path, "alert/template", annotations=texts)
    assert finding.where.part == "annotation summary"
    assert "the label `region`" in finding.message


def test_a_severity_that_is_almost_right_is_named(tmp_path: Path) -> None:
    """The advice is the word that was meant."""
    (finding,) = in_alert(tmp_path, "alert/severity", labels={"severity": "Warning"})
    assert finding.advice == "write `severity: warning`"


def test_all_missing_annotations_are_one_finding(tmp_path: Path) -> None:
    """An alert without any annotation is told once."""
    (finding,) = in_alert(tmp_path, "alert/annotations")
    assert "no summary, no description, no runbook_url" in finding.message


def test_a_hold_shorter_than_the_interval_is_worth_knowing(tmp_path: Path) -> None:
    """`for: 30s` at an interval of a minute holds for a minute; nothing at all is meant."""
    (short,) = in_alert(tmp_path, "alert/for-duration", **{"for": "30s"})
    assert short.severity == Severity.INFO
    assert in_alert(tmp_path, "alert/for-duration", **{"for": "0m"}) == []


def test_files_of_others_need_no_tests(tmp_path: Path) -> None:
    """Who names a rule file alone is not asked for tests of it; who names tests beside it is."""
    tests = yaml.safe_dump({"rule_files": ["../yaml/alerts.yaml"], "tests": []})
    files = {ALERTS: alert(), "alerts/tests/alerts.yaml": tests}
    assert found(tmp_path, files, "alert/tested", paths=[ALERTS]) == []
    assert found(tmp_path, files, "alert/tested", paths=["alerts"]) != []


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://runbooks.example.com/down", False),
        ("docs/runbooks/Down.md", False),
        ("https://git.example.com/us/agents/blob/main/docs/runbooks/Down.md#cause", False),
        ("https://git.example.com/us/agents/blob/main/docs/runbooks/Gone.md", True),
        ("see the wiki", True),
    ],
)
def test_a_runbook_is_a_page_here_or_an_address(url: str, wrong: bool, tmp_path: Path) -> None:
    """A page of this repository must be there, wherever the address of its host begins."""
    files = {ALERTS: alert(annotations={"runbook_url": url}), "docs/runbooks/Down.md": "# Down\n"}
    assert bool(found(tmp_path, files, "alert/runbook")) == wrong


def test_rules_that_record_different_series_under_one_name_are_no_repetition(tmp_path: Path) -> None:
    """One name may be put together from several selections."""
    group = {
        "name": "g",
        "rules": [
            {"record": "code:requests:sum", "expr": 'sum by (code) (requests{verb="GET"})'},
            {"record": "code:requests:sum", "expr": 'sum by (code) (requests{verb="POST"})'},
        ],
    }
    assert found(tmp_path, {"rules/yaml/g.yaml": yaml.safe_dump({"groups": [group]})}, "rule/duplicate") == []


def test_a_name_with_other_parts_is_worth_knowing(tmp_path: Path) -> None:
    """A colon tells that it is recorded; without one readers look for who emits it."""

    def severity(name: str) -> list[Severity]:
        group = {"name": "g", "rules": [{"record": name, "expr": "sum(runs)"}]}
        files = {"rules/yaml/g.yaml": yaml.safe_dump({"groups": [group]})}
        return [finding.severity for finding in found(tmp_path, files, "rule/name")]

    assert severity("suite:runs:sum1d") == []
    assert severity("routing_test:pass_rate_7d") == []
    assert severity("runs:sum1d") == [Severity.INFO]
    assert severity("runs_1d") == [Severity.WARNING]
