"""Two texts one above the other, what differs marked beneath."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

_WORDS = re.compile(r"\w+|\s+|.", re.DOTALL)
_AROUND = 40
_WIDTH = 100


def marked(old: str, new: str) -> Iterator[str]:
    """Lines `- old`, `+ new`, each with a line of `~` under what the other does not have.

    Of long texts only what lies around the differences is shown.
    """
    old, new = " ".join(old.split()), " ".join(new.split())
    first, second = _WORDS.findall(old), _WORDS.findall(new)
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
    yield from _side("-", first, [(begin, end) for tag, begin, end, _, _ in blocks if tag != "equal"])
    yield from _side("+", second, [(begin, end) for tag, _, _, begin, end in blocks if tag != "equal"])


def _side(sign: str, words: list[str], differing: list[tuple[int, int]]) -> Iterator[str]:
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    spans = [(starts[begin], starts[end]) for begin, end in differing]
    text = "".join(words)
    marks = [" "] * len(text)
    for begin, end in spans:
        marks[begin:end] = "~" * (end - begin)
    begin, end = 0, len(text)
    if len(text) > _WIDTH and spans:
        begin, end = max(spans[0][0] - _AROUND, 0), min(spans[-1][1] + _AROUND, len(text))
    before, after = "… " if begin else "", " …" if end < len(text) else ""
    yield f"{sign} {before}{text[begin:end]}{after}"
    if line := "".join(marks[begin:end]).rstrip():
        yield f"  {' ' * len(before)}{line}"
