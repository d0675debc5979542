"""What YAML, JSON and TOML say, apart from how it is laid out, and the keys by which two of them differ."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

# Aliases of YAML can stand for more than would fit anywhere; nothing that people write comes near.
_MOST_NODES = 200_000
_DEEPEST = 100

# What says which item of a list is which, in this order.
_IDENTITIES = ("id", "case_id", "name", "key", "model", "path")

_PLAIN_KEY = re.compile(r"[^\s.\[\]\"']+")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without parts, as JSON writes it, or as it stands where JSON has no such type."""

    text: str


Node: TypeAlias = "dict[str, Node] | list[Node] | Scalar"


@dataclass(frozen=True, slots=True)
class KeyDifference:
    """One key by which two documents differ. `path` is as in `tests[TC001].input`; "" is the whole.

    `old` and `new` are None where there is no such key.
    """

    path: str
    old: Node | None
    new: Node | None


class UnreadableError(ValueError):
    """The text is not in its format, or is not meant to be read by anyone."""


def reader(path: str) -> Callable[[str], Node] | None:
    """How a file is read, by its name; None for one without keys."""
    return _READERS.get(path.rpartition("/")[2].rpartition(".")[2].lower())


def read_yaml(text: str) -> Node:
    """The document, or the list of documents where there are several.

    Raises UnreadableError.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = list(yaml.compose_all(text, loader))
        budget = _Budget()
        read = [_of_yaml(document, budget, 0) for document in documents if document is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UnreadableError(str(error)) from error
    return read[0] if len(read) == 1 else list(read)


def read_json(text: str) -> Node:
    """The document. Raises UnreadableError."""
    try:
        return _of_plain(json.loads(text), 0)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from error


def read_toml(text: str) -> Node:
    """The document. Raises UnreadableError."""
    try:
        return _of_plain(tomllib.loads(text), 0)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from error


_READERS: dict[str, Callable[[str], Node]] = {
    "yaml": read_yaml,
    "yml": read_yaml,
    "json": read_json,
    "toml": read_toml,
}


class _Budget:
    """How many more nodes may be read."""

    def __init__(self) -> None:
        self.left = _MOST_NODES

    def take(self, depth: int) -> None:
        self.left -= 1
        if self.left < 0 or depth > _DEEPEST:
            raise UnreadableError("too large or too deep")


def _of_yaml(node: yaml.Node, budget: _Budget, depth: int) -> Node:
    budget.take(depth)
    if isinstance(node, yaml.MappingNode):
        return {_key(key): _of_yaml(value, budget, depth + 1) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_of_yaml(item, budget, depth + 1) for item in node.value]
    value = str(node.value)
    tag = node.tag.rpartition(":")[2]
    if tag == "str":
        return Scalar(_json(value))
    return Scalar("null" if tag == "null" else value)


def _key(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else yaml.serialize(node).strip()


def _of_plain(value: Any, depth: int) -> Node:
    if depth > _DEEPEST:
        raise UnreadableError("too deep")
    if isinstance(value, dict):
        return {key: _of_plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_of_plain(item, depth + 1) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return Scalar(_json(value))
    return Scalar(value.isoformat())  # a date or time of TOML


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def compare(old: Node, new: Node) -> list[KeyDifference]:
    """The keys by which `new` differs from `old`, each named once and as deep as can be.

    Items of a list that have an id or a name are matched by it, and values of a list by what they are;
    other items by their place from the beginning, or from the end behind what differs. The other way
    round gives the same keys with old and new exchanged.
    """
    return list(_differences(old, new, ""))


def _differences(old: Node, new: Node, path: str) -> Iterator[KeyDifference]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _keys(old, new, lambda key: f"{path}.{_quoted(key)}" if path else _quoted(key))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _items(old, new, path)
    else:
        yield KeyDifference(path, old, new)


def _keys(
    old: dict[str, Node], new: dict[str, Node], path_of: Callable[[str], str]
) -> Iterator[KeyDifference]:
    for key in sorted({**old, **new}):
        if key in old and key in new:
            yield from _differences(old[key], new[key], path_of(key))
        else:
            yield KeyDifference(path_of(key), old.get(key), new.get(key))


def _items(old: list[Node], new: list[Node], path: str) -> Iterator[KeyDifference]:
    named = _by_identity(old, new)
    if named is not None:
        before, after = named
        found = list(_keys(before, after, lambda key: f"{path}[{_quoted(key)}]"))
        yield from found or [KeyDifference(path, old, new)]  # the same in another order
    elif all(isinstance(item, Scalar) for item in (*old, *new)):
        yield from _values(old, new, path)
    else:
        yield from _places(old, new, path)


def _by_identity(old: Sequence[Node], new: Sequence[Node]) -> tuple[dict[str, Node], dict[str, Node]] | None:
    """The items by what identifies them; None where not all of them have the same kind of unique name."""
    for name in _IDENTITIES:
        before, after = _named(old, name), _named(new, name)
        if before is not None and after is not None and (before or after):
            return before, after
    return None


def _named(items: Sequence[Node], name: str) -> dict[str, Node] | None:
    found: dict[str, Node] = {}
    for item in items:
        identity = item.get(name) if isinstance(item, dict) else None
        if not isinstance(identity, Scalar):
            return None
        found[_bare(identity.text)] = item
    return found if len(found) == len(items) else None


def _bare(text: str) -> str:
    return str(json.loads(text)) if text.startswith('"') else text


def _values(old: Sequence[Node], new: Sequence[Node], path: str) -> Iterator[KeyDifference]:
    before, after = Counter(map(_text_of, old)), Counter(map(_text_of, new))
    gone, come = before - after, after - before
    if not gone and not come:
        yield KeyDifference(path, list(old), list(new))
    for text in sorted(gone.elements()):
        yield KeyDifference(f"{path}[]", Scalar(text), None)
    for text in sorted(come.elements()):
        yield KeyDifference(f"{path}[]", None, Scalar(text))


def _text_of(node: Node) -> str:
    assert isinstance(node, Scalar)  # noqa: S101 - asked before
    return node.text


def _places(old: Sequence[Node], new: Sequence[Node], path: str) -> Iterator[KeyDifference]:
    shorter = min(len(old), len(new))
    head = next((place for place in range(shorter) if old[place] != new[place]), shorter)
    rest = shorter - head
    tail = next((place for place in range(rest) if old[-1 - place] != new[-1 - place]), rest)
    for place in range(head, max(len(old), len(new)) - tail):
        inner = f"{path}[{place}]"
        if place < len(old) - tail and place < len(new) - tail:
            yield from _differences(old[place], new[place], inner)
        elif place < len(old) - tail:
            yield KeyDifference(inner, old[place], None)
        else:
            yield KeyDifference(inner, None, new[place])


def _quoted(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else _json(key)


def shown(node: Node) -> str:
    """A value in one line, as JSON or nearly."""
    if isinstance(node, dict):
        return "{" + ", ".join(f"{_json(key)}: {shown(value)}" for key, value in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(shown, node)) + "]"
    return node.text
