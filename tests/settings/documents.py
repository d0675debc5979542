"""Hypothesis strategies: gnomon.yaml documents made from the JSON Schema, right ones and spoilt ones."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from gnomon.settings.fields import (
    ADDRESS,
    DATES,
    DURATION,
    EMAIL,
    HOST_AND_PORT,
    LINE,
    NAME,
    STORE_URL,
    TIME,
    TIME_ZONE,
    URL,
    VARIABLE,
    WEEKDAYS,
)
from gnomon.settings.schema import json_schema

_WORD = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
_TEXTS: dict[str, st.SearchStrategy[str]] = {
    NAME.pattern: st.builds(
        str.strip, st.text(st.characters(exclude_categories=("C", "Z")), min_size=1)
    ).filter(lambda text: 0 < len(text) <= 100)
    | st.builds("{} {}".format, _WORD, _WORD),
    LINE.pattern: st.builds("{}/**/*{} x".format, _WORD, _WORD),
    DURATION.pattern: st.builds(
        "{}{}".format, st.integers(1, 999_999), st.sampled_from(["ms", "s", "m", "h", "d"])
    )
    | st.just("1w2d3h"),
    URL.pattern: st.builds("https://{}:4318/{}".format, _WORD, _WORD),
    STORE_URL.pattern: st.sampled_from(["sqlite:////tmp/x.db", "postgresql+psycopg://me@db:5432/gnomon"]),
    EMAIL.pattern: st.builds("{}@{}.example".format, _WORD, _WORD),
    HOST_AND_PORT.pattern: st.builds("{}:{}".format, _WORD, st.integers(1, 65535)),
    ADDRESS.pattern: st.sampled_from(["127.0.0.1", "10.0.0.7", "::1", "[::1]"]),
    WEEKDAYS.pattern: st.sampled_from(["sunday", "monday:friday"]),
    DATES.pattern: st.sampled_from(["2026-12-24", "2026-12-24:2027-01-01"]),
    TIME.pattern: st.sampled_from(["00:00", "09:05", "23:59", "24:00"]),
    TIME_ZONE.pattern: st.sampled_from(["UTC", "Europe/Berlin", "Etc/GMT+2"]),
    VARIABLE.pattern: st.sampled_from(["A", "SLACK_URL", "_x9"]),
}

_JUNK = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        3,
        0.5,
        10**12,
        10**400,
        5.0,
        float("inf"),
        "",
        " ",
        "x",
        "x\ny",
        "5m",
        "0s",
        "on",
        "slack",
        "http://u:p@h/",
        "postgresql://u:p@h/d",
        "https://h/?token=abc",
        [],
        {},
        ["x"],
        [None],
        [["x"]],
        {"name": "x"},
        {"env": "X"},
        {"env": "X", "file": "y"},
        {"unknown": 1},
    ]
)


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a (part of a) schema allows."""
    if "anyOf" in schema:
        return st.one_of([values(one) for one in schema["anyOf"]])
    if "oneOf" in schema:
        return st.one_of([st.fixed_dictionaries({n: _property(schema, n)}) for n in schema["properties"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_of_type(kind, schema) for kind in kinds])


def _property(schema: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
    return values({**schema["properties"][name], "type": "string"})


def _of_type(kind: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        low = schema["exclusiveMinimum"] + 0.001
    if kind == "object":
        fields = {name: values(inside) for name, inside in schema["properties"].items()}
        required = {name: fields.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=fields)
    if kind == "array":
        return st.lists(values(schema["items"]), max_size=3)
    if kind == "string":
        return _TEXTS[schema["pattern"]]
    return {
        "null": st.none(),
        "boolean": st.booleans(),
        "integer": st.integers(low and int(low), high and int(high)),
        "number": st.floats(low, high, allow_nan=False, allow_infinity=False),
    }[kind]


def valid() -> st.SearchStrategy[Any]:
    """Whole documents that the schema allows."""
    return values(json_schema())


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A document in which up to three values were replaced, or keys added, by something at random."""
    document = copy.deepcopy(draw(valid().filter(lambda document: isinstance(document, dict))))
    for _ in range(draw(st.integers(1, 3))):
        holder: Any = document
        while True:
            places = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if isinstance(holder, dict) and draw(st.integers(0, 9)) == 0:
                places.append(draw(st.sampled_from(["colour", "name", "slo", "Name"])))
            if not places:
                break
            place = draw(st.sampled_from(places))
            inner = holder.get(place) if isinstance(holder, dict) else holder[place]
            if isinstance(inner, dict | list) and inner and draw(st.integers(0, 3)):
                holder = inner
                continue
            holder[place] = copy.deepcopy(draw(_JUNK))
            break
    return document
