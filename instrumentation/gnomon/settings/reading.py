"""From the nodes of gnomon.yaml to typed values: every mistake is noted, none stops the reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

from gnomon.settings import checking
from gnomon.settings.document import compose
from gnomon.settings.problems import Place, Problem
from gnomon.settings.table import Setting, allowed, table, walk
from gnomon.settings.values import Duration

_TAG = "tag:yaml.org,2002:"
# YAML 1.2 (and JSON) writes 1e3 where PyYAML's YAML 1.1 wants 1.0e+3.
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\Z", re.ASCII)
_WRONG = object()


@dataclass
class Reading:
    """What a file says: values by key path, where each stands, and the mistakes.

    Key paths number the entries of lists: `suites[0].name`. A value with a mistake is left out; an
    entry with one is None, so that the others keep their numbers.
    """

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read(file: Path, holder: Setting | None = None) -> Reading:
    """Reads one file by a table, that of gnomon.yaml if none is named.

    Raises `SettingsError` when it is not YAML, `UserError` when it cannot be read.
    """
    node = compose(file)
    reading = Reading()
    if node is not None:
        holder = holder or table()
        _Reader(file, reading, holder).section(holder, "", node)
    return reading


class _Reader:
    """Walks table and nodes together. Only keys of the table are followed, so that no alias can run away."""

    def __init__(self, file: Path, reading: Reading, whole: Setting) -> None:
        self._file = file
        self._whole = whole
        self._reading = reading
        plain = SafeConstructor()
        self._scalar_tags: dict[str, Callable[[yaml.ScalarNode], Any]] = {
            "str": lambda node: node.value,
            "timestamp": lambda node: _Timestamp(),
            "int": plain.construct_yaml_int,
            "float": plain.construct_yaml_float,
            "bool": plain.construct_yaml_bool,
        }
        self._kinds: dict[str, Callable[[Setting, str, yaml.Node], Any]] = {
            "switch": self._switch,
            "integer": self._number,
            "number": self._number,
            "text": self._text,
            "path": self._path,
            "duration": self._duration,
            "secret": self._secret,
            "texts": self._texts,
            "entries": self._entries,
        }

    def section(self, setting: Setting, key: str, node: yaml.Node) -> None:
        """Reads the keys of a section into the flat values. An empty section is one without keys."""
        if self._is_null(node):
            return
        for field_, path, value in self._keys(setting, key, node):
            if field_.kind == "section":
                self._reading.places[path] = self._place(value)
                self.section(field_, path, value)
                continue
            typed = self._value(field_, path, value)
            if typed is not _WRONG:
                self._reading.values[path] = typed

    def _value(self, setting: Setting, key: str, node: yaml.Node) -> Any:
        self._reading.places[key] = self._place(node)
        if self._is_null(node):
            if setting.optional:
                return None
            if setting.kind in ("texts", "entries"):
                return ()
            return self._wrong(
                node, key, "it has no value", f"write {allowed(setting)}, or leave the key out"
            )
        return self._kinds[setting.kind](setting, key, node)

    def _keys(self, holder: Setting, key: str, node: yaml.Node) -> list[tuple[Setting, str, yaml.Node]]:
        """The known keys of a mapping in their order; unknown and repeated ones are noted."""
        if not isinstance(node, yaml.MappingNode):
            known = ", ".join(field_.name for field_ in holder.fields)
            self._wrong(
                node,
                key,
                f"{self._shown(node)} where keys are expected",
                f"write `key: value` lines with {known}",
            )
            return []
        fields = {field_.name: field_ for field_ in holder.fields}
        seen: dict[str, int] = {}
        found = []
        for name_node, value in node.value:
            name = name_node.value if isinstance(name_node, yaml.ScalarNode) else None
            if name is None or name not in fields:
                self._unknown(holder, key, name_node, name)
                continue
            path = f"{key}.{name}" if key else name
            if name in seen:
                wrong = f"the key is there twice, first in line {seen[name]}"
                self._wrong(name_node, path, wrong, "keep one of the two")
                continue
            seen[name] = name_node.start_mark.line + 1
            found.append((fields[name], path, value))
        return found

    def _unknown(self, holder: Setting, key: str, node: yaml.Node, name: str | None) -> None:
        if name is None:
            self._wrong(node, key, "a key that is not text", "write one word as the key")
            return
        if name == "<<":
            self._wrong(node, key, "merge keys (<<) are not read", "write the keys out")
            return
        path = f"{key}.{checking.quoted(name)[1:-1]}" if key else checking.quoted(name)[1:-1]
        self._wrong(node, path, "unknown key", _suggestion(self._whole, holder, name))

    def _switch(self, setting: Setting, key: str, node: yaml.Node) -> Any:
        value = self._scalar(node)
        if isinstance(value, bool):
            return value
        return self._kind_wrong(setting, key, node)

    def _number(self, setting: Setting, key: str, node: yaml.Node) -> Any:
        value = self._scalar(node)
        if isinstance(value, str) and _is_plain(node) and _NUMBER.match(value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._kind_wrong(setting, key, node)
        try:
            mistake = checking.number_mistake(setting, value)
            if mistake is None and setting.kind == "integer" and value != int(value):
                mistake = f"{value} is not a whole number"
        except OverflowError:
            mistake = "the number is too large"
        if mistake:
            return self._wrong(node, key, mistake, checking.remedy(setting))
        return int(value) if setting.kind == "integer" else float(value)

    def _text(self, setting: Setting, key: str, node: yaml.Node) -> Any:
        value = self._scalar(node)
        if not isinstance(value, str):
            if not setting.choices and isinstance(node, yaml.ScalarNode) and value is not _WRONG:
                wrong = f"{checking.shown(setting, node.value)} is read as {_kind_name(value)}, not as text"
                return self._wrong(node, key, wrong, "put it in quotes")
            return self._kind_wrong(setting, key, node)
        if checking.carries_secret(setting, value):
            return self._wrong(
                node,
                key,
                "a password stands in the address",
                f"take it out and set {_outside(setting)} instead",
            )
        mistake = checking.text_mistake(setting, value)
        return self._wrong(node, key, mistake, checking.remedy(setting)) if mistake else value

    def _path(self, setting: Setting, key: str, node: yaml.Node) -> Any:
        text = self._text(setting, key, node)
        return text if text is _WRONG else Path(text)

    def _duration(self, setting: Setting, key: str, node: yaml.Node) -> Any:
        text = self._text(setting, key, node)
        return text if text is _WRONG else Duration(text)

    def _texts(self, setting: Setting, key: str, node: yaml.Node) -> Any:
        if not isinstance(node, yaml.SequenceNode):
            return self._kind_wrong(setting, key, node)
        items = []
        for number, item in enumerate(node.value):
            path = f"{key}[{number}]"
            self._reading.places[path] = self._place(item)
            items.append(self._text(setting, path, item))
        return _WRONG if any(item is _WRONG for item in items) else tuple(items)

    def _entries(self, setting: Setting, key: str, node: yaml.Node) -> Any:
        if not isinstance(node, yaml.SequenceNode):
            return self._kind_wrong(setting, key, node)
        entries = [self._entry(setting, f"{key}[{number}]", item) for number, item in enumerate(node.value)]
        return tuple(None if entry is _WRONG else entry for entry in entries)

    def _entry(self, setting: Setting, key: str, node: yaml.Node) -> Any:
        """One entry: a mapping, or its name alone where nothing else is required."""
        self._reading.places[key] = self._place(node)
        name = setting.fields[0]
        if isinstance(node, yaml.ScalarNode):
            text = self._text(name, f"{key}.{name.name}", node)
            self._reading.places[f"{key}.{name.name}"] = self._place(node)
            return text if text is _WRONG else self._made(setting, {name.name: text})
        before = len(self._reading.problems)
        values: dict[str, Any] = {}
        for field_, path, value in self._keys(setting, key, node):
            values[field_.name] = self._value(field_, path, value)
        if len(self._reading.problems) > before:
            return _WRONG
        if name.name not in values:
            wrong = f"the entry has no {name.name}"
            return self._wrong(node, key, wrong, f"write `{name.name}: {name.meaning.example}`")
        return self._made(setting, values)

    def _secret(self, setting: Setting, key: str, node: yaml.Node) -> Any:
        advice = f"write `{setting.name}: {{env: VARIABLE}}` or `{setting.name}: {{file: PATH}}`"
        if isinstance(node, yaml.ScalarNode):
            wrong = "a secret must not stand in gnomon.yaml"
            return self._wrong(node, key, wrong, f"{advice}, and replace the secret if this file was shared")
        before = len(self._reading.problems)
        values = {
            field_.name: self._value(field_, path, value)
            for field_, path, value in self._keys(setting, key, node)
        }
        if len(self._reading.problems) > before:
            return _WRONG
        if len([value for value in values.values() if value is not None]) != 1:
            return self._wrong(node, key, "a secret needs either env or file", advice)
        return self._made(setting, values)

    @staticmethod
    def _made(setting: Setting, values: dict[str, Any]) -> Any:
        assert setting.holder is not None  # noqa: S101 - entries and secrets have one
        return setting.holder(**values)

    def _scalar(self, node: yaml.Node) -> Any:
        """The value that YAML gives a scalar, or `_WRONG` for anything else."""
        if not isinstance(node, yaml.ScalarNode):
            return _WRONG
        make = self._scalar_tags.get(node.tag.removeprefix(_TAG))
        try:
            return _WRONG if make is None else make(node)
        except (ValueError, KeyError, IndexError, OverflowError, ConstructorError):
            return _WRONG

    def _is_null(self, node: yaml.Node) -> bool:
        return isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "null"

    def _kind_wrong(self, setting: Setting, key: str, node: yaml.Node) -> Any:
        shown = (
            checking.shown(setting, node.value) if isinstance(node, yaml.ScalarNode) else self._shown(node)
        )
        return self._wrong(node, key, f"{shown} does not fit here", checking.remedy(setting))

    def _shown(self, node: yaml.Node) -> str:
        if isinstance(node, yaml.SequenceNode):
            return "a list"
        if isinstance(node, yaml.MappingNode):
            return "a mapping"
        return checking.quoted(node.value)

    def _wrong(self, node: yaml.Node, key: str, wrong: str, remedy: str) -> Any:
        self._reading.problems.append(Problem(self._place(node), key, wrong, remedy))
        return _WRONG

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1)


class _Timestamp:
    """A scalar that YAML takes for a date."""


def _kind_name(value: object) -> str:
    if isinstance(value, _Timestamp):
        return "a date"
    return "true or false" if isinstance(value, bool) else "a number"


def _is_plain(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style is None


def _outside(setting: Setting) -> str:
    if setting.key == "store.url":
        return f"{setting.variable} or PostgreSQL's password file"
    return "export.headers_file" if setting.key == "export.endpoint" else f"{setting.variable}"


def _suggestion(whole: Setting, holder: Setting, name: str) -> str:
    """The key that was probably meant: here, or the same name in another section."""
    names = [field.name for field in holder.fields]
    near = get_close_matches(name.lower().replace("-", "_"), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    elsewhere = [setting.key for setting in walk(whole) if setting.name == name]
    if elsewhere:
        return f"did you mean {' or '.join(elsewhere)}?"
    return f"take it out; known here: {', '.join(names)}"
