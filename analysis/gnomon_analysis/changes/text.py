"""Text of a file: from bytes, its size, and what of it differs line by line."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# Larger files are not looked into: nobody writes instructions of this length by hand.
MOST_BYTES = 1_048_576

_BINARY_LOOK = 8192
_CONTEXT = 3
_MOST_COMPARISONS = 1_000_000
_MOST_DIFF_LINES = 400
_MOST_DIFF_CHARACTERS = 20_000
_MOST_LINE_CHARACTERS = 500

# Each match is one token: letters (but for those of scripts without spaces between words), digits, and
# whatever else is seen, one at a time.
_TOKEN = re.compile(r"[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{1,8}|\d{1,3}|\S")


def read(content: bytes) -> str | None:
    """The text of a file, with line feeds as line ends; None for one that is no text, or too large.

    What is no UTF-8 is taken as Latin-1, in which every byte is a character: bytes that differ stay
    different.
    """
    if len(content) > MOST_BYTES:
        return None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    elif b"\0" in content:
        return None
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def tokens(text: str) -> int:
    """About how many tokens a model reads in a text.

    Gnomon has no model's tokenizer. A word counts once for every eight letters begun, a number once for
    every three digits, and any other visible character once, as does each character of Chinese, Japanese
    and Korean. That is near what byte-pair encodings make of English and code, and the same for everybody
    and for ever: good for comparing two versions of a file, not for reckoning a bill.
    """
    return len(_TOKEN.findall(text))


@dataclass(frozen=True, slots=True)
class LineDifference:
    """Lines that came and went, and the same as a unified diff of bounded length without file names."""

    added: int
    deleted: int
    diff: str


def compare_lines(old: str, new: str) -> LineDifference:
    """How the lines of two texts differ."""
    before, after = _lines(old), _lines(new)
    blocks = list(_blocks(before, after))
    return LineDifference(
        added=sum(end - start for _, _, start, end in blocks),
        deleted=sum(end - start for start, end, _, _ in blocks),
        diff=_bounded(list(_unified(before, after, blocks))),
    )


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _blocks(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """What differs, as `before[a:b]` in the place of which there is `after[c:d]`."""
    shorter = min(len(before), len(after))
    head = next((place for place in range(shorter) if before[place] != after[place]), shorter)
    tail = next(
        (place for place in range(shorter - head) if before[-1 - place] != after[-1 - place]), shorter - head
    )
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    # Long texts of which many lines are equal would take minutes otherwise.
    matcher = SequenceMatcher(None, old, new, autojunk=len(old) * len(new) > _MOST_COMPARISONS)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield head + a, head + b, head + c, head + d


def _unified(
    before: Sequence[str], after: Sequence[str], blocks: Sequence[tuple[int, int, int, int]]
) -> Iterator[str]:
    group: list[tuple[int, int, int, int]] = []
    for block in blocks:
        if group and block[0] - group[-1][1] > 2 * _CONTEXT:
            yield from _hunk(before, after, group)
            group = []
        group.append(block)
    if group:
        yield from _hunk(before, after, group)


def _hunk(
    before: Sequence[str], after: Sequence[str], group: Sequence[tuple[int, int, int, int]]
) -> Iterator[str]:
    lead = min(_CONTEXT, group[0][0])
    first, last = group[0][0] - lead, min(len(before), group[-1][1] + _CONTEXT)
    new_first, new_last = group[0][2] - lead, group[-1][3] + last - group[-1][1]
    yield f"@@ -{_span(first, last)} +{_span(new_first, new_last)} @@"
    place = first
    for a, b, c, d in group:
        yield from (f" {line}" for line in before[place:a])
        yield from (f"-{line}" for line in before[a:b])
        yield from (f"+{line}" for line in after[c:d])
        place = b
    yield from (f" {line}" for line in before[place:last])


def _span(first: int, last: int) -> str:
    count = last - first
    start = first + 1 if count else first
    return f"{start}" if count == 1 else f"{start},{count}"


def _bounded(lines: list[str]) -> str:
    shown: list[str] = []
    room = _MOST_DIFF_CHARACTERS
    for line in lines[:_MOST_DIFF_LINES]:
        cut = shortened(line, _MOST_LINE_CHARACTERS)
        room -= len(cut) + 1
        if room < 0:
            break
        shown.append(cut)
    if left := len(lines) - len(shown):
        shown.append(f"… {left} more {'line' if left == 1 else 'lines'}")
    return "\n".join(shown)


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and a sign that there is more."""
    return text if len(text) <= most else text[: most - 1] + "…"
