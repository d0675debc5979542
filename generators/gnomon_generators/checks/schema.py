"""Grafana's published JSON schemas, applied to a classic dashboard.

The schemas (`schemas/`, see its NOTICE) are written by generators from Grafana's own sources. Three defects
are patched as they are read, found by validating dashboards that Grafana itself had written:

- CUE's "anything" became `{"type": "object", "additionalProperties": {}}`, which refuses the string in every
  field override and matcher. It is read as `{}`; options and custom field configuration, which it stands for
  too, have schemas of their own.
- `required` lists what Grafana writes, not what it needs: a panel that leaves an option out gets the
  default. It is dropped.
- `oneOf` has branches that overlap, so that right values match twice: `cellOptions` as published, and all
  unions of objects once nothing is required. It is read as `anyOf`.

Nulls are dropped from the dashboard first: Grafana reads them as absent, the schemas know few of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from jsonschema import Draft7Validator

Path = tuple[str | int, ...]
"""Where in the JSON: keys and positions from the top."""

_OTHER_FILE: Final = {"dashlist": "dashboardlist", "annolist": "annotationslist"}
"""Panel types whose schema has another name than the type in lower case without punctuation."""

_QUERY_FILES: Final = {
    "prometheus": "prometheus",
    "loki": "loki",
    "tempo": "tempo",
    "__expr__": "expr",
    "grafana-pyroscope-datasource": "grafanapyroscope",
    "grafana-testdata-datasource": "testdata",
}
"""File of the query schema for a data source type. Of the others there is none here: they go unchecked."""

_ANYTHING: Final = {"type": "object", "additionalProperties": {}}


@dataclass(frozen=True, slots=True)
class Fault:
    """One place that Grafana's schema does not know or allow; `unknown_key` when it is the key itself."""

    path: Path
    message: str
    unknown_key: bool = False


def schema_faults(dashboard: Mapping[str, Any]) -> list[Fault]:
    """What in a classic dashboard Grafana's schemas refuse, in the order of the file; none when all is right.

    Values that are null count as absent. Panels and queries of types without a schema are checked as far as
    the dashboard's own schema goes: `panel_types_without_schema` names them.
    """
    return list(_dashboard_faults(without_nulls(dashboard)))


def panel_types_without_schema(dashboard: Mapping[str, Any]) -> frozenset[str]:
    """The panel types of a dashboard whose options have no published schema, rows aside."""
    types = {str(panel.get("type", "")) for _, panel in _panels(dashboard)} - {"row"}
    return frozenset(kind for kind in types if not _has_schema(_panel_file(kind)))


def known_units() -> frozenset[str]:
    """The ids of the units that Grafana knows; not those that one writes freely (`suffix:` and such)."""
    return frozenset(row["const"] for row in _definitions("units").values() if "const" in row)


def known_panel_types() -> frozenset[str]:
    """Lower-case panel types, without punctuation, that have a schema."""
    return frozenset(name for name in _files() if "Options" in _definitions(name))


def is_data_source(path: Path) -> bool:
    """Whether the place is a reference to a data source."""
    return path[-1:] == ("datasource",)


def data_source_texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """References to data sources that are plain text, as they were before Grafana 8.3."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "datasource" and isinstance(item, str):
                yield (*path, key), item
            else:
                yield from data_source_texts(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from data_source_texts(item, (*path, number))


def without_nulls(value: Any) -> Any:
    """A copy without keys whose value is null."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _dashboard_faults(dashboard: Mapping[str, Any]) -> Iterator[Fault]:
    frame = {key: value for key, value in dashboard.items() if key != "panels"}
    yield from _faults("dashboard", "Dashboard", frame, ())
    for path, panel in _panels(dashboard):
        if panel.get("type") == "row":
            row = {key: value for key, value in panel.items() if key != "panels"}
            yield from _faults("dashboard", "RowPanel", row, path)
        else:
            yield from _panel_faults(panel, path)


def _panels(dashboard: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every panel and row with its place, the panels of collapsed rows after their row."""
    panels = dashboard.get("panels")
    for position, panel in enumerate(panels if isinstance(panels, list) else ()):
        if isinstance(panel, Mapping):
            place = (*path, "panels", position)
            yield place, panel
            if panel.get("type") == "row":
                yield from _panels(panel, place)


def _panel_faults(panel: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    yield from _faults("dashboard", "Panel", {k: v for k, v in panel.items() if k != "options"}, path)
    file = _panel_file(str(panel.get("type", "")))
    if _has_schema(file):
        if "options" in panel:
            yield from _faults(file, "Options", panel["options"], (*path, "options"))
        yield from _field_config_faults(file, panel.get("fieldConfig"), (*path, "fieldConfig"))
    for position, target in enumerate(_list(panel.get("targets"))):
        yield from _target_faults(target, panel, (*path, "targets", position))


def _field_config_faults(file: str, config: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(config, Mapping):
        return
    defaults = config.get("defaults")
    if isinstance(defaults, Mapping) and "custom" in defaults and "FieldConfig" in _definitions(file):
        yield from _faults(file, "FieldConfig", defaults["custom"], (*path, "defaults", "custom"))
    for position, override in enumerate(_list(config.get("overrides"))):
        properties = _list(override.get("properties")) if isinstance(override, Mapping) else []
        for number, row in enumerate(properties):
            if isinstance(row, Mapping) and isinstance(row.get("id"), str):
                place = (*path, "overrides", position, "properties", number)
                yield from _override_faults(file, row["id"], row.get("value"), place)


def _override_faults(file: str, name: str, value: Any, path: Path) -> Iterator[Fault]:
    """An override sets one field option: the same schema as where the option stands for all fields."""
    where, definition, key = "dashboard", "FieldConfig", name
    if name.startswith("custom."):
        # A nested option is written with dots; what is checked is its value under the first key.
        where, key, *deeper = file, *name.removeprefix("custom.").split(".")
        if "FieldConfig" not in _definitions(file):
            return
        for part in reversed(deeper):
            value = {part: value}
    one = {key: value} if value is not None else {}
    if key not in _properties(where, definition):
        yield Fault((*path, "id"), f"{name!r} is no field option of this panel type")
        return
    for fault in _faults(where, definition, one, ()):
        yield Fault((*path, "value", *fault.path[1:]), fault.message)


def _target_faults(target: Any, panel: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    kind = _datasource_type(target) or _datasource_type(panel)
    file = _QUERY_FILES.get(kind or "")
    if file is not None:
        yield from _faults(file, None, target, path)


def _datasource_type(holder: Any) -> str | None:
    reference = holder.get("datasource") if isinstance(holder, Mapping) else None
    kind = reference.get("type") if isinstance(reference, Mapping) else None
    return kind if isinstance(kind, str) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _panel_file(kind: str) -> str:
    return _OTHER_FILE.get(kind) or kind.lower().replace("-", "")


@cache
def _files() -> frozenset[str]:
    return frozenset(
        entry.name.removesuffix(".jsonschema.json")
        for entry in _folder().iterdir()
        if entry.name.endswith(".jsonschema.json")
    )


def _folder() -> Any:
    return resources.files("gnomon_generators.checks") / "schemas"


def _has_schema(file: str) -> bool:
    return file in _files() and "Options" in _definitions(file)


@cache
def _schema(file: str) -> dict[str, Any]:
    text = (_folder() / f"{file}.jsonschema.json").read_text(encoding="utf-8")
    return _patched(json.loads(text))  # type: ignore[no-any-return]


def _definitions(file: str) -> dict[str, Any]:
    return _schema(file)["definitions"]  # type: ignore[no-any-return]


def _properties(file: str, definition: str) -> Mapping[str, Any]:
    """The keys of a definition; some definitions only name another one, or add a default to it."""
    schema = _definitions(file)[definition]
    while "properties" not in schema:
        reference = schema["$ref"] if "$ref" in schema else schema["allOf"][0]["$ref"]
        schema = _definitions(file)[reference.removeprefix("#/definitions/")]
    return schema["properties"]  # type: ignore[no-any-return]


def _patched(schema: Any) -> Any:
    """The schema without the three defects (module's docstring); descriptions go too, nobody reads them."""
    if isinstance(schema, list):
        return [_patched(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if {key: value for key, value in schema.items() if key not in ("description", "default")} == _ANYTHING:
        return {}
    patched = {}
    for key, value in schema.items():
        # Below `properties` and `definitions` the keys are names, which may be any of these words.
        if key in ("properties", "definitions"):
            patched[key] = {name: _patched(row) for name, row in value.items()}
        elif key == "oneOf":
            patched["anyOf"] = _patched(value)
        elif key not in ("required", "description", "default"):
            patched[key] = _patched(value)
    return patched


@cache
def _validator(file: str, definition: str | None) -> Draft7Validator:
    schema = _schema(file)
    return Draft7Validator(schema if definition is None else schema | {"$ref": f"#/definitions/{definition}"})


# jsonschema's errors are untyped below: its stubs allow for unset attributes that these never have.


def _faults(file: str, definition: str | None, value: Any, path: Path) -> Iterator[Fault]:
    for error in _validator(file, definition).iter_errors(value):
        for leaf in _leaves(error):
            yield from _worded(leaf, (*path, *leaf.absolute_path))


def _leaves(error: Any) -> list[Any]:
    """The errors that a reader wants to see: of a union, those of the branch that was most likely meant."""
    if not error.context:
        return [error]
    branches: dict[Any, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    found = [[leaf for inner in branch for leaf in _leaves(inner)] for branch in branches.values()]
    best = min(found, key=_distance)
    if _distance(best)[0] and all(_distance(branch)[0] for branch in found):
        return [error]
    return best


def _distance(branch: Sequence[Any]) -> tuple[int, int]:
    """How far a branch is from what was written: another kind of value or object first, then the number."""
    other = sum(
        (error.validator == "type" and not error.relative_path) or error.validator == "const"
        for error in branch
    )
    return other, len(branch)


def _worded(error: Any, path: Path) -> Iterator[Fault]:
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        for key in error.instance:
            if key not in known:
                yield Fault((*path, key), "is a key that Grafana does not know here", unknown_key=True)
        return
    yield Fault(path, _message(error))


def _message(error: Any) -> str:
    value = _shown(error.instance)
    match error.validator:
        case "type":
            kinds = (
                [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
            )
            return f"is {value}, must be {_either(_KINDS[kind] for kind in kinds)}"
        case "enum":
            return f"is {value}, must be {_either(_shown(choice) for choice in error.validator_value)}"
        case "const":
            return f"is {value}, must be {_shown(error.validator_value)}"
        case "anyOf":
            return f"is {value}, must be {_either(_branches(error))}"
        case _:
            return str(error.message)


_KINDS: Final = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def _branches(error: Any) -> Iterator[str]:
    """What each branch of a union asks for."""
    for inner in error.context:
        if inner.validator == "type":
            yield _KINDS.get(inner.validator_value, str(inner.validator_value))
        elif inner.validator == "const":
            place = ".".join(str(part) for part in inner.relative_path)
            yield f"{place} {_shown(inner.validator_value)}" if place else _shown(inner.validator_value)
        elif inner.validator == "enum":
            yield from (_shown(choice) for choice in inner.validator_value)


def _either(choices: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(choices))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
