"""Reading a panel's field configuration, whatever shape it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gnomon_generators.checks.schema import Path
from gnomon_generators.checks.subjects import Panel


def defaults(panel: Panel) -> Mapping[str, Any]:
    """What holds for all fields; empty when there is nothing."""
    config = panel.raw.get("fieldConfig")
    found = config.get("defaults") if isinstance(config, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def overrides(panel: Panel) -> Iterator[tuple[Path, str, Any]]:
    """Every property of every override: its place in the panel, its id and its value."""
    config = panel.raw.get("fieldConfig")
    rows = config.get("overrides") if isinstance(config, Mapping) else None
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        properties = row.get("properties") if isinstance(row, Mapping) else None
        for place, entry in enumerate(properties if isinstance(properties, list) else ()):
            if isinstance(entry, Mapping):
                path = ("fieldConfig", "overrides", number, "properties", place, "value")
                yield path, str(entry.get("id")), entry.get("value")


def override_values(panel: Panel, option: str) -> Iterator[Any]:
    """The values that overrides set for a field option."""
    return (value for _, name, value in overrides(panel) if name == option)


def field_values(panel: Panel, option: str) -> Iterator[tuple[Path, Any]]:
    """The values of a field option with their places in the panel, for all fields and in overrides."""
    if option in defaults(panel):
        yield ("fieldConfig", "defaults", option), defaults(panel)[option]
    for path, name, value in overrides(panel):
        if name == option:
            yield path, value
