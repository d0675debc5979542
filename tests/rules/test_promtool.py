"""Prometheus' own tool accepts the rules and finds that they do what their tests say."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnomon_generators.rules.coverage import coverage, summary
from tests.promql.servers import promtool
from tests.rules.tree import ROOT, RULE_FILES, TEST_FILES


def test_prometheus_accepts_the_rules() -> None:
    """Every rule file is one."""
    answer = promtool("check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rules_do_what_their_tests_say(path: Path) -> None:
    """Each case of promtool's test files holds."""
    answer = promtool("test", "rules", path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_rule_has_cases() -> None:
    """Every alert has a case in which it fires and one in which it does not, every recorded series too."""
    rows = coverage(RULE_FILES, TEST_FILES)
    assert {row.kind for row in rows} == {"alert", "record"}
    assert not [f"{row.name}: {row.missing}" for row in rows if not row.complete]
    assert summary(rows) == "rule tests cover 28 of 28 alerts and 64 of 64 recording rules (100 %)"
