"""The language that dashboards are written in; docs/write-a-dashboard.md teaches it.

A definition file has one function `dashboard(settings)`, which returns a `Dashboard` of rows of panels. A
panel is a title, the expressions of `gnomon_generators.promql` that it asks, and what it is about.
"""

from gnomon_generators.vocabulary.annotations import Annotation, annotation
from gnomon_generators.vocabulary.charts import bars, heatmap, histogram, state_timeline, timeseries
from gnomon_generators.vocabulary.colors import (
    BAD,
    BROKEN,
    GOOD,
    LOST,
    MUTED,
    NEUTRAL,
    OUTCOMES,
    SERIES,
    WARN,
)
from gnomon_generators.vocabulary.dashboard import Dashboard, Row, row
from gnomon_generators.vocabulary.identity import UID_PREFIX, uid_of
from gnomon_generators.vocabulary.links import (
    FAMILY,
    Link,
    field,
    link,
    series_label,
    to_dashboard,
    to_trace,
    to_traces,
)
from gnomon_generators.vocabulary.numbers import bar_gauge, gauge, pie, stat
from gnomon_generators.vocabulary.overrides import mapping, override
from gnomon_generators.vocabulary.panel import Panel
from gnomon_generators.vocabulary.queries import Query, label, legend, query, service_map, sql, traceql
from gnomon_generators.vocabulary.records import logs, node_graph, panel, table, text, trace, traces
from gnomon_generators.vocabulary.rendering import document, render
from gnomon_generators.vocabulary.thresholds import Thresholds, budget, objective, steps
from gnomon_generators.vocabulary.transformations import (
    calculate,
    grouping_to_matrix,
    join_by_field,
    labels_to_fields,
    limit,
    merge,
    organize,
    reduce_rows,
    sort_by,
    time_series_table,
    transformation,
)
from gnomon_generators.vocabulary.units import grafana_unit
from gnomon_generators.vocabulary.variables import (
    Variable,
    choice,
    chosen,
    datasource,
    environment,
    label_variable,
    postgres,
    sql_variable,
    suite,
    tempo,
    text_box,
)

__all__ = [
    "BAD",
    "BROKEN",
    "FAMILY",
    "GOOD",
    "LOST",
    "MUTED",
    "NEUTRAL",
    "OUTCOMES",
    "SERIES",
    "UID_PREFIX",
    "WARN",
    "Annotation",
    "Dashboard",
    "Link",
    "Panel",
    "Query",
    "Row",
    "Thresholds",
    "Variable",
    "annotation",
    "bar_gauge",
    "bars",
    "budget",
    "calculate",
    "choice",
    "chosen",
    "datasource",
    "document",
    "environment",
    "field",
    "gauge",
    "grafana_unit",
    "grouping_to_matrix",
    "heatmap",
    "histogram",
    "join_by_field",
    "label",
    "label_variable",
    "labels_to_fields",
    "legend",
    "limit",
    "link",
    "logs",
    "mapping",
    "merge",
    "node_graph",
    "objective",
    "organize",
    "override",
    "panel",
    "pie",
    "postgres",
    "query",
    "reduce_rows",
    "render",
    "row",
    "series_label",
    "service_map",
    "sort_by",
    "sql",
    "sql_variable",
    "stat",
    "state_timeline",
    "steps",
    "suite",
    "table",
    "tempo",
    "text",
    "text_box",
    "time_series_table",
    "timeseries",
    "to_dashboard",
    "to_trace",
    "to_traces",
    "trace",
    "traceql",
    "traces",
    "transformation",
    "uid_of",
]
