"""Pages about rules and alerts say what the definitions say."""

from __future__ import annotations

import json
import re
from functools import reduce
from pathlib import Path

import pytest
import yaml

from gnomon import settings
from gnomon_generators.artefacts.production import produce
from tests.promql.servers import promtool
from tests.rules.tree import ROOT, RULE_FILES

DOCS = ROOT / "docs"
RUNBOOKS = sorted((DOCS / "runbooks").glob("*.md"))
# There once somebody has a budget.
ON_REQUEST = {"DepartmentBudgetExceeded", "AgentBudgetExceeded"}
FIRST = ("RoutingAccuracyBelowSLO", "DailyCostExceeded", "HighAPIRetryRate")
RULES = [
    rule
    for path in RULE_FILES
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule["annotations"] for rule in RULES if "alert" in rule}
PANELS = {
    panel["title"]
    for path in (ROOT / "dashboards/json").glob("*.json")
    for outer in json.loads(path.read_text())["panels"]
    for panel in [outer, *outer.get("panels", ())]
}
FIRST_FORM = re.compile(r"^```yaml first-form\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_every_alert_has_its_runbook() -> None:
    """Each alert links to a page of its name, and each page is about an alert."""
    assert {path.stem for path in RUNBOOKS} == set(ALERTS) | ON_REQUEST
    for name, said in ALERTS.items():
        page = ROOT / said["runbook_url"]
        assert page.read_text("utf-8").startswith(f"# {name}\n"), name


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_a_runbook_says_what_to_do(page: Path) -> None:
    """Each has a meaning, places to look at, steps and a silence; its settings and panels are there."""
    text = page.read_text("utf-8")
    for heading in ("What it means", "How to look", "What to do", "How to silence"):
        assert f"\n## {heading}\n" in text
    if page.stem in FIRST:
        assert "\n## How it differs from" in text
    look = text.partition("\n## How to look\n")[2].partition("\n## ")[0]
    named = re.findall(r"\*([A-Z][^*→]*)\*", look.partition("- Query")[0])
    assert named and set(named) <= PANELS, set(named) - PANELS
    defaults = settings.Settings()
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\S+) \|", text, re.MULTILINE)
    assert rows or page.stem not in FIRST
    for key, default in rows:
        value = reduce(getattr, key.split("."), defaults)
        assert default == (f"{value:g}" if isinstance(value, float) else str(value)), key


@pytest.mark.parametrize(
    "page", [*(DOCS / f"runbooks/{name}.md" for name in FIRST), DOCS / "rules.md"], ids=lambda page: page.stem
)
def test_the_plain_expressions_are_ones_that_prometheus_takes(page: Path, tmp_path: Path) -> None:
    """What a page sets beside our expression could be put into a rule file as it stands."""
    rules = [rule for block in FIRST_FORM.findall(page.read_text("utf-8")) for rule in yaml.safe_load(block)]
    assert rules
    ours = {rule.get("alert") or rule.get("record"): rule for rule in RULES}
    for rule in rules:
        assert rule.get("alert") or rule.get("record") in ours
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "first", "rules": rules}]}))
    answer = promtool("check", "rules", path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_page_of_rules_lists_them() -> None:
    """Every recorded series stands on the page with its meaning, every alert with severity and summary."""
    text = (DOCS / "rules.md").read_text("utf-8")
    files = "".join(document.text for document in produce(["rules"], settings.Settings()))
    briefs = re.findall(r"^ +# (.*)\n +- record: (\S+)$", files, re.MULTILINE)
    assert sorted(re.findall(r"^\| `(\w+:\S+)` \| (.*) \|$", text, re.MULTILINE)) == sorted(
        (name, brief) for brief, name in briefs
    )
    rows = re.findall(r"^\| \[(\w+)\]\(runbooks/\1\.md\) \| `(\S+)` \| (.*) \|$", text, re.MULTILINE)
    found = {name: summary for name, _, summary in rows}
    assert set(found) >= ON_REQUEST
    assert {name: found[name] for name in ALERTS} == {name: said["summary"] for name, said in ALERTS.items()}
    assert len(rows) == len(ALERTS) + len(ON_REQUEST)
    severities = {rule["alert"]: rule["labels"]["severity"] for rule in RULES if "alert" in rule}
    assert all(said in ("alerts.severity", severities.get(name)) for name, said, _ in rows)


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_the_query_of_a_runbook_is_one(page: Path, tmp_path: Path) -> None:
    """What a page tells people to ask is an expression of Prometheus."""
    look = page.read_text("utf-8").partition("\n## How to look\n")[2].partition("\n## ")[0]
    queries = re.findall(r"^- Query: `([^`]+)`", look, re.MULTILINE)
    assert queries
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    answer = promtool("check", "rules", path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_no_link_of_a_runbook_leads_nowhere(page: Path) -> None:
    """Each link to a file of this repository finds it."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target
