"""Ways from one dashboard to the next, and to traces; each keeps the time range and the variables."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import attr

from gnomon_generators.promql.series import AnyLabel, label_text
from gnomon_generators.vocabulary.identity import uid_of
from gnomon_generators.vocabulary.origin import Origin, origin
from gnomon_generators.vocabulary.variables import tempo

FAMILY: Final = "gnomon"
"""Tag of every dashboard; the dropdown of dashboards is found by it."""

ALL_VARIABLES: Final = "${__all_variables}"
_REFERENCE: Final = re.compile(r"\$\{[^}]*\}")
_FIELD: Final = re.compile(r"\$\{__data\.fields\[\"([^\"]*)\"\]")


@attr.frozen
class Link:
    """A title and where it leads; Grafana fills in `${…}` when it is followed.

    `values` are variables of the dashboard that it leads to, and what they are set to; None for an address
    that is no dashboard of ours. `name` is the definition of that dashboard, `origin` where the link was
    written.
    """

    title: str
    url: str
    new_tab: bool = False
    values: tuple[tuple[str, str], ...] | None = None
    name: str = ""
    origin: Origin | None = attr.field(default=None, eq=False, repr=False)

    def json(self) -> dict[str, object]:
        """As Grafana's field configuration has it."""
        url = self.url
        if self.values is not None:
            url += f"?${{__url_time_range}}&{ALL_VARIABLES}{self.assignments('&')}"
        return {"title": self.title, "url": url, "targetBlank": self.new_tab}

    def assignments(self, before: str) -> str:
        """What sets the variables, for the end of the address."""
        return "".join(f"{before}var-{name}={value}" for name, value in self.values or ())


def with_variables(url: str, names: Sequence[str]) -> str:
    """The address with the dashboard's own variables, by their names, except those that it sets itself.

    Grafana's way of saying "all variables" would add to those that are set instead of yielding to them.
    """
    if ALL_VARIABLES not in url:
        return url
    kept = [name for name in names if f"&var-{name}=" not in url]
    return url.replace(ALL_VARIABLES, "&".join(f"${{{name}:queryparam}}" for name in kept))


def link(title: str, url: str, *, new_tab: bool = True) -> Link:
    """A link to any address."""
    return Link(title, url, new_tab)


def field(name: str) -> str:
    """The value of another column in the row that is clicked, for links in tables."""
    return f'${{__data.fields["{name}"]:percentencode}}'


def fields_in(text: str) -> list[str]:
    """The columns whose value a text takes by `field`."""
    return _FIELD.findall(text)


def series_label(attribute: AnyLabel) -> str:
    """The value of a label of the series that is clicked, for links in charts."""
    return f"${{__field.labels.{label_text(attribute)}:percentencode}}"


def to_dashboard(name: str, title: str = "", **values: str | AnyLabel) -> Link:
    """A link to the dashboard of a definition file, with this one's time range and variables.

    `values` set variables there: `to_dashboard("fleet", agent=GEN_AI_AGENT_NAME)` takes the label of the
    series that is clicked, `agent=field("Agent")` a column of the row, any other text is the value itself.
    """
    set_there = tuple(
        (variable, value if isinstance(value, str) else series_label(value))
        for variable, value in values.items()
    )
    shown = title or name.replace("_", " ").capitalize()
    return Link(shown, f"/d/{uid_of(name)}", values=set_there, name=name, origin=origin())


def to_traces(search: str, title: str = "Traces") -> Link:
    """A link to Explore with a TraceQL search over this time range.

    What the search takes from the row or series that is clicked, it takes by `field` or `series_label`.
    """
    source = f"${{{tempo.name}}}"
    asked = {
        "refId": "A",
        "datasource": {"type": "tempo", "uid": source},
        "queryType": "traceql",
        "query": search,
        "limit": 20,
    }
    span = {"from": "${__from}", "to": "${__to}"}
    panes = {"traces": {"datasource": source, "queries": [asked], "range": span}}
    return Link(title, f"/explore?schemaVersion=1&panes={_encoded(panes)}")


def to_trace(trace_id: str, title: str = "Trace") -> Link:
    """A link to Explore with one trace, by an id such as `field("Trace")`."""
    return to_traces(trace_id, title)


def _encoded(panes: object) -> str:
    """The state of Explore for an address, its references left for Grafana to fill in."""
    text = json.dumps(panes, separators=(",", ":"))
    parts, last = [], 0
    for found in _REFERENCE.finditer(text):
        parts += [quote(text[last : found.start()], safe=""), found[0].replace("\\", "")]
        last = found.end()
    return "".join([*parts, quote(text[last:], safe="")])
