from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon_analysis.changes.history import ChangedFile
from gnomon_analysis.changes.parts import compare
from gnomon_analysis.changes.summary import summarise
from gnomon_analysis.changes.text import MOST_BYTES

UNTIMED = settings(deadline=None)

OLD = """\
---
name: refunds
description: "Pays back. TRIGGERS: 'pay back', 'refund'. NOT FOR: invoices."
allowed-tools: [Read, Bash]
---
Before all.

# Refunds

## When to use

For orders.

## Output

A table.
"""


def told(path: str, old: str | bytes, new: str | bytes) -> list[tuple[str, str, str]]:
    before, after = (text.encode() if isinstance(text, str) else text for text in (old, new))
    return [(part.part, part.name, part.change) for part in compare(path, before, after).parts]


def line(
    old: str | bytes | None, new: str | bytes | None, path: str = "skills/r/SKILL.md", **said: str
) -> str:
    before, after = (text.encode() if isinstance(text, str) else text for text in (old, new))
    change = "added" if before is None else "deleted" if after is None else "modified"
    file = ChangedFile(path, None, "skill", change, "refunds", None, None)
    kept = {name: getattr(file, name) for name in ChangedFile.__slots__} | said
    return summarise(ChangedFile(**kept), compare(path, before, after))


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("name: refunds", "name: repay", [("front_matter", "name", "modified")]),
        ("Read, ", "", [("front_matter", "allowed-tools[]", "deleted")]),
        ("Pays back", "Repays", [("description", "description", "modified")]),
        (
            "'refund'",
            "'money back'",
            [
                ("description", "description", "modified"),
                ("trigger", "refund", "deleted"),
                ("trigger", "money back", "added"),
            ],
        ),
        ("For orders.", "For paid orders.", [("section", "Refunds > When to use", "modified")]),
        ("Before all.", "First.", [("section", "(top)", "modified")]),
        ("## Output", "## Form", [("section", "Refunds > Form", "renamed")]),
        ("A table.\n", "A table.\n## New\nx\n", [("section", "Refunds > New", "added")]),
        ("## When to use\n\nFor orders.\n\n", "", [("section", "Refunds > When to use", "deleted")]),
        ("A table.", "A table.  ", []),
        ("name: refunds", "name: 'refunds' # why", []),
    ],
    ids=lambda value: value[:16].strip() if isinstance(value, str) else "",
)
def test_a_skill_says_which_of_its_parts_changed(
    old: str, new: str, wanted: list[tuple[str, str, str]]
) -> None:
    """Keys, description, triggers and sections, each by its name."""
    assert OLD.count(old) == 1
    assert told("skills/r/SKILL.md", OLD, OLD.replace(old, new)) == wanted


def test_a_phrase_that_comes_or_goes_is_told_once() -> None:
    """As a trigger, and not as an item of the list in the front matter that it stands in as well."""
    old = "---\nname: refunds\ntriggers: [refund, money back, chargeback]\n---\n"
    fewer = old.replace(", money back, chargeback", "")
    path = "skills/r/SKILL.md"
    assert told(path, old, fewer) == [
        ("trigger", "money back", "deleted"),
        ("trigger", "chargeback", "deleted"),
    ]
    assert line(old, fewer).startswith("skill refunds: 2 triggers deleted; -")
    assert line(old, old.replace("triggers: [refund, money back, chargeback]\n", "")).startswith(
        "skill refunds: 3 triggers deleted; -"
    )
    # Which list they stand in, and in what order, says the front matter alone.
    assert told(path, old, old.replace("triggers", "keywords")) == [
        ("front_matter", "keywords", "added"),
        ("front_matter", "triggers", "deleted"),
    ]
    assert told(path, old, old.replace("refund, money back", "money back, refund")) == [
        ("front_matter", "triggers", "modified")
    ]


def test_parts_have_texts_and_sizes() -> None:
    """The text before and after, cut where it is long, and the tokens of all of it."""
    longer = "word " * 300
    compared = compare("a/SKILL.md", OLD.encode(), OLD.replace("A table.", longer).encode())
    (part,) = compared.parts
    assert (part.old, part.old_tokens, part.new_tokens) == ("A table.", 3, 300)
    assert part.new is not None
    assert part.new == longer[:399] + "…"
    assert (compared.lines_added, compared.lines_deleted) == (1, 1)
    assert (compared.new_tokens or 0) - (compared.old_tokens or 0) == 297
    assert compared.diff is not None
    assert "-A table." in compared.diff


def test_configuration_says_which_keys_changed() -> None:
    """YAML, JSON and TOML by their keys; what cannot be read, and other text, as a whole."""
    old, new = '{"a": {"b": 1}, "c": [1]}', '{"a": {"b": 2}, "d": 0, "c": [1]}'
    wanted = [("key", "a.b", "modified"), ("key", "d", "added")]
    assert told(".mcp.json", old, new) == told("x/prices.yaml", old, new) == wanted
    assert told("x.toml", "a = 1", "a = 1 # one") == []
    assert told("x.json", "{", "{}") == [("text", "", "modified")]
    assert told("prompts/a.txt", "x", "y") == [("text", "", "modified")]


def test_what_has_no_parts_says_why() -> None:
    """Line ends, white space, comments, pictures and files of great length."""
    assert line(OLD, OLD.replace("\n", "\r\n")) == "skill refunds: line ends or encoding only"
    assert line(OLD, OLD + "\n\n") == "skill refunds: white space only"
    assert line("a: 1", "a: 1 # one", "x.yaml") == "skill refunds: comments or layout only"
    assert "no text, or too large (4 → 5 bytes)" in line(b"a\0bc", b"a\0bcd")
    large = compare("a/SKILL.md", OLD.encode(), b"x\n" * MOST_BYTES)
    assert (large.parts, large.diff, large.lines_added, large.new_tokens) == ((), None, None, None)
    assert large.old_tokens == compare("a/SKILL.md", OLD.encode(), None).old_tokens


def test_more_parts_than_anyone_reads_are_counted() -> None:
    """200 are kept."""
    many = {f"key{number}": number for number in range(500)}
    compared = compare("a.json", b"{}", json.dumps(many).encode())
    assert (len(compared.parts), compared.left_out) == (200, 300)
    assert line("{}", json.dumps(many), "a.json").startswith(
        "skill refunds: key0 added, key1 added, key10 added, 497 more parts; +"
    )


def test_a_summary_is_one_line() -> None:
    """What, which parts of it first, triggers by their number, and how much it grew."""
    changed = OLD.replace("'refund'", "'refund', 'money back', 'return'").replace("A table.", "Two tables.")
    assert line(OLD, changed) == "skill refunds: description, section Output, 2 triggers added; +9 tokens"
    assert line(None, OLD).startswith("skill refunds: added (")
    assert line(OLD, None).startswith("skill refunds: deleted (")
    moved = {"change": "renamed", "old_path": "old/SKILL.md"}
    assert line(OLD, OLD, **moved) == "skill refunds: moved from old/SKILL.md"
    assert (
        line("a: 1", "a: 2", "etc/prices.yaml", kind="prices") == "price table etc/prices.yaml: a; +0 tokens"
    )
    # The second colon of a line is a mistake in YAML, and frequent.
    mistaken = "---\nname: refunds\ndescription: Refunds: {}\n---\n"
    assert line(mistaken.format("paid"), mistaken.format("due")) == "skill refunds: front matter; +0 tokens"
    assert line("a: 1", "[1]", "a.yaml") == "skill refunds: text; +0 tokens"


@UNTIMED
@given(
    st.binary(max_size=300),
    st.binary(max_size=300),
    st.sampled_from(["SKILL.md", "a.yaml", "a.json", "a.txt"]),
)
def test_any_two_files_can_be_compared(old: bytes, new: bytes, path: str) -> None:
    """Whatever bytes they are; what is found can be written into any database."""
    compared = compare(path, old, new)
    assert compare(path, old, old).parts == ()
    text = json.dumps([[part.name, part.old, part.new] for part in compared.parts] + [[compared.diff]])
    assert "\\u0000" not in text
    text.encode()
    for part in compared.parts:
        (part.name + (part.old or "") + (part.new or "")).encode("utf-8")


@UNTIMED
@given(st.text(max_size=200), st.text(max_size=200))
def test_text_that_differs_is_never_silent(old: str, new: str) -> None:
    """There are parts, or it is said why there are none."""
    compared = compare("SKILL.md", old.encode("utf-8", "replace"), new.encode("utf-8", "replace"))
    assert bool(compared.parts) != bool(compared.note) or old.encode("utf-8", "replace") == new.encode(
        "utf-8", "replace"
    )
