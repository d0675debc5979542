"""A commented gnomon.yaml: what was given is written, everything else stands there as a comment."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

from gnomon.settings.schema import plain_value
from gnomon.settings.table import Setting, allowed, by_key, table

WIDTH = 100


def render(given: Mapping[str, Any], schema: str | None = None) -> str:
    """The text of a gnomon.yaml.

    `given` maps keys (`project.name`, `suites`) to plain values that are written out. Every other
    setting is a comment that shows its default or, where that is empty, an example: taking the `# `
    away makes a valid file. `schema` is the path of a JSON Schema for editors, relative to the file.
    """
    lines = [f"# yaml-language-server: $schema={schema}", ""] if schema else []
    lines += _comment(
        "Settings of Gnomon. Every key may be left out; what is commented out shows its default, or an "
        "example where there is none. `gnomon config check` finds mistakes, `gnomon config show` tells "
        "what is in force and why.",
        "",
    )
    for setting in table().fields:
        lines += ["", *_lines(setting, given, "")]
    return "\n".join(lines) + "\n"


def _lines(setting: Setting, given: Mapping[str, Any], indent: str) -> list[str]:
    lines = _comment(_explanation(setting), indent)
    if setting.kind == "section":
        lines.append(f"{indent}{setting.name}:")
        for field in setting.fields:
            lines += _lines(field, given, indent + "  ")
        return lines
    if setting.key in given:
        written = _entry_lines(setting, given[setting.key]) if setting.kind == "entries" else None
        written = written or [f"{setting.name}: {_flow(given[setting.key])}"]
        return lines + [f"{indent}{line}" for line in written]
    if setting.kind == "entries":
        example = {field.name: value for field in setting.fields if (value := _example(field)) is not None}
        return lines + [f"{indent}# {line}" for line in _entry_lines(setting, [example])]
    return [*lines, f"{indent}# {setting.name}: {_flow(_example(setting))}"]


def _entry_lines(setting: Setting, entries: list[dict[str, Any]]) -> list[str]:
    """A list of entries, with the meaning of each key behind it in the first."""
    meanings = {field.name: field.meaning.brief for field in setting.fields}
    lines = [f"{setting.name}:"]
    for number, entry in enumerate(entries):
        for position, (name, value) in enumerate(entry.items()):
            meaning = f"  # {meanings[name]}" if number == 0 else ""
            lines.append(f"  {'  ' if position else '- '}{name}: {_flow(value)}{meaning}")
    return lines


def _explanation(setting: Setting) -> str:
    if setting.kind in ("section", "entries"):
        return setting.meaning.brief
    unit = setting.meaning.unit.strip("{}").replace("}/", "/")
    told = [unit] if unit not in ("", "1") else []
    if setting.choices or setting.kind in ("integer", "number"):
        told.append(allowed(setting))
    return f"{setting.meaning.brief} [{'; '.join(told)}]" if told else setting.meaning.brief


def _example(setting: Setting) -> Any:
    """The default, or where that is empty an example that agrees with the other examples."""
    if setting.default not in (None, (), ""):
        return plain_value(setting.default)
    if setting.meaning.refers_to:
        target = by_key()[setting.meaning.refers_to]
        names = target.fields[0].meaning if target.kind == "entries" else target.meaning
        return names.example[0] if isinstance(names.example, list) else names.example
    return setting.meaning.example


def _flow(value: Any) -> str:
    """A value on one line of YAML."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("...\n").strip()


def _comment(text: str, indent: str) -> list[str]:
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    prefix = f"{indent}# "
    return [
        line
        for part in paragraphs
        for line in textwrap.wrap(part, WIDTH, initial_indent=prefix, subsequent_indent=prefix)
    ]
