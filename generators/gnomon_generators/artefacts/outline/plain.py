"""From JSON and YAML values to text: short, complete, and the same whatever the order of keys."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from gnomon_generators.artefacts.outline.model import Fact, Form

_LONG: Final = 120


def leaves(value: object, way: str = "") -> Iterator[tuple[str, str]]:
    """Every value inside with the way to it, `legend.placement`; keys sorted, empty values left out."""
    if is_empty(value):
        return
    if isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from leaves(value[key], f"{way}.{key}" if way else str(key))
    elif isinstance(value, list) and _is_long(value):
        for number, entry in enumerate(value, start=1):
            yield from leaves(entry, f"{way}[{number}]")
    else:
        yield way, scalar(value)


def _is_long(value: list[object]) -> bool:
    """Whether the entries of a list are better told one by one."""
    return any(isinstance(entry, Mapping | list) for entry in value) or len(scalar(value)) > _LONG


def flat(value: object) -> str:
    """A whole value on one line: `displayMode=list, placement=bottom`."""
    return ", ".join(f"{way}={text}" if way else text for way, text in leaves(value))


def facts(value: object, way: str = "", form: Form = Form.LINE) -> list[Fact]:
    """A fact for every value inside."""
    return [Fact(name, text, form) for name, text in leaves(value, way)]


def others(value: Mapping[str, Any], known: Collection[str]) -> list[Fact]:
    """What stands in a mapping beside the keys that are told in another way: nothing is passed over."""
    return [fact for key in sorted(value) if key not in known for fact in facts(value[key], key, Form.SMALL)]


def scalar(value: object) -> str:
    """One value, or a list of single values, as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(scalar(entry) for entry in value)}]"
    return json.dumps(value, ensure_ascii=False, default=str)


def number(value: object) -> float:
    """The value where a number is expected, else 0."""
    return float(value) if isinstance(value, int | float) else 0.0


def is_empty(value: object) -> bool:
    """Whether a value says nothing: null, an empty text, list or mapping. False and 0 say something."""
    return value is None or (isinstance(value, str | list | Mapping) and not value)


def mapping(value: object) -> Mapping[str, Any]:
    """The value where a mapping is expected; other people's files have null and worse there."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The mappings of a list, where a list of mappings is expected."""
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
