"""How long something must hold before an alert fires."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon.settings import Duration
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Rule

ID = "alert/for-duration"
SEVERITY = Severity.WARNING
BRIEF = "An alert says no `for`, or one shorter than the interval at which it is evaluated."

_DURATION: Final = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")


def check(rule: Rule) -> Iterator[Finding]:
    """Reports alerts without `for`; `for: 0m` says that a single evaluation is meant to be enough."""
    if rule.kind != "alert":
        return
    written = rule.raw.get("for")
    if written is None:
        yield rule.finding(
            ID,
            SEVERITY,
            "The alert says no `for`: it fires at the first evaluation, and a single late scrape wakes "
            "somebody.",
            "write how long it must hold; `for: 0m` where one evaluation is meant to be enough",
        )
        return
    interval = rule.group.interval or rule.tree.settings.rules.interval.seconds
    text = str(written)
    if _DURATION.fullmatch(text) and 0 < Duration(text).seconds < interval:
        yield rule.finding(
            ID,
            Severity.INFO,
            f"`for: {text}` is shorter than the interval of {interval:g} s: the alert fires at the second "
            "evaluation, that is after the interval.",
            f"write `for: 0m`, or at least {interval:g}s",
            line=rule.group.file.line_of(*rule.keys, "for"),
        )
