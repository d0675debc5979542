"""Summaries of runs that pages show without running one are ones that a run could print."""

from __future__ import annotations

import re

import pytest

from gnomon.runs.proportion import wilson
from tests.docs.test_pages import DOCS

RAN = ("passed", "failed", "error", "xfailed", "xpassed", "crashed")
SHARE = re.compile(
    r"^(?:routing|tool-use) accuracy (?P<share>[\d.]+) % \[(?P<low>[\d.]+), (?P<high>[\d.]+)\]"
    r" \((?P<good>\d+) of (?P<all>\d+)(?: commands)?(?:; (?P<silent>\d+) without an answer)?\)$",
    re.MULTILINE,
)
SUMMARY = re.compile(r"^run \w+ \(#\d+ of \w+\): (?P<counts>.+)\n(?P<rest>(?:.+\n)*?)data: ", re.MULTILINE)
SAMPLES = [
    pytest.param(found, id=page.name)
    for page in (DOCS.parent / "README.md", *sorted(DOCS.glob("*.md")))
    for found in SUMMARY.finditer(page.read_text("utf-8"))
    if SHARE.search(found["rest"])
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_summary_adds_up(sample: re.Match[str]) -> None:
    """No more tests are judged than ran, and shares and intervals are those of their counts."""
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", sample["counts"])}
    for line in SHARE.finditer(sample["rest"]):
        good, judged = int(line["good"]), int(line["all"])
        low, high = wilson(good, judged) or (0.0, 1.0)
        told = [line[name] for name in ("share", "low", "high")]
        assert told == [f"{100 * value:.1f}" for value in (good / judged, low, high)], line[0]
        if line[0].startswith("routing"):
            assert judged + int(line["silent"] or 0) <= sum(counts.get(word, 0) for word in RAN), sample[0]


def test_there_are_samples() -> None:
    """README and the plugin's page each show one."""
    assert [sample.id for sample in SAMPLES] == ["README.md", "pytest.md"]
