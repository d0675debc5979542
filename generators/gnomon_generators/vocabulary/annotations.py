"""Marks on the time axis of every chart of a dashboard."""

from __future__ import annotations

from typing import Any, Final

import attr

from gnomon.errors import UserError
from gnomon_generators.promql.expression import Expr
from gnomon_generators.promql.windows import RANGE, windows_in
from gnomon_generators.vocabulary.closed_sets import checked
from gnomon_generators.vocabulary.colors import NEUTRAL
from gnomon_generators.vocabulary.queries import PROMETHEUS, TEMPO, Query, as_query
from gnomon_generators.vocabulary.variables import reference

Json = dict[str, Any]

BUILT_IN: Final[Json] = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": NEUTRAL,
    "name": "Annotations & Alerts",
    "type": "dashboard",
}
"""What people note by hand; Grafana adds it to every dashboard that lacks it."""


@attr.frozen
class Annotation:
    """A query whose results are moments: releases, changed skills, incidents."""

    name: str
    query: Query
    title: str = ""
    text: str = ""
    color: str = NEUTRAL
    shown: bool = True

    def json(self) -> Json:
        """As a dashboard has it."""
        return {
            "datasource": reference(self.query.source),
            "enable": self.shown,
            "iconColor": self.color,
            "name": self.name,
            "target": _target(self.query),
            **({"titleFormat": self.title} if self.title else {}),
            **({"textFormat": self.text} if self.text else {}),
        }


@checked("annotation {name!r}")
def annotation(
    name: str,
    query: Expr | Query,
    *,
    title: str = "",
    text: str = "",
    color: str = NEUTRAL,
    shown: bool = True,
) -> Annotation:
    """Marks where an expression has points, or the rows of a query in SQL with `time`, `text` and `tags`.

    `title` and `text` are templates over the labels (`{{gen_ai_skill_name}}`). With `shown` off it waits for
    a click at the head of the dashboard. Raises `UserError` for a whole time range, which marks everything.
    """
    asked = as_query(query)
    if asked.source == PROMETHEUS and RANGE in windows_in(asked.text):
        raise UserError(
            f"annotation {name!r}: every point would be that of a whole time range ({RANGE}), and so a "
            "mark: write STEP as window for a mark where something happened"
        )
    return Annotation(name, asked, title, text, color, shown)


def _target(query: Query) -> Json:
    if query.source == PROMETHEUS:
        return {"expr": query.text, "refId": "Anno", **({"interval": query.step} if query.step else {})}
    if query.source == TEMPO:
        return {"query": query.text, "queryType": "traceql", "limit": query.limit, "refId": "Anno"}
    return {"editorMode": "code", "format": "table", "rawQuery": True, "rawSql": query.text, "refId": "Anno"}
