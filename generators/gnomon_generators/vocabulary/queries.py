"""What a panel asks: of Prometheus, of Tempo, of the results store."""

from __future__ import annotations

from typing import Final, Literal

import attr

from gnomon.errors import UserError
from gnomon_generators.promql.expression import Expr
from gnomon_generators.promql.naming import told
from gnomon_generators.promql.series import AnyLabel, label_text
from gnomon_generators.vocabulary.closed_sets import checked

PROMETHEUS: Final = "prometheus"
TEMPO: Final = "tempo"
POSTGRES: Final = "grafana-postgresql-datasource"

Source = Literal["prometheus", "tempo", "grafana-postgresql-datasource"]
"""Type of a data source, in Grafana's words."""

Calculation = Literal[
    "lastNotNull", "last", "firstNotNull", "mean", "max", "min", "sum", "count", "range", "delta", "diff"
]
"""A calculation over a series, in Grafana's words."""

Format = Literal["time_series", "table", "heatmap", "traces", "spans", "serviceMap"]


@attr.frozen
class Query:
    """One question of a panel.

    `legend` names its series, with labels in double braces; in a table it heads the column. `instant` asks
    for one value at the end of the time range; None leaves that, like `format` and `exemplars`, to the panel.
    `ranked` says that it asks for the highest or lowest of its series only.
    """

    source: Source
    text: str
    legend: str = ""
    unit: str = ""
    labels: tuple[str, ...] | None = None
    step: str | None = None
    instant: bool | None = None
    format: Format | None = None
    exemplars: bool | None = None
    color: str | None = None
    hidden: bool = False
    limit: int = 20
    ranked: bool = False

    @property
    def one_series(self) -> bool:
        """Whether its legend is the name of one series."""
        return bool(self.legend) and "{{" not in self.legend


@checked("query()")
def query(
    expr: Expr | Query,
    legend: str = "",
    *,
    unit: str | None = None,
    instant: bool | None = None,
    format: Literal["time_series", "table", "heatmap"] | None = None,
    exemplars: bool | None = None,
    color: str | None = None,
    hidden: bool = False,
) -> Query:
    """An expression with what the panel should know of it.

    Without a legend the series are named by the labels that the expression splits by. `unit` is UCUM and
    that of the expression unless given.
    """
    asked = expr if isinstance(expr, Query) else _of(expr)
    return attr.evolve(
        asked,
        legend=legend or asked.legend,
        unit=asked.unit if unit is None else unit,
        instant=instant,
        format=format or asked.format,
        exemplars=exemplars,
        color=color,
        hidden=hidden,
    )


def legend(expr: Expr | Query, text: str) -> Query:
    """The expression with a name for its series: `legend(expr, "{{gen_ai_skill_name}}")`."""
    return query(expr, text)


def label(attribute: AnyLabel) -> str:
    """A label's value within a legend: `{{gen_ai_skill_name}}`."""
    return f"{{{{{label_text(attribute)}}}}}"


@checked("traceql()")
def traceql(text: str, *, limit: int = 20, spans: bool = False) -> Query:
    """A TraceQL search in Tempo for at most `limit` traces, or their matching spans; or a trace by its id."""
    return Query(TEMPO, _not_empty(text, "traceql"), format="spans" if spans else "traces", limit=limit)


def service_map() -> Query:
    """Tempo's map of who calls whom, for a node graph."""
    return Query(TEMPO, "", format="serviceMap")


@checked("sql()")
def sql(
    text: str,
    legend: str = "",
    *,
    format: Literal["table", "time_series"] = "table",
    unit: str = "",
) -> Query:
    """A query of the results store on PostgreSQL.

    Limit it to the dashboard's time range with `$__timeFilter(column)`. A `time_series` needs a column
    `time` and is ordered by it.
    """
    return Query(POSTGRES, _not_empty(text, "sql"), legend, unit, format=format)


def as_query(asked: Expr | Query) -> Query:
    """The query of an expression that was given as it is."""
    return asked if isinstance(asked, Query) else _of(asked)


def _of(expr: Expr) -> Query:
    if not isinstance(expr, Expr):
        if isinstance(expr, list | tuple):
            raise UserError("it asks a list: write the queries one after the other, without brackets")
        raise UserError(
            f"{told(expr)} is no query: write an expression of gnomon_generators.promql such as total(…), "
            "or sql() or traceql()"
        )
    return Query(PROMETHEUS, expr.text, "", expr.unit, expr.labels, expr.step, ranked=expr.ranked)


def _not_empty(text: str, function: str) -> str:
    if not text.strip():
        raise UserError(f"{function}() is empty: write the query into it")
    return "\n".join(line.rstrip() for line in _dedented(text).strip().splitlines())


def _dedented(text: str) -> str:
    lines = text.expandtabs().splitlines()
    later = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(later, default=0)
    return "\n".join([lines[0], *(line[margin:] for line in lines[1:])])
