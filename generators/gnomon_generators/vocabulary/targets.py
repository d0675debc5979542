"""Queries as Grafana's data sources read them: grafanalib's targets without what they ignore."""

from __future__ import annotations

from typing import Any, assert_never

import attr
from grafanalib import core

from gnomon_generators.promql.windows import milliseconds
from gnomon_generators.vocabulary.queries import POSTGRES, Query
from gnomon_generators.vocabulary.variables import reference


@attr.s
class PrometheusTarget(core.Target):
    """A Prometheus query.

    grafanalib's own halves the resolution of every query (`intervalFactor: 2`) and knows no exemplars.
    """

    exemplar: bool = attr.ib(default=False)

    def to_json_data(self) -> dict[str, Any]:
        """The query as Grafana stores it."""
        return {
            "datasource": self.datasource,
            "editorMode": "code",
            "exemplar": self.exemplar or None,
            "expr": self.expr,
            "format": self.format,
            "hide": self.hide or None,
            "instant": self.instant,
            "interval": self.interval or None,
            "legendFormat": self.legendFormat,
            "range": not self.instant,
            "refId": self.refId,
        }


@attr.s
class TempoTarget(core.Target):
    """A TraceQL search, or the map of services."""

    limit: int = attr.ib(default=20)

    def to_json_data(self) -> dict[str, Any]:
        """The query as Grafana stores it."""
        kind = {"queryType": "serviceMap"} if self.format == "serviceMap" else self._search()
        return {"datasource": self.datasource, "hide": self.hide or None, "refId": self.refId, **kind}

    def _search(self) -> dict[str, Any]:
        return {"limit": self.limit, "query": self.expr, "queryType": "traceql", "tableType": self.format}


@attr.s
class PostgresTarget(core.SqlTarget):
    """A query in SQL on PostgreSQL."""

    def to_json_data(self) -> dict[str, Any]:
        """The query as Grafana stores it."""
        return {
            "datasource": self.datasource,
            "editorMode": "code",
            "format": self.format,
            "hide": self.hide or None,
            "rawQuery": True,
            "rawSql": self.rawSql,
            "refId": self.refId,
        }


def target(
    asked: Query, ref: str, *, title: str, instant: bool, format: str, least_step: str | None = None
) -> core.Target:
    """The target of a query; `instant` and `format` are the panel's way unless the query has its own.

    `title` is the panel's, and the name of a series that nothing else names. `least_step` is the panel's.
    """
    shared: dict[str, Any] = {
        "datasource": reference(asked.source),
        "format": asked.format or ("table" if asked.source == POSTGRES else format),
        "hide": asked.hidden,
        "refId": ref,
    }
    once = asks_once(asked, instant)
    match asked.source:
        case "prometheus":
            return PrometheusTarget(
                **shared,
                expr=asked.text,
                legendFormat=legend_format(asked, shared["format"], title),
                instant=once,
                interval=_own_step(asked, least_step) or "",
                exemplar=not once and _has_exemplars(asked),
            )
        case "tempo":
            return TempoTarget(**shared, expr=asked.text, limit=asked.limit)
        case "grafana-postgresql-datasource":
            return PostgresTarget(**shared, rawSql=asked.text)
        case _:
            assert_never(asked.source)


def asks_once(asked: Query, instant: bool) -> bool:
    """Whether the query asks for one value at the end of the time range; `instant` is the panel's way."""
    # A table asks once, unless its cells are lines.
    return (instant and asked.format != "time_series") if asked.instant is None else asked.instant


def _own_step(asked: Query, least_step: str | None) -> str | None:
    """The least step of the query, where it is more than the panel's: Grafana would heed it alone."""
    if asked.step is None or least_step is None:
        return asked.step
    return None if milliseconds(least_step) >= milliseconds(asked.step) else asked.step


def legend_format(asked: Query, format: str, title: str) -> str:
    """Name of the query's series: its own legend, else the labels it splits by, else the panel's title.

    Where the labels are not known the choice is Grafana's, which would show the whole expression where there
    are none. Buckets are named by their bound alone, by which Grafana puts them in order.
    """
    if format == "heatmap":
        return "{{le}}"
    if asked.legend or asked.labels == ():
        return asked.legend or title
    return " · ".join(f"{{{{{name}}}}}" for name in asked.labels or ()) or "__auto"


def _has_exemplars(asked: Query) -> bool:
    """Exemplars lead from a point of a latency chart to a trace; only histograms have them."""
    return "_bucket" in asked.text if asked.exemplars is None else asked.exemplars
