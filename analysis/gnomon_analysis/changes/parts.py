"""What changed inside a file: front-matter keys, triggers, sections, keys, and the size of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gnomon_analysis.changes import markdown, structure
from gnomon_analysis.changes.masking import masked, masked_lines, masked_value
from gnomon_analysis.changes.structure import KeyDifference, Node, Scalar, UnreadableError
from gnomon_analysis.changes.text import compare_lines, read, shortened, tokens

FRONT_MATTER, DESCRIPTION, TRIGGER = "front_matter", "description", "trigger"
SECTION, ORDER, KEY, TEXT = "section", "order", "key", "text"

# What stands before the first heading.
TOP = "(top)"

_MOST_PARTS = 200
_MOST_CHARACTERS = 400
_MARKDOWN = (".md", ".mdc", ".markdown")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a file that differs.

    `part` is `front_matter` (a key of it), `description`, `trigger` (a phrase), `section` (titles from the
    top, with ` > ` between), `order` (of the sections in one), `key` (of YAML, JSON or TOML) or `text`.
    `change` is `added`, `modified`, `deleted` or `renamed`; `old` and `new` are texts of bounded length,
    None where there is none. Tokens are those of the whole texts.
    """

    part: str
    name: str
    change: str
    old: str | None
    new: str | None
    old_tokens: int
    new_tokens: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a change did to one file. None stands for what cannot be told of a file that is no text.

    `parts` are at most 200; `left_out` counts the rest. `note` says why there are none although the bytes
    differ.
    """

    lines_added: int | None
    lines_deleted: int | None
    old_tokens: int | None
    new_tokens: int | None
    parts: tuple[Part, ...]
    left_out: int
    diff: str | None
    note: str


# Of a file whose bytes a partial clone does not have.
ABSENT = Comparison(None, None, None, None, (), 0, None, "its content is not in this clone")


def compare(path: str, old: bytes | None, new: bytes | None) -> Comparison:
    """How the content of a file differs from what it was; None stands for no file.

    A file that came or went is compared with nothing, and has no parts.
    """
    before, after = (None if content is None else read(content) for content in (old, new))
    if (old is not None and before is None) or (new is not None and after is None):
        return _of_no_text(old, new, before, after)
    lines = compare_lines(before or "", after or "")
    parts: list[Part] = []
    note = ""
    if before is not None and after is not None and old != new:
        parts = list(_parts(path, before, after))
        note = "" if parts else _unseen(before, after)
    return Comparison(
        lines_added=lines.added,
        lines_deleted=lines.deleted,
        old_tokens=None if before is None else tokens(before),
        new_tokens=None if after is None else tokens(after),
        parts=tuple(parts[:_MOST_PARTS]),
        left_out=max(0, len(parts) - _MOST_PARTS),
        diff=_masked_diff(path, lines.diff) or None,
        note=note,
    )


def _masked_diff(path: str, diff: str) -> str:
    """What is shown of the lines: of configuration without values of secret keys."""
    return masked(diff) if structure.reader(path.lower()) is None else masked_lines(diff)


def _of_no_text(old: bytes | None, new: bytes | None, before: str | None, after: str | None) -> Comparison:
    sizes = [f"{len(content):,}" for content in (old, new) if content is not None]
    note = f"not compared: no text, or too large ({' → '.join(sizes)} bytes)"
    return Comparison(
        lines_added=None,
        lines_deleted=None,
        old_tokens=None if before is None else tokens(before),
        new_tokens=None if after is None else tokens(after),
        parts=(),
        left_out=0,
        diff=None,
        note=note,
    )


def _unseen(before: str, after: str) -> str:
    if before == after:
        return "line ends or encoding only"
    if before.split() == after.split():
        return "white space only"
    return "comments or layout only"


def _parts(path: str, before: str, after: str) -> Iterator[Part]:
    name = path.lower()
    if name.endswith(_MARKDOWN):
        yield from _of_markdown(before, after)
    elif (reader := structure.reader(name)) is not None:
        try:
            yield from _of_keys(structure.compare(reader(before), reader(after)), KEY)
        except UnreadableError:
            yield _part(TEXT, "", before, after)
    elif before.split() != after.split():
        yield _part(TEXT, "", before, after)


def _of_markdown(before: str, after: str) -> Iterator[Part]:
    old, new = markdown.parse(before), markdown.parse(after)
    triggers = list(_of_triggers(old.triggers, new.triggers))
    if old.keys is None or new.keys is None:
        if old.front_matter != new.front_matter:
            yield _part(FRONT_MATTER, "", old.front_matter, new.front_matter)
    else:
        differences = structure.compare(old.keys, new.keys)
        # What the phrases say already is not said once more of the lists that they stand in.
        apart = [one for one in differences if not (triggers and _lists_phrases(one))]
        yield from _of_keys(apart, FRONT_MATTER)
    yield from triggers
    for difference in markdown.compare(old.top, new.top):
        yield _of_section(difference)


def _of_triggers(old: list[str], new: list[str]) -> Iterator[Part]:
    yield from (_part(TRIGGER, phrase, phrase, None) for phrase in old if phrase not in new)
    yield from (_part(TRIGGER, phrase, None, phrase) for phrase in new if phrase not in old)


def _lists_phrases(difference: KeyDifference) -> bool:
    """Whether a list of triggers, or a phrase in one, is what differs."""
    name = difference.path.removesuffix("[]")
    nodes = [node for node in (difference.old, difference.new) if node is not None]
    if name != difference.path:
        return name in markdown.TRIGGER_KEYS and all(isinstance(node, Scalar) for node in nodes)
    return name in markdown.TRIGGER_KEYS and all(
        isinstance(node, list) and all(isinstance(item, Scalar) for item in node) for node in nodes
    )


def _of_keys(differences: list[KeyDifference], part: str) -> Iterator[Part]:
    for difference in differences:
        old, new = (
            None if node is None else structure.shown(_without_secrets(difference.path, node))
            for node in (difference.old, difference.new)
        )
        named = DESCRIPTION if part == FRONT_MATTER and difference.path == DESCRIPTION else part
        yield _part(named, difference.path, old, new)


def _without_secrets(key: str, node: Node) -> Node:
    if isinstance(node, dict):
        return {name: _without_secrets(name, value) for name, value in node.items()}
    if isinstance(node, list):
        return [_without_secrets(key, item) for item in node]
    return Scalar(masked_value(key, node.text))


def _of_section(difference: markdown.SectionDifference) -> Part:
    path = difference.path if difference.path is not None else difference.old_path or ()
    name = " > ".join(path) or TOP
    if difference.reordered:
        return _part(ORDER, name, difference.old, difference.new)
    if difference.old_path is None:
        return _part(SECTION, name, None, difference.new)
    if difference.path is None:
        return _part(SECTION, name, difference.old, None)
    if difference.path != difference.old_path:
        return _part(SECTION, name, " > ".join(difference.old_path), name, "renamed")
    return _part(SECTION, name, difference.old, difference.new)


def _part(part: str, name: str, old: str | None, new: str | None, change: str = "") -> Part:
    change = change or ("added" if old is None else "deleted" if new is None else "modified")
    return Part(
        part,
        _clean(name),
        change,
        None if old is None else _clean(old),
        None if new is None else _clean(new),
        tokens(old or ""),
        tokens(new or ""),
    )


def _clean(text: str) -> str:
    """A text that any database takes and anybody may see: short, without NUL, halves of characters, keys."""
    short = shortened(masked(text), _MOST_CHARACTERS).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return short.encode("utf-8", "replace").decode("utf-8")
