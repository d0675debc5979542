"""The table of settings, read off the dataclasses: what loader, schema, template and docs derive from."""

from __future__ import annotations

import dataclasses
import sys
import types
import typing
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any, Literal

from gnomon.record import Record
from gnomon.settings.fields import MEANING, Meaning
from gnomon.settings.model import Settings
from gnomon.settings.values import Duration, SecretReference

Kind = Literal[
    "section", "entries", "switch", "integer", "number", "text", "path", "duration", "secret", "texts"
]

_SCALARS: dict[object, Kind] = {
    bool: "switch",
    int: "integer",
    float: "number",
    str: "text",
    Path: "path",
    Duration: "duration",
    SecretReference: "secret",
}


class Setting(Record):
    """One row of the table.

    `key` is the full key path, with `[]` for each entry of a list. `fields` are the settings inside a
    section, a list entry or a secret reference, and `holder` is their dataclass. `default` is the
    Python value; a `required` setting has none.
    """

    key: str
    name: str
    kind: Kind
    optional: bool
    required: bool
    default: Any
    meaning: Meaning
    choices: tuple[str, ...]
    holder: type | None
    fields: tuple[Setting, ...]

    @property
    def variable(self) -> str | None:
        """The environment variable that overrides it, or None for what one line of text cannot say."""
        if self.kind in ("section", "entries", "secret") or "[]" in self.key:
            return None
        return "GNOMON_" + self.key.replace(".", "_").upper()


@cache
def table() -> Setting:
    """The whole table: one section without a key, whose fields are the keys of gnomon.yaml."""
    return table_of(Settings)


@cache
def table_of(kind: type) -> Setting:
    """The table that a class of records made with `gnomon.settings.fields` describes."""
    return _holder("", "", kind)


def walk(section: Setting | None = None) -> Iterator[Setting]:
    """Every setting below a section (by default: all), sections before what they hold, entries left whole."""
    for field in (section or table()).fields:
        yield field
        if field.kind == "section":
            yield from walk(field)


@cache
def by_key() -> dict[str, Setting]:
    """Every setting that `walk` yields, by its key."""
    return {setting.key: setting for setting in walk()}


def allowed(setting: Setting) -> str:
    """What may be written for a setting, as the rest of the sentence 'write …'."""
    if setting.choices:
        return _one_of(setting.choices)
    form = setting.meaning.format
    text = form.description if form else "text"
    inside = ", ".join(field.name for field in setting.fields)
    by_kind = {
        "switch": "true or false",
        "integer": f"a whole number {bounds(setting)}".rstrip(),
        "number": f"a number {bounds(setting)}".rstrip(),
        "secret": "{env: VARIABLE} or {file: PATH}",
        "section": f"keys below it: {inside}",
        "entries": f"a list of entries with the keys {inside}",
        "path": "a path",
        "texts": f"a list, each item {text}",
    }
    return by_kind.get(setting.kind, text)


def bounds(setting: Setting) -> str:
    """The range of a number in words, or nothing when it has none."""
    meaning = setting.meaning
    low = f"above {plain(meaning.above)}" if meaning.above is not None else ""
    high = f"below {plain(meaning.below)}" if meaning.below is not None else ""
    if meaning.minimum is not None and meaning.maximum is not None:
        return f"from {plain(meaning.minimum)} to {plain(meaning.maximum)}"
    if meaning.minimum is not None:
        low = f"not below {plain(meaning.minimum)}"
    if meaning.maximum is not None:
        high = f"not above {plain(meaning.maximum)}"
    return " and ".join(part for part in (low, high) if part)


def plain(number: float) -> str:
    """A number without a needless fraction: 15.0 as 15."""
    return str(int(number)) if abs(number) < 1e15 and float(number).is_integer() else f"{number:g}"


def _one_of(choices: tuple[str, ...]) -> str:
    return choices[0] if len(choices) == 1 else ", ".join(choices[:-1]) + " or " + choices[-1]


def _holder(key: str, name: str, holder: type) -> Setting:
    """The section, or the fields of one entry, that a settings class describes."""
    prefix = f"{key}." if key else ""
    return Setting(
        key=key,
        name=name,
        kind="section",
        optional=False,
        required=False,
        default=None,
        meaning=Meaning(cleandoc(holder.__doc__ or "")),
        choices=(),
        holder=holder,
        fields=tuple(
            _setting(prefix + field.name, field, _hint(str(field.type), holder.__module__))
            for field in dataclasses.fields(holder)
            if MEANING in field.metadata
        ),
    )


@cache
def _hint(annotation: str, module: str) -> Any:
    """What an annotation means; some thirty different ones stand on all fields."""
    carrier = types.SimpleNamespace(__annotations__={"field": annotation})
    return typing.get_type_hints(carrier, vars(sys.modules[module]))["field"]


def _setting(key: str, field: dataclasses.Field[Any], hint: Any) -> Setting:
    optional = typing.get_origin(hint) in (typing.Union, types.UnionType)
    if optional:
        (hint,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
    if dataclasses.is_dataclass(hint) and hint is not SecretReference:
        return _holder(key, field.name, typing.cast(type, hint))
    choices: tuple[str, ...] = ()
    holder: type | None = None
    kind: Kind
    if typing.get_origin(hint) is Literal:
        kind, choices = "text", typing.get_args(hint)
    elif typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        kind, holder = ("texts", None) if item is str else ("entries", item)
    else:
        kind = _SCALARS[hint]
        holder = SecretReference if kind == "secret" else None
    inside = f"{key}[]" if kind == "entries" else key
    return Setting(
        key=key,
        name=field.name,
        kind=kind,
        optional=optional,
        required=field.default is dataclasses.MISSING,
        default=None if field.default is dataclasses.MISSING else field.default,
        meaning=field.metadata[MEANING],
        choices=choices,
        holder=holder,
        fields=_holder(inside, field.name, holder).fields if holder else (),
    )
