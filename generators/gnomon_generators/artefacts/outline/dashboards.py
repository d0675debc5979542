"""Outlines of Grafana dashboards in the classic JSON, of any age."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gnomon_generators.artefacts.outline import panels
from gnomon_generators.artefacts.outline.model import Fact, Form, Item
from gnomon_generators.artefacts.outline.plain import (
    flat,
    is_empty,
    mapping,
    mappings,
    number,
    others,
    scalar,
)

_HEAD: Final = ("uid", "tags", "time", "refresh", "timezone", "schemaVersion", "editable")
# Grafana counts these up when somebody presses the button.
_VOLATILE: Final = ("id", "version", "iteration", "__inputs", "__requires", "__elements")
_TOLD: Final = (
    *("title", "description", "panels", "rows", "templating", "annotations", "links"),
    *_HEAD,
    *_VOLATILE,
)


def dashboard(raw: Mapping[str, Any]) -> Item:
    """A dashboard with its variables, annotations, links, rows and panels."""
    items = [
        *(_variable(variable) for variable in mappings(mapping(raw.get("templating")).get("list"))),
        *(_annotation(annotation) for annotation in mappings(mapping(raw.get("annotations")).get("list"))),
        *(panels.link(link) for link in mappings(raw.get("links"))),
        *_rows(raw),
    ]
    return Item("dashboard", scalar(raw.get("title") or ""), tuple(_facts(raw)), tuple(items))


def _facts(raw: Mapping[str, Any]) -> Iterator[Fact]:
    times = mapping(raw.get("time"))
    brief = {
        "uid": raw.get("uid"),
        "time": f"{times.get('from')} to {times.get('to')}" if times else None,
        "refresh": raw.get("refresh"),
        "time zone": raw.get("timezone"),
        "schema": raw.get("schemaVersion"),
        "tags": raw.get("tags"),
    }
    for name, value in brief.items():
        if not is_empty(value):
            yield Fact(name, scalar(value), Form.NAMED)
    yield Fact("editable", "read-only" if raw.get("editable") is False else "editable", Form.HEAD)
    yield from panels.description(raw)
    yield from others(raw, _TOLD)


def _variable(raw: Mapping[str, Any]) -> Item:
    asked = raw.get("query") or raw.get("definition")
    text = asked.get("query") or flat(asked) if isinstance(asked, Mapping) else asked
    facts = [
        Fact("kind", scalar(raw.get("type") or "query"), Form.HEAD),
        *panels.source(raw),
        *([Fact("several", "several at once", Form.HEAD)] if raw.get("multi") else ()),
        *([Fact("all", "with All", Form.HEAD)] if raw.get("includeAll") else ()),
        *([Fact("query", scalar(text), Form.TEXT)] if not is_empty(text) else ()),
        *panels.description(raw),
        *others(
            raw,
            ("name", "type", "query", "definition", "datasource", "multi", "includeAll", "description"),
        ),
    ]
    return Item("variable", scalar(raw.get("name") or ""), tuple(facts))


def _annotation(raw: Mapping[str, Any]) -> Item:
    # Grafana keeps an annotation's query in a target since version 8, and beside the rest before.
    rest, target = dict(raw), dict(mapping(raw.get("target")))
    holder = target if panels.query_text(target)[1] else rest
    key, text = panels.query_text(holder)
    holder.pop(key, None)
    if holder is target:
        rest["target"] = target
    facts = [
        *panels.source(raw),
        *([Fact("query", text, Form.TEXT)] if text else ()),
        *others(rest, ("name", "datasource")),
    ]
    return Item("annotation", scalar(raw.get("name") or ""), tuple(facts))


def _rows(raw: Mapping[str, Any]) -> Iterator[Item]:
    """Rows, each before its panels, as the dashboard is seen: by place, not by their order in the file."""
    for row in mappings(raw.get("rows")):  # before Grafana 5
        name = scalar(row.get("title") or "")
        yield _row(row, name)
        yield from (panels.panel(panel, name) for panel in mappings(row.get("panels")))
    row_name = ""
    for entry in sorted(mappings(raw.get("panels")), key=_place):
        if entry.get("type") != "row":
            yield panels.panel(entry, row_name)
            continue
        row_name = scalar(entry.get("title") or "")
        yield _row(entry, row_name)
        yield from (
            panels.panel(panel, row_name) for panel in sorted(mappings(entry.get("panels")), key=_place)
        )


def _row(raw: Mapping[str, Any], name: str) -> Item:
    facts = [
        *([Fact("collapsed", "collapsed", Form.HEAD)] if raw.get("collapsed") or raw.get("collapse") else ()),
        *([Fact("repeat", scalar(raw["repeat"]), Form.NAMED)] if raw.get("repeat") else ()),
        *panels.places(raw),
        *others(
            raw, ("title", "type", "panels", "collapsed", "collapse", "repeat", "gridPos", "id", "showTitle")
        ),
    ]
    return Item("row", name, tuple(facts), identity=panels.identity(raw))


def _place(raw: Mapping[str, Any]) -> tuple[float, float]:
    place = mapping(raw.get("gridPos"))
    return number(place.get("y")), number(place.get("x"))
