"""The page that an alert sends people to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Rule

ID = "alert/runbook"
SEVERITY = Severity.ERROR
BRIEF = "An alert's runbook_url is no address, or the page in this repository does not exist."

_ADDRESS: Final = re.compile(r"https?://\S+")
_PAGE: Final = re.compile(r"(?P<page>docs/runbooks/[\w.-]+?)(?:\.md|\.html|/)?(?:[?#].*)?$")


def check(rule: Rule) -> Iterator[Finding]:
    """Reports pages under docs/runbooks that are not there, and what is no address at all.

    Pages elsewhere are not asked for: a check that needs the network fails for other people's reasons.
    """
    url = str(rule.annotations.get("runbook_url") or "").strip()
    if rule.kind != "alert" or not url:
        return
    found = _PAGE.search(url)
    page = "" if found is None else f"{found['page']}.md"
    if page and rule.tree.whole and not (rule.tree.root / page).is_file():
        message = f"The page {page} does not exist: the link in the alert leads nowhere."
        advice = (
            f"write docs/runbooks/{rule.name}.md: what it means, how to find the cause, what to do; or say "
            "with alerts.runbook_url in gnomon.yaml where the runbooks are"
        )
    elif not page and not _ADDRESS.fullmatch(url) and "{{" not in url:
        message = f"{url!r} is no address that can be opened from a message."
        advice = f"write https://…, or docs/runbooks/{rule.name}.md"
    else:
        return
    line = rule.group.file.line_of(*rule.keys, "annotations", "runbook_url")
    yield rule.finding(ID, SEVERITY, message, advice, line=line)
