"""Outlines of panels: what they show, how it looks, what they ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gnomon_generators.artefacts.outline.model import Fact, Form, Item
from gnomon_generators.artefacts.outline.plain import facts, flat, is_empty, mapping, mappings, others, scalar

_TOLD: Final = (
    *("id", "type", "title", "description", "gridPos", "datasource", "targets", "fieldConfig", "options"),
    *("transformations", "links", "repeat", "repeatDirection", "maxPerRow", "interval", "panels"),
    *("span", "height"),
)
# Where each data source's query keeps its text.
_TEXTS: Final = ("expr", "query", "rawSql", "queryText", "rawQuery", "expression", "target")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def panel(raw: Mapping[str, Any], row: str) -> Item:
    """A panel in a row (empty: above the first) with its queries, overrides, transformations and links."""
    fields = mapping(mapping(raw.get("fieldConfig")).get("defaults"))
    told = [
        Fact("type", scalar(raw.get("type") or "no type"), Form.HEAD),
        *_size(raw),
        *_brief(fields, "unit", "decimals", "min", "max"),
        *([Fact("repeat", _repeat(raw), Form.NAMED)] if raw.get("repeat") else ()),
        *places(raw),
        *description(raw),
        *_fields(fields),
        *facts(raw.get("options"), "options", Form.PART),
        *([Fact("smallest step", scalar(raw["interval"]))] if raw.get("interval") else ()),
        *others(raw, _TOLD),
    ]
    items = [
        *(_query(target, number, raw) for number, target in enumerate(mappings(raw.get("targets")))),
        *(_transformation(entry) for entry in mappings(raw.get("transformations"))),
        *(_override(entry) for entry in mappings(mapping(raw.get("fieldConfig")).get("overrides"))),
        *(link(entry) for entry in mappings(raw.get("links"))),
        *(link(entry, "data link") for entry in mappings(fields.get("links"))),
    ]
    return Item("panel", scalar(raw.get("title") or ""), tuple(told), tuple(items), row, identity(raw))


def identity(raw: Mapping[str, Any]) -> str:
    """The id by which links know a panel or a row."""
    return "" if raw.get("id") is None else scalar(raw["id"])


def description(raw: Mapping[str, Any]) -> Iterator[Fact]:
    """What a dashboard, a variable or a panel says about itself."""
    if text := raw.get("description"):
        yield Fact("about", " ".join(scalar(text).split()))


def places(raw: Mapping[str, Any]) -> Iterator[Fact]:
    """What another panel's coming or going changes too."""
    place = mapping(raw.get("gridPos"))
    if place:
        yield Fact("place", f"column {place.get('x')}, line {place.get('y')}", Form.HIDDEN, quiet=True)
    if raw.get("id") is not None:
        yield Fact("id", str(raw["id"]), Form.HIDDEN, quiet=True)


def source(raw: Mapping[str, Any]) -> Iterator[Fact]:
    """The data source: its type, and its uid where that says more."""
    named = raw.get("datasource")
    if isinstance(named, Mapping):
        kind, uid = scalar(named.get("type") or ""), scalar(named.get("uid") or "")
        value = kind if uid in ("", kind) else f"{kind} {uid}".strip()
    else:
        value = "" if named is None else scalar(named)
    if value:
        yield Fact("data source", value, Form.HEAD)


def link(raw: Mapping[str, Any], kind: str = "link") -> Item:
    """A link of a dashboard, a panel or its data."""
    goes = raw.get("url") or raw.get("linkUrl")
    told = [
        *([Fact("to", scalar(goes), Form.TEXT)] if goes else ()),
        *others(raw, ("title", "url", "linkUrl")),
    ]
    return Item(kind, scalar(raw.get("title") or ""), tuple(told))


def query_text(raw: Mapping[str, Any]) -> tuple[str, str]:
    """The key that holds a query's text, and the text; both empty when it has none."""
    for key in _TEXTS:
        text = raw.get(key)
        if isinstance(text, str) and text:
            return key, text
        if isinstance(text, Mapping) and isinstance(text.get("query"), str):
            return key, scalar(text["query"])
    return "", ""


def _size(raw: Mapping[str, Any]) -> Iterator[Fact]:
    place = mapping(raw.get("gridPos"))
    if "w" in place and "h" in place:
        yield Fact("size", f"{scalar(place['w'])}x{scalar(place['h'])}", Form.HEAD)
    elif raw.get("span"):
        yield Fact("size", f"span {scalar(raw['span'])}", Form.HEAD)


def _brief(fields: Mapping[str, Any], *names: str) -> Iterator[Fact]:
    for name in names:
        if not is_empty(fields.get(name)):
            yield Fact(name, scalar(fields[name]), Form.NAMED)


def _repeat(raw: Mapping[str, Any]) -> str:
    more = flat({key: raw.get(key) for key in ("repeatDirection", "maxPerRow")})
    return f"for each ${raw['repeat']}{f' ({more})' if more else ''}"


def _fields(fields: Mapping[str, Any]) -> Iterator[Fact]:
    steps = mapping(fields.get("thresholds"))
    if steps.get("steps"):
        yield Fact("thresholds", _thresholds(steps))
    if fields.get("color"):
        color = mapping(fields["color"])
        said = " ".join(scalar(color[key]) for key in ("mode", "fixedColor") if color.get(key))
        more = flat({key: color[key] for key in color if key not in ("mode", "fixedColor")})
        yield Fact("color", f"{said}, {more}" if more else said)
    if fields.get("mappings"):
        yield Fact("mappings", "; ".join(_mappings(mappings(fields["mappings"]))))
    yield from facts(fields.get("custom"), "look", Form.PART)
    yield from others(
        fields,
        ("unit", "decimals", "min", "max", "thresholds", "color", "mappings", "custom", "links"),
    )


def _thresholds(raw: Mapping[str, Any]) -> str:
    percent = " % of the range" if raw.get("mode") == "percentage" else ""
    steps = [
        scalar(step.get("color") or "no colour")
        + ("" if step.get("value") in (None, "null") else f" from {scalar(step['value'])}{percent}")
        for step in mappings(raw.get("steps"))
    ]
    return ", ".join(steps)


def _mappings(raw: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for entry in raw:
        options = mapping(entry.get("options"))
        match entry.get("type"):
            case "value":
                yield from (f"{value} is {_result(shown)}" for value, shown in options.items())
            case "range":
                low, high = options.get("from"), options.get("to")
                between = f"{'' if low is None else scalar(low)}…{'' if high is None else scalar(high)}"
                yield f"{between} is {_result(options.get('result'))}"
            case "special" | "regex":
                matched = scalar(options.get("match") or options.get("pattern") or "")
                yield f"{matched} is {_result(options.get('result'))}"
            case _:
                yield flat(entry)


def _result(raw: object) -> str:
    shown = mapping(raw)
    text, color = scalar(shown.get("text") or ""), scalar(shown.get("color") or "")
    return f"“{text}” {color}".strip() if text else color


def _query(raw: Mapping[str, Any], number: int, owner: Mapping[str, Any]) -> Item:
    key, text = query_text(raw)
    known = ("refId", "datasource", "legendFormat", "format", "instant", "range", "hide", "queryType", key)
    told = [
        *(source(raw) if raw.get("datasource") else source(owner)),
        *([Fact("hidden", "hidden", Form.HEAD)] if raw.get("hide") else ()),
        *([Fact("when", _when(raw), Form.HEAD)] if _when(raw) else ()),
        *(
            Fact(name, scalar(raw[field]), Form.NAMED)
            for field, name in (("queryType", "kind"), ("format", "as"), ("legendFormat", "legend"))
            if not is_empty(raw.get(field))
        ),
        *([Fact("text", text, Form.TEXT)] if text else ()),
        *others(raw, known),
    ]
    letter = _LETTERS[number] if number < len(_LETTERS) else str(number + 1)
    return Item("query", scalar(raw.get("refId") or letter), tuple(told))


def _when(raw: Mapping[str, Any]) -> str:
    instant, over = raw.get("instant"), raw.get("range")
    return "at one instant, and over time" if instant and over else "at one instant" if instant else ""


def _override(raw: Mapping[str, Any]) -> Item:
    matcher = mapping(raw.get("matcher"))
    options = matcher.get("options")
    name = f"{scalar(matcher.get('id') or '')} {flat(options)}".strip()
    told = [
        Fact(scalar(entry.get("id") or ""), flat(entry.get("value")))
        for entry in mappings(raw.get("properties"))
    ]
    return Item("override", name, (*told, *others(raw, ("matcher", "properties"))))


def _transformation(raw: Mapping[str, Any]) -> Item:
    told = (*facts(raw.get("options"), "options", Form.PART), *others(raw, ("id", "options")))
    return Item("transformation", scalar(raw.get("id") or ""), told)
