"""A change in one line, for marks on time axes and lists: what, and what of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gnomon_analysis.changes.history import ADDED, DELETED, RENAMED, ChangedFile
from gnomon_analysis.changes.parts import FRONT_MATTER, ORDER, SECTION, TOP, TRIGGER, Comparison, Part
from gnomon_analysis.changes.patterns import SKILL
from gnomon_analysis.changes.text import shortened

_MOST_NAMED = 3
_MOST_CHARACTERS = 240
_WORDS = {
    "golden_set": "golden set",
    "prices": "price table",
    "tool_config": "tools",
    "model_config": "model settings",
    "agent_config": "agent settings",
    "prompt": "prompt",
}


def summarise(file: ChangedFile, compared: Comparison) -> str:
    """`skill refunds: description, 2 triggers added, section Output; +40 tokens`."""
    what = (
        f"skill {file.skill}" if file.kind == SKILL else f"{_WORDS.get(file.kind or '', 'file')} {file.path}"
    )
    if file.change == ADDED:
        text = f"{what}: added{_size(compared.new_tokens)}"
    elif file.change == DELETED:
        text = f"{what}: deleted{_size(compared.old_tokens)}"
    else:
        said = [f"moved from {file.old_path}"] if file.change == RENAMED else []
        said += _parts(compared.parts, compared.left_out)
        said += [compared.note] if compared.note else []
        text = f"{what}: {', '.join(said)}{_growth(compared)}"
    return shortened(" ".join(text.split()), _MOST_CHARACTERS)


def kinds_in_words(files: Sequence[ChangedFile], others: int) -> str:
    """What kinds of files a commit changed: `skills refunds, orders and 3 more; 1 prompt; 2 other files`.

    `others` is how many it changed that are not tracked.
    """
    skills = list(dict.fromkeys(file.skill or file.path for file in files if file.kind == SKILL))
    said = []
    if skills:
        more = f" and {len(skills) - _MOST_NAMED} more" if len(skills) > _MOST_NAMED else ""
        said.append(f"skill{'' if len(skills) == 1 else 's'} {', '.join(skills[:_MOST_NAMED])}{more}")
    counts = Counter(file.kind or "" for file in files if file.kind != SKILL)
    said += [f"{_WORDS.get(kind, 'file')} {_paths(files, kind, count)}" for kind, count in counts.items()]
    if others:
        said.append(f"{others:,} other file{'' if others == 1 else 's'}")
    return "; ".join(said) or "no files"


def _paths(files: Sequence[ChangedFile], kind: str, count: int) -> str:
    first = next(file.path for file in files if file.kind == kind)
    return first if count == 1 else f"{first} and {count - 1:,} more"


def _size(count: int | None) -> str:
    return "" if count is None else f" ({_tokens(count)})"


def _growth(compared: Comparison) -> str:
    if compared.old_tokens is None or compared.new_tokens is None or not compared.parts:
        return ""
    difference = compared.new_tokens - compared.old_tokens
    return f"; {difference:+,} {'token' if abs(difference) == 1 else 'tokens'}"


def _tokens(count: int) -> str:
    return f"{count:,} {'token' if count == 1 else 'tokens'}"


def _parts(parts: Sequence[Part], left_out: int) -> list[str]:
    """The first three parts by name, triggers by their number, and how many more there are."""
    named = [_named(part) for part in parts if part.part != TRIGGER]
    counts = Counter(part.change for part in parts if part.part == TRIGGER)
    said = named[:_MOST_NAMED] + list(_counted(counts))
    if more := len(named) - _MOST_NAMED + left_out:
        said += [f"{more} more {'part' if more == 1 else 'parts'}"] if more > 0 else []
    return said


def _counted(counts: Counter[str]) -> Iterator[str]:
    for change, count in counts.items():
        yield f"{count} {'trigger' if count == 1 else 'triggers'} {change}"


def _named(part: Part) -> str:
    if not part.name:  # what has no keys, or none that can be read
        return "front matter" if part.part == FRONT_MATTER else "text"
    name = shortened(part.name.rpartition(" > ")[2], 60)
    if part.part == ORDER:
        return "order of sections" if part.name == TOP else f"order within section {name}"
    if part.part == SECTION:
        name = "text before the first section" if part.name == TOP else f"section {name}"
    return name if part.change == "modified" else f"{name} {part.change}"
