"""Dashboards of Grafana's schema v2 (elements and layouts), told in the words of the classic one.

Only as far as an outline needs it: what has no classic place stays under its own name. Read off the models
`dashboardv2` and `dashboardv2beta1` of grafana-foundation-sdk 0.0.21.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gnomon_generators.artefacts.outline.plain import mapping, mappings, number, scalar

Json = Mapping[str, Any]

_TIMES: Final = ("from", "to", "autoRefresh", "timezone")
_OTHERWISE: Final = ("elements", "layout", "timeSettings", "variables", "annotations")


def is_v2(raw: Json) -> bool:
    """Whether a dashboard is of schema v2."""
    return isinstance(raw.get("elements"), Mapping) and isinstance(raw.get("layout"), Mapping)


def classic(raw: Json) -> Json:
    """The dashboard in the classic shape: panels in the order of the layout, one below the other."""
    times = mapping(raw.get("timeSettings"))
    return {
        **{key: value for key, value in raw.items() if key not in _OTHERWISE},
        "schemaVersion": "v2",
        "time": {key: times[key] for key in ("from", "to") if key in times},
        "refresh": times.get("autoRefresh"),
        "timezone": times.get("timezone"),
        "timepicker": {key: value for key, value in times.items() if key not in _TIMES},
        "templating": {"list": [_variable(entry) for entry in mappings(raw.get("variables"))]},
        "annotations": {"list": [_annotation(entry) for entry in mappings(raw.get("annotations"))]},
        "panels": [
            {**panel, "gridPos": {**mapping(panel.get("gridPos")), "y": line}}
            for line, panel in enumerate(_panels(mapping(raw["layout"]), mapping(raw["elements"])))
        ],
    }


def _panels(layout: Json, elements: Json, above: str = "") -> Iterator[dict[str, Any]]:
    """Rows and panels of a layout; tabs are rows, too, and what lies in another has both names."""
    spec = mapping(layout.get("spec"))
    for section in (*mappings(spec.get("rows")), *mappings(spec.get("tabs"))):
        own = mapping(section.get("spec"))
        title = " / ".join(filter(None, (above, scalar(own.get("title") or ""))))
        rest = {
            key: value for key, value in own.items() if key not in ("title", "layout", "collapse", "repeat")
        }
        repeat = mapping(own.get("repeat")).get("value")
        yield {"type": "row", "title": title, "collapsed": own.get("collapse"), "repeat": repeat, **rest}
        yield from _panels(mapping(own.get("layout")), elements, title)
    items = [mapping(item.get("spec")) for item in mappings(spec.get("items"))]
    for item in sorted(items, key=lambda item: (number(item.get("y")), number(item.get("x")))):
        name = scalar(mapping(item.get("element")).get("name") or "")
        yield {**_element(mapping(elements.get(name)), name), **_placed(item)}


def _placed(item: Json) -> dict[str, Any]:
    repeat = mapping(item.get("repeat"))
    size = {"w": item["width"], "h": item["height"]} if "width" in item and "height" in item else {}
    return {
        "gridPos": {"x": item.get("x"), **size} if size else {},
        "repeat": repeat.get("value"),
        "repeatDirection": repeat.get("direction"),
        "maxPerRow": repeat.get("maxPerRow"),
    }


def _element(raw: Json, name: str) -> dict[str, Any]:
    spec = mapping(raw.get("spec"))
    if raw.get("kind") == "LibraryPanel":
        return {**spec, "type": "library panel"}
    data, look = mapping(mapping(spec.get("data")).get("spec")), mapping(spec.get("vizConfig"))
    drawn = mapping(look.get("spec"))
    return {
        **{key: value for key, value in spec.items() if key not in ("data", "vizConfig")},
        "title": spec.get("title") or name,
        "type": look.get("group") or look.get("kind"),
        "options": drawn.get("options"),
        "fieldConfig": drawn.get("fieldConfig"),
        "targets": [_query(mapping(query.get("spec"))) for query in mappings(data.get("queries"))],
        "transformations": [_transformation(entry) for entry in mappings(data.get("transformations"))],
        **mapping(data.get("queryOptions")),
    }


def _query(raw: Json) -> dict[str, Any]:
    asked = _data_query(mapping(raw.get("query")))
    source = {"datasource": raw["datasource"]} if raw.get("datasource") else {}
    return {**asked, **source, "refId": raw.get("refId"), "hide": raw.get("hidden")}


def _data_query(raw: Json) -> dict[str, Any]:
    kind = raw.get("group") or raw.get("kind")
    return {
        **mapping(raw.get("spec")),
        "datasource": {"type": kind, "uid": mapping(raw.get("datasource")).get("name")},
    }


def _transformation(raw: Json) -> dict[str, Any]:
    return {**mapping(raw.get("spec")), "id": raw.get("group") or raw.get("kind")}


def _variable(raw: Json) -> dict[str, Any]:
    spec = mapping(raw.get("spec"))
    kind = scalar(raw.get("kind") or "").removesuffix("Variable").lower()
    asked = spec.get("query")
    if not isinstance(asked, Mapping):
        return {**spec, "type": kind}
    query = _data_query(asked)
    source = query.pop("datasource")
    return {
        **spec,
        "type": kind,
        "datasource": source,
        "query": query.pop("__legacyStringValue", None) or query,
    }


def _annotation(raw: Json) -> dict[str, Any]:
    spec = mapping(raw.get("spec"))
    own = {key: value for key, value in spec.items() if key != "query"}
    return {**own, **_data_query(mapping(spec.get("query")))}
