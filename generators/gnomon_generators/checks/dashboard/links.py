"""Where links lead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from gnomon_generators.checks.dashboard.field_config import field_values
from gnomon_generators.checks.dashboard.places import place
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.defined import dashboards
from gnomon_generators.checks.schema import Path
from gnomon_generators.checks.subjects import DashboardFile, Panel
from gnomon_generators.document import UID_PREFIX

ID = "dashboard/links"
SEVERITY = Severity.ERROR
BRIEF = (
    "A link leads to a dashboard, tag or page that is not there, or sets a variable that it does not have."
)

_TO_DASHBOARD: Final = re.compile(r"(?:\$\{[^}]*\})?/?d(?:-solo)?/(?P<uid>[^/?#]+)")
_ALIKE: Final = 0.75
_RUNBOOK: Final = re.compile(r"(?P<page>docs/runbooks/[\w./-]+\.md)")


@dataclass(frozen=True, slots=True)
class _Link:
    path: Path
    raw: Mapping[str, Any]

    @property
    def url(self) -> str:
        return str(self.raw.get("url") or "")


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports links of the dashboard, of panels and of values.

    What is not among the files that somebody named may still be in their Grafana: then it is worth knowing,
    no more. What a dashboard among them does not have, it does not have.
    """
    for link in _links(dashboard):
        for message, advice in _faults(dashboard, link):
            severity = SEVERITY if dashboard.tree.whole else Severity.INFO
            yield place(dashboard, link.path).finding(ID, severity, message, advice)
        for message, advice in _set_in_vain(dashboard, link):
            yield place(dashboard, link.path).finding(ID, SEVERITY, message, advice)
        if name := _not_generated(dashboard, link):
            message = f"The dashboard of {name}.py is not among these files; the link waits for it."
            advice = f"generate it too: `gnomon generate dashboards --only {name}`"
            yield place(dashboard, link.path).finding(ID, Severity.INFO, message, advice)


def _not_generated(dashboard: DashboardFile, link: _Link) -> str | None:
    """The name of the definition that makes the dashboard at the other end, when it was left out."""
    uid = _uid(link)
    if uid is None or any(other.uid == uid for other in dashboard.tree.dashboards):
        return None
    return dashboards(dashboard.tree.settings).get(uid)


def _uid(link: _Link) -> str | None:
    """The dashboard that a link leads to, where it is the same for every reader."""
    found = _TO_DASHBOARD.match(link.url)
    return found["uid"] if found and "$" not in found["uid"] else None


def _faults(dashboard: DashboardFile, link: _Link) -> Iterator[tuple[str, str]]:
    if link.raw.get("type") == "dashboards":
        yield from _by_tags(dashboard, link)
        return
    if page := _RUNBOOK.search(link.url):
        if not (dashboard.tree.root / page["page"]).is_file():
            yield f"The page {page['page']} does not exist.", "write it, or name the page that there is"
        return
    if uid := _uid(link):
        yield from _to_dashboard(dashboard, uid)


def _by_tags(dashboard: DashboardFile, link: _Link) -> Iterator[tuple[str, str]]:
    tags = {str(tag) for tag in link.raw.get("tags") or ()}
    others = [other for other in dashboard.tree.dashboards if other is not dashboard]
    # One file alone says nothing of what else there is.
    if others and tags and not any(tags <= _tags(other) for other in others):
        yield (
            f"No other dashboard has the tag {' and '.join(sorted(tags))}: the list of links is empty.",
            "write a tag that the dashboards have, or tag them",
        )


def _to_dashboard(dashboard: DashboardFile, uid: str) -> Iterator[tuple[str, str]]:
    defined = dashboards(dashboard.tree.settings)
    if _target(dashboard, uid) is None and uid not in defined:
        yield (
            f'No dashboard here has the uid {uid!r}: the link ends at "Dashboard not found".',
            _instead(dashboard, uid, defined),
        )


def _set_in_vain(dashboard: DashboardFile, link: _Link) -> Iterator[tuple[str, str]]:
    """The variables that a link sets and the dashboard at the other end does not have."""
    uid = _uid(link)
    target = _target(dashboard, uid) if uid and link.raw.get("type") != "dashboards" else None
    for name in _variables_set(link.url) if target else ():
        if target and target.variable(name) is None:
            near = get_close_matches(name, [one.name for one in target.variables], n=1)
            yield (
                f"The dashboard {uid!r} has no variable {name!r}: what the link sets there is ignored, and "
                "the reader sees all of it.",
                f"write {near[0]!r}" if near else "set a variable that it has, or leave it out",
            )


def _target(dashboard: DashboardFile, uid: str) -> DashboardFile | None:
    return next((other for other in dashboard.tree.dashboards if other.uid == uid), None)


def _instead(dashboard: DashboardFile, uid: str, defined: Mapping[str, str]) -> str:
    """The dashboard that is meant, as a definition names it where a definition makes it."""
    others = {other.uid for other in dashboard.tree.dashboards} | set(defined)
    # What all of ours begin with makes none of them alike.
    plain = {other.removeprefix(UID_PREFIX): other for other in sorted(others - {dashboard.uid, ""})}
    near = get_close_matches(uid.removeprefix(UID_PREFIX), plain, n=1, cutoff=_ALIKE)
    if not near:
        whole = dashboard.tree.whole
        return "name a dashboard that there is" if whole else "check its file too, if your Grafana has it"
    found = plain[near[0]]
    return f'write to_dashboard("{defined[found]}")' if found in defined else f"write {found!r}"


def _variables_set(url: str) -> list[str]:
    query = urlsplit(url.replace("${__url_time_range}", "").replace("${__all_variables}", "")).query
    return [key.removeprefix("var-") for key, _ in parse_qsl(query, True) if key.startswith("var-")]


def _tags(dashboard: DashboardFile) -> set[str]:
    tags = dashboard.document.get("tags")
    return {str(tag) for tag in tags} if isinstance(tags, list) else set()


def _links(dashboard: DashboardFile) -> Iterator[_Link]:
    yield from _listed(dashboard.document.get("links"), ("links",))
    for panel in dashboard.panels:
        way = panel.keys[len(dashboard.keys) :]
        for path, value in _of_panel(panel):
            yield from _listed(value, (*way, *path))


def _of_panel(panel: Panel) -> Iterator[tuple[Path, Any]]:
    yield ("links",), panel.raw.get("links")
    yield from field_values(panel, "links")


def _listed(value: Any, path: Path) -> Iterator[_Link]:
    for number, raw in enumerate(value if isinstance(value, list) else ()):
        if isinstance(raw, Mapping):
            yield _Link((*path, number), raw)
