"""The JSON Schema of gnomon.yaml, for editors and for checks outside of Gnomon.

It says everything about a file that can be said key by key. What only shows when keys are seen
together (names that are not listed, names listed twice, bounds that contradict each other) is left
to the loader.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gnomon.settings.fields import SECRET_IN_URL
from gnomon.settings.table import Setting, table

DIALECT = "http://json-schema.org/draft-07/schema#"  # what editors' YAML servers understand best


def json_schema() -> dict[str, Any]:
    """The schema of a whole gnomon.yaml."""
    return {
        "$schema": DIALECT,
        "title": "gnomon.yaml",
        "description": "Settings of Gnomon. Every key may be left out.",
        **_mapping(table(), empty=True),
    }


def _mapping(holder: Setting, *, empty: bool) -> dict[str, Any]:
    """A mapping with the keys of a holder and no others; `empty` allows one without any (null)."""
    schema: dict[str, Any] = {
        "type": ["object", "null"] if empty else "object",
        "additionalProperties": False,
        "properties": {field.name: _property(field) for field in holder.fields},
    }
    required = [field.name for field in holder.fields if field.required]
    return schema | ({"required": required} if required else {})


def _property(setting: Setting) -> dict[str, Any]:
    described: dict[str, Any] = {"description": _description(setting)}
    if setting.kind == "section":
        return described | _mapping(setting, empty=True)
    if setting.default not in (None, (), ""):
        described["default"] = plain_value(setting.default)
    elif setting.meaning.example is not None:
        described["examples"] = [setting.meaning.example]
    return described | _value(setting)


def _description(setting: Setting) -> str:
    unit = setting.meaning.unit
    return f"{setting.meaning.brief} [{unit}]" if unit else setting.meaning.brief


def _value(setting: Setting) -> dict[str, Any]:
    if setting.kind == "secret":
        return _secret(setting)
    if setting.kind == "texts":
        return {"type": ["array", "null"], "items": _text(setting)}
    if setting.kind == "entries":
        entry = _mapping(setting, empty=False)
        return {"type": ["array", "null"], "items": {"anyOf": [entry, _text(setting.fields[0])]}}
    simple = {"switch": {"type": "boolean"}, "integer": _number(setting), "number": _number(setting)}
    schema = simple.get(setting.kind) or _text(setting)
    if setting.optional:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _number(setting: Setting) -> dict[str, Any]:
    meaning = setting.meaning
    limits = {
        "minimum": meaning.minimum,
        "maximum": meaning.maximum,
        "exclusiveMinimum": meaning.above,
        "exclusiveMaximum": meaning.below,
    }
    return {"type": setting.kind, **{name: limit for name, limit in limits.items() if limit is not None}}


def _text(setting: Setting) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if setting.choices:
        schema["enum"] = list(setting.choices)
    if setting.meaning.format:
        schema["pattern"] = setting.meaning.format.pattern
    if setting.meaning.no_password:
        schema["not"] = {"type": "string", "pattern": SECRET_IN_URL}
    return schema


def _secret(setting: Setting) -> dict[str, Any]:
    """A reference names a variable or a file, not both and not the secret."""
    one = [
        {"required": [field.name], "properties": {field.name: {"type": "string"}}} for field in setting.fields
    ]
    return {"anyOf": [{"type": "null"}, {**_mapping(setting, empty=False), "oneOf": one}]}


def plain_value(value: Any) -> Any:
    """A default as JSON has it."""
    if isinstance(value, tuple):
        return [plain_value(item) for item in value]
    return str(value) if isinstance(value, Path | str) else value
