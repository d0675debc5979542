"""Which rules have cases is read off the test files."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnomon.errors import UserError
from gnomon_generators.rules.coverage import coverage, summary

RULES = """
groups:
  - name: one
    rules:
      - {record: "a:b:c", expr: x}
      - {record: "a:d:e", expr: x}
      - {record: plain, expr: x}
      - {alert: Loud, expr: x > 1}
      - {alert: Quiet, expr: x > 1}
      - {alert: Forgotten, expr: x > 1}
"""
TESTS = """
rule_files: [rules/*.yaml]
tests:
  - alert_rule_test:
      - {alertname: Loud, eval_time: 1m, exp_alerts: [{exp_labels: {}}]}
      - {alertname: Loud, eval_time: 9m, exp_alerts: []}
      - {alertname: Quiet, eval_time: 1m}
    promql_expr_test:
      - {expr: 'sum(a:b:c{x="a:d:e"}) > 0', eval_time: 1m, exp_samples: [{labels: "{}", value: 1}]}
      - {expr: "a:b:c or plain", eval_time: 9m, exp_samples: []}
  - promql_expr_test:
      - {expr: "a:b:c", eval_time: 3m, exp_samples: [{labels: "a:b:c", value: 1}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/rules.yaml").write_text(RULES)
    (tmp_path / "tests.yaml").write_text(TESTS)
    return tmp_path


def test_cases_are_counted(folder: Path) -> None:
    """A case speaks when it expects something, for the series that it reads; a label's value is no series."""
    rows = {row.name: row for row in coverage([folder / "rules/rules.yaml"], [folder / "tests.yaml"])}
    assert {name: (row.speaks, row.silent) for name, row in rows.items()} == {
        "a:b:c": (2, 1),
        "a:d:e": (0, 0),
        "plain": (0, 1),
        "Loud": (1, 1),
        "Quiet": (0, 1),
        "Forgotten": (0, 0),
    }
    assert {name: row.missing for name, row in rows.items() if not row.complete} == {
        "a:d:e": "no case",
        "plain": "no case with a value",
        "Quiet": "no case in which it fires",
        "Forgotten": "no case",
    }
    assert summary(rows.values()) == "rule tests cover 1 of 3 alerts and 1 of 3 recording rules (33 %)"


def test_tests_count_for_the_files_that_they_name(folder: Path) -> None:
    """A rule of the same name in a file that the tests do not read has no case."""
    other = folder / "other.yaml"
    other.write_text(RULES)
    rows = coverage([other], [folder / "tests.yaml"])
    assert not any(row.speaks or row.silent for row in rows)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tests: [1]", "tests is no list of mappings"),
        ("- 1", "holds no mapping"),
        ("a: [", "is no YAML"),
        ('tests: [{promql_expr_test: [{expr: "sum("}]}]', "is no PromQL"),
    ],
)
def test_what_is_no_test_file_is_told(folder: Path, text: str, sentence: str) -> None:
    """A broken test file is named with what is wrong with it."""
    path = folder / "tests.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=f"tests.yaml.*{sentence}"):
        coverage([folder / "rules/rules.yaml"], [path])


def test_a_missing_file_is_told(folder: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(UserError, match=r"nowhere\.yaml cannot be read"):
        coverage([folder / "nowhere.yaml"], [])
