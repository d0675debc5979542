"""In which line of a file a value stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

Keys = tuple[str | int, ...]
"""The way to a value through mappings and lists."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|\n')


def json_lines(text: str) -> Mapping[Keys, int]:
    """The line, from 1, on which each value of a JSON document begins. The document must be well formed."""
    return dict(_json_lines(text))


def _json_lines(text: str) -> Iterator[tuple[Keys, int]]:
    line = 1
    path: list[str | int] = []
    # Whether the container at each level is a mapping; the key of the one that is open stands in `path`.
    mappings: list[bool] = []
    awaits_key = False
    for match in _TOKEN.finditer(text):
        word = match.group()
        if word == "\n":
            line += 1
        elif word in "{[":
            yield tuple(path), line
            mappings.append(word == "{")
            path.append(0)
            awaits_key = word == "{"
        elif word in "}]":
            mappings.pop()
            path.pop()
        elif word == ",":
            awaits_key = mappings[-1]
            if not awaits_key:
                path[-1] = int(path[-1]) + 1
        elif word == ":":
            pass
        elif awaits_key:
            path[-1] = word[1:-1] if "\\" not in word else json.loads(word)
            awaits_key = False
        else:
            yield tuple(path), line


def yaml_lines(text: str) -> Mapping[Keys, int]:
    """The line, from 1, on which each value of a YAML document begins. The document must be well formed."""
    root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return dict(_yaml_lines(root, ())) if root is not None else {}


def _yaml_lines(node: Any, keys: Keys) -> Iterator[tuple[Keys, int]]:
    yield keys, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _yaml_lines(value, (*keys, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _yaml_lines(value, (*keys, number))
