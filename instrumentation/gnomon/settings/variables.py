"""Environment variables that override gnomon.yaml: `GNOMON_<KEY>` and the standard OpenTelemetry ones.

For each setting the first that is set and not empty wins: the standard variable, `GNOMON_<KEY>` (the
key path in capitals with `_` for `.`), the file, the default. Lists are written with commas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from gnomon.settings import checking
from gnomon.settings.fields import RESOURCE_ATTRIBUTES
from gnomon.settings.problems import Place, Problem
from gnomon.settings.table import Setting, walk
from gnomon.settings.values import Duration

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


def overrides(environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Place], list[Problem]]:
    """Values by key, the variable each came from, and the mistakes in them."""
    values: dict[str, Any] = {}
    places: dict[str, Place] = {}
    problems: list[Problem] = []
    for setting, variable, text in _written(environ):
        if setting.key in places:
            continue
        place = places[setting.key] = Place(variable=variable)
        value, mistake = _parse(setting, text)
        if mistake is None:
            values[setting.key] = value
        else:
            how = checking.remedy(setting) + (", separated by commas" if setting.kind == "texts" else "")
            problems.append(Problem(place, setting.key, mistake, how))
    return values, places, problems


def _written(environ: Mapping[str, str]) -> Iterator[tuple[Setting, str, str]]:
    """Every setting with a variable that sets it, the strongest variable first."""
    for setting in walk():
        for variable in setting.meaning.standard_variables:
            if environ.get(variable, "").strip():
                yield setting, variable, environ[variable].strip()
    given = _resource_attributes(environ.get(RESOURCE_ATTRIBUTES, ""))
    for setting in walk():
        for attribute in setting.meaning.resource_attributes:
            if given.get(attribute):
                yield setting, RESOURCE_ATTRIBUTES, given[attribute]
    for setting in walk():
        variable = setting.variable or ""
        if environ.get(variable, "").strip():
            yield setting, variable, environ[variable].strip()


def _resource_attributes(text: str) -> dict[str, str]:
    """What OTEL_RESOURCE_ATTRIBUTES says: `key=value` pairs with commas between, values percent-encoded."""
    pairs = (pair.split("=", 1) for pair in text.split(",") if "=" in pair)
    return {name.strip(): unquote(value.strip()) for name, value in pairs}


def _parse(setting: Setting, text: str) -> tuple[Any, str | None]:
    """The typed value of one line of text, or what is wrong with it."""
    if setting.kind == "switch":
        word = text.lower()
        return (
            word in _TRUE,
            None if word in _TRUE | _FALSE else f"{checking.quoted(text)} is neither true nor false",
        )
    if setting.kind in ("integer", "number"):
        return _number(setting, text)
    if setting.kind == "texts":
        items = tuple(item.strip() for item in text.split(",") if item.strip())
        mistakes = [mistake for item in items if (mistake := checking.text_mistake(setting, item))]
        return items, mistakes[0] if mistakes else None
    convert = {"path": Path, "duration": Duration}.get(setting.kind, str)
    return convert(text), checking.text_mistake(setting, text)


def _number(setting: Setting, text: str) -> tuple[Any, str | None]:
    try:
        value = int(text) if setting.kind == "integer" else float(text)
        return value, checking.number_mistake(setting, value)
    except (ValueError, OverflowError):
        return (
            None,
            f"{checking.quoted(text)} is not {'a whole' if setting.kind == 'integer' else 'a'} number",
        )
