"""Every check has its page, every page its check, and what the pages show is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gnomon import settings
from gnomon_generators.checks.discovery import Check, all_checks, chosen
from gnomon_generators.checks.loading import load_tree
from gnomon_generators.checks.runner import run
from tests.checks.pages import PAGES, Example, examples, ids
from tests.checks.programs import missing_program

CHECKS = {check.id: check for check in all_checks()}
SECTIONS = ("What it finds", "Why", "Bad", "Good", "When to suppress")


def test_every_check_has_its_page_and_every_page_its_check() -> None:
    """`docs/checks/<family>/<name>.md` is there for each id, and for nothing else."""
    assert ids() == set(CHECKS)


@pytest.mark.parametrize("check", CHECKS.values(), ids=list(CHECKS))
def test_the_id_is_the_name_of_the_module(check: Check) -> None:
    """`promql/lifetime` is `promql/lifetime.py`, dashes for underscores; `for_` is `for`."""
    module = check.function.__module__.split(".")[-2:]
    assert check.id == "/".join(module).rstrip("_").replace("_", "-")


@pytest.mark.parametrize("check", CHECKS.values(), ids=list(CHECKS))
def test_a_page_has_the_same_parts_as_every_other(check: Check) -> None:
    """A page is headed by the id, says severity and brief as `--list` does, and has the same sections."""
    page = (PAGES / f"{check.id}.md").read_text("utf-8")
    assert page.startswith(f"# {check.id}\n\n*{check.severity}*: {check.brief}\n")
    assert tuple(re.findall(r"^## (.+)$", page, re.MULTILINE)) == SECTIONS
    fences = re.findall(r"^```[^\n]+$", page, re.MULTILINE)
    assert any(" bad" in fence for fence in fences)
    assert any(" good" in fence for fence in fences)


@pytest.mark.parametrize("example", list(examples()), ids=str)
def test_bad_examples_are_found_and_good_ones_are_not(example: Example, tmp_path: Path) -> None:
    """What a page calls bad its check finds, what it calls good it lets pass."""
    example.write(tmp_path)
    check = CHECKS[example.check]
    if reason := missing_program(check.id):
        pytest.skip(reason)
    tree = load_tree(settings.load(start=tmp_path, environ={}))
    report = run(tree, chosen((check.id, *check.yields_to)) if check.family != "suppression" else ())
    found = [finding for finding in report.findings if finding.check == check.id]
    assert bool(found) == example.bad, found


def test_the_index_lists_every_check() -> None:
    """docs/checks/README.md has one row a check with its page; those that do not run by default come last."""
    page = (PAGES / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| \[`([^`]+)`\]\(([^)]+)\) \| (\w+) \|", page, re.MULTILINE)
    expected = sorted(all_checks(), key=lambda check: not check.default)
    assert rows == [(check.id, f"{check.id}.md", str(check.severity)) for check in expected]
