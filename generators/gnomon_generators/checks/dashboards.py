"""Taking a dashboard apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from gnomon_generators.checks.positions import Keys
from gnomon_generators.checks.subjects import (
    Annotation,
    DashboardFile,
    Expression,
    Language,
    Panel,
    Role,
    SqlQuery,
    Target,
    TraceQuery,
    Tree,
    Variable,
)

_LANGUAGES: Final[dict[str, Language]] = {
    "prometheus": "promql",
    "loki": "logql",
    "tempo": "traceql",
    "grafana-postgresql-datasource": "sql",
    "postgres": "sql",
    "mysql": "sql",
    "mssql": "sql",
    "frser-sqlite-datasource": "sql",
    "__expr__": "expression",
}
_TEXT_KEYS: Final[dict[Language, tuple[str, ...]]] = {
    "promql": ("expr",),
    "logql": ("expr",),
    "sql": ("rawSql", "queryText"),
    "traceql": ("query",),
}
_VARIABLE: Final = re.compile(r"\$\{?(\w+)")
# Grafana's functions for variables that hold a PromQL selector or expression.
_VARIABLE_QUERY: Final = re.compile(
    r"\s*(?P<function>label_values|query_result|metrics|label_names)\s*\((?P<argument>.*)\)\s*", re.DOTALL
)


def dashboard_of(
    tree: Tree, path: Path, text: str, document: Mapping[str, Any], keys: Keys = ()
) -> DashboardFile:
    """The dashboard with its panels, variables and annotations; its queries are added to the tree."""
    dashboard = DashboardFile(tree, path, text, document, keys)
    dashboard.variables += [
        Variable(dashboard, raw, way) for raw, way in _entries(document, keys, "templating", "list")
    ]
    dashboard.annotations += [
        Annotation(dashboard, raw, way) for raw, way in _entries(document, keys, "annotations", "list")
    ]
    _add_panels(dashboard, document.get("panels"), (*keys, "panels"))
    # Before Grafana 5 panels stood in rows.
    for raw, way in _entries(document, keys, "rows"):
        _add_panels(dashboard, raw.get("panels"), (*way, "panels"))
    for panel in dashboard.panels:
        for target in panel.targets:
            _add_query(tree, target, target.language, target.text, role="panel", keys=target.text_keys)
    for variable in dashboard.variables:
        _add_variable(tree, variable)
    for annotation in dashboard.annotations:
        _add_annotation(tree, annotation)
    return dashboard


def _entries(document: Mapping[str, Any], keys: Keys, *way: str) -> Iterator[tuple[Mapping[str, Any], Keys]]:
    inner: Any = document
    for key in way:
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    for number, raw in enumerate(inner if isinstance(inner, list) else ()):
        if isinstance(raw, Mapping):
            yield raw, (*keys, *way, number)


def _add_panels(dashboard: DashboardFile, panels: object, keys: Keys, row: Panel | None = None) -> None:
    for number, raw in enumerate(panels if isinstance(panels, list) else ()):
        if not isinstance(raw, Mapping):
            continue
        way = (*keys, number)
        panel = Panel(dashboard, raw, way, row)
        dashboard.panels.append(panel)
        panel.targets += [
            _target(panel, target, (*way, "targets", place), place)
            for place, target in enumerate(raw.get("targets") or ())
            if isinstance(target, Mapping)
        ]
        if panel.type == "row":
            row = panel
        _add_panels(dashboard, raw.get("panels"), (*way, "panels"), panel)


def _target(panel: Panel, raw: Mapping[str, Any], keys: Keys, place: int) -> Target:
    language = _language(raw, panel.raw, panel.dashboard)
    candidates = _TEXT_KEYS.get(language, ("expr", "query", "rawSql"))
    key = next((key for key in candidates if isinstance(raw.get(key), str)), candidates[0])
    text = str(raw.get(key) or "")
    # Grafana names queries that have no letter of their own A, B, C …
    ref_id = str(raw.get("refId") or chr(ord("A") + place % 26))
    return Target(panel.dashboard, raw, keys, panel, ref_id, language, text, (*keys, key))


def _language(raw: Mapping[str, Any], panel: Mapping[str, Any], dashboard: DashboardFile) -> Language:
    for holder in (raw, panel):
        kind = _data_source_type(holder.get("datasource"), dashboard)
        if kind and kind not in ("mixed", "datasource"):
            return _LANGUAGES.get(kind, "other")
    # No data source said: the keys tell. Loki's are the same as Prometheus', which is far more common.
    if "expr" in raw:
        return "promql"
    return "sql" if "rawSql" in raw else "other"


def _data_source_type(source: object, dashboard: DashboardFile) -> str | None:
    if isinstance(source, Mapping):
        if isinstance(source.get("type"), str):
            return str(source["type"])
        source = source.get("uid")
    if not isinstance(source, str):
        return None
    found = _VARIABLE.match(source)
    if found and (variable := dashboard.variable(found.group(1))) is not None:
        query = variable.raw.get("query")
        return query if isinstance(query, str) else None
    # Data sources were named before they had uids; many bear their type as name.
    return source.lower() if source.lower() in _LANGUAGES else None


def _add_variable(tree: Tree, variable: Variable) -> None:
    if variable.type != "query":
        return
    query = variable.raw.get("query")
    keys = (*variable.keys, "query")
    if isinstance(query, Mapping):
        key = "query" if "query" in query else "rawSql"
        query, keys = query.get(key), (*keys, key)
    if not isinstance(query, str):
        return
    language = _language(variable.raw, {}, variable.dashboard)
    if language != "promql" and not (language == "other" and "datasource" not in variable.raw):
        _add_query(tree, variable, language, query, role="variable", keys=keys)
        return
    found = _VARIABLE_QUERY.fullmatch(query)
    if found is None or found["function"] in ("metrics", "label_names"):
        return
    selector, label = found["argument"], None
    if found["function"] == "label_values":
        selector, _, label = selector.rpartition(",")
        label = label.strip()
    if selector.strip():
        _add_query(tree, variable, "promql", selector.strip(), role="variable", keys=keys, label=label)


def _add_annotation(tree: Tree, annotation: Annotation) -> None:
    language = _language(annotation.raw, {}, annotation.dashboard)
    # Grafana asks what stands in `target`; what older versions wrote beside it only where that says nothing.
    for keys, raw in ((("target",), annotation.raw.get("target")), ((), annotation.raw)):
        if not isinstance(raw, Mapping):
            continue
        for key in _TEXT_KEYS.get(language, ()):
            if isinstance(text := raw.get(key), str) and text.strip():
                way = (*annotation.keys, *keys, key)
                _add_query(tree, annotation, language, text, role="annotation", keys=way)
                return


def _add_query(
    tree: Tree,
    owner: Target | Variable | Annotation,
    language: Language,
    text: str,
    *,
    role: Role,
    keys: Keys,
    label: str | None = None,
) -> None:
    if not text.strip():
        return
    if language == "promql":
        tree.expressions.append(Expression(owner, text, role, keys, label))
    elif language == "sql":
        tree.sql_queries.append(SqlQuery(owner, text, role, keys))
    elif language == "traceql" and _is_traceql(owner, text):
        tree.trace_queries.append(TraceQuery(owner, text, role, keys))


def _is_traceql(owner: Target | Variable | Annotation, text: str) -> bool:
    """Whether the text is TraceQL: Tempo's other kinds of query hold an id, or nothing."""
    inner = owner.raw.get("target")
    said = inner.get("queryType") if isinstance(inner, Mapping) else None
    kind = said or owner.raw.get("queryType") or "traceql"
    return kind in ("traceql", "traceqlSearch") and "{" in text
