"""The uid of a dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.dashboard.places import place
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile

ID = "dashboard/uid"
SEVERITY = Severity.ERROR
BRIEF = "The uid is missing, too long, or holds characters that Grafana refuses."

_LONGEST: Final = 40
_ALLOWED: Final = re.compile(r"[A-Za-z0-9_-]+")


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports the first thing that is wrong with the uid."""
    uid = dashboard.document.get("uid")
    if not uid:
        yield dashboard.finding(
            ID,
            Severity.WARNING,
            "The dashboard has no uid: Grafana invents one at each import, and links to it break.",
            "write a uid that follows from the file's name",
        )
        return
    text = str(uid)
    if len(text) > _LONGEST:
        yield place(dashboard, ("uid",)).finding(
            ID,
            SEVERITY,
            f"The uid has {len(text)} characters; Grafana refuses more than {_LONGEST}.",
            "shorten it",
        )
    elif not _ALLOWED.fullmatch(text):
        yield place(dashboard, ("uid",)).finding(
            ID,
            SEVERITY,
            f"The uid {text!r} holds something other than letters, digits, `-` and `_`: Grafana refuses it.",
            "write letters, digits, `-` and `_`",
        )
