from __future__ import annotations

import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon_analysis.changes import text

UNTIMED = settings(deadline=None)

LINES = st.lists(st.sampled_from(["", "a", "b", "c", "- x", "@@ 1", "Ä"]), max_size=30)


def applied(old: str, diff: str) -> str:
    """The text that a unified diff makes of another one."""
    lines = old.removesuffix("\n").split("\n") if old else []
    made: list[str] = []
    place = 0
    for line in diff.split("\n") if diff else []:
        if line.startswith("@@"):
            first, _, count = line.split(" ")[1][1:].partition(",")
            start = int(first) if count == "0" else int(first) - 1
            made += lines[place:start]
            place = start
        elif line.startswith("+"):
            made.append(line[1:])
        else:
            assert lines[place] == line[1:]
            place += 1
            made += [line[1:]] if line.startswith(" ") else []
    return "\n".join(made + lines[place:])


@UNTIMED
@given(LINES, LINES)
def test_a_diff_makes_the_new_text_of_the_old_one(old: list[str], new: list[str]) -> None:
    """Applied to the old lines it gives the new ones, and its counts are its plus and minus lines."""
    before, after = ("".join(f"{line}\n" for line in lines) for lines in (old, new))
    difference = text.compare_lines(before, after)
    assert applied(before, difference.diff) == after.removesuffix("\n")
    hunks = [line for line in difference.diff.split("\n") if not line.startswith("@@")]
    assert difference.added == sum(line.startswith("+") for line in hunks)
    assert difference.deleted == sum(line.startswith("-") for line in hunks)


@UNTIMED
@given(LINES)
def test_equal_texts_have_no_diff(lines: list[str]) -> None:
    """Nothing came, nothing went."""
    same = "\n".join(lines)
    assert text.compare_lines(same, same) == text.LineDifference(0, 0, "")


def test_a_diff_is_that_of_everybody() -> None:
    """Hunks, context and line numbers are those of Python's own unified diff."""
    old = [f"line {number}" for number in range(60)]
    new = [*old[:5], "new", *old[6:40], "and", "more", *old[40:]]
    wanted = list(difflib.unified_diff(old, new, lineterm="", n=3))[2:]
    assert text.compare_lines("\n".join(old), "\n".join(new)).diff.split("\n") == wanted


def test_a_diff_is_of_bounded_length() -> None:
    """What is left out is counted, and long lines are cut; the counts are still true."""
    new = "".join(f"{number} {'x' * 2000}\n" for number in range(3000))
    difference = text.compare_lines("", new)
    assert difference.added == 3000
    assert len(difference.diff) < 21_000
    shown = difference.diff.split("\n")
    assert shown[-1] == f"… {3001 - (len(shown) - 1)} more lines"
    assert all(len(line) <= 500 for line in shown)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", ""),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        ("\ufeffä".encode(), "ä"),
        ("ä".encode("utf-16"), "ä"),
        (b"gr\xfc\xdfe", "grüße"),
        (b"a\0b", None),
        (b"x" * (text.MOST_BYTES + 1), None),
    ],
)
def test_bytes_become_text(content: bytes, wanted: str | None) -> None:
    """Line ends are one kind, marks of the encoding are gone; what is no text, or too long, is none."""
    assert text.read(content) == wanted


@UNTIMED
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_bytes_that_differ_in_one_encoding_stay_different(old: bytes, new: bytes) -> None:
    """No byte is thrown away, but for line ends and the mark at the beginning."""
    texts = [
        text.read(content.replace(b"\r", b"").replace(b"\xff", b"").replace(b"\xfe", b""))
        for content in (old, new)
    ]
    if None not in texts and texts[0] == texts[1]:
        decoded = [
            content.replace(b"\r", b"").replace(b"\xff", b"").replace(b"\xfe", b"") for content in (old, new)
        ]
        plain = {content.removeprefix(b"\xef\xbb\xbf") for content in decoded}
        assert len(plain) == 1 or {_how(content) for content in plain} == {"utf-8", "latin-1"}


def _how(content: bytes) -> str:
    try:
        content.decode()
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def test_tokens_are_counted_as_the_page_says() -> None:
    """Eight letters, three digits, one sign: one each; a word of nine letters is two."""
    assert text.tokens("") == 0
    assert text.tokens("Route refunds here.") == 4
    assert text.tokens("disambiguation") == 2
    assert text.tokens("1234567") == 3
    assert text.tokens("{}: x_1") == 6
    assert text.tokens("退款") == 2


@UNTIMED
@given(st.text(max_size=300), st.text(max_size=300))
def test_tokens_of_two_texts_apart_are_those_of_both(one: str, other: str) -> None:
    """Sizes of parts add up to the size of the whole."""
    assert text.tokens(f"{one}\n{other}") == text.tokens(one) + text.tokens(other)
