from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon_analysis.changes import markdown
from gnomon_analysis.changes.markdown import Section, parse

UNTIMED = settings(deadline=None)

DOCUMENT = """\
Before.

# Title

Own.

## One

```md
# not a heading
~~~
```

### Deep ##

text

~~~
## nor this
```
~~~

## Two
<!--
## commented out
-->
    # indented code

One
===

Underlined
----------
- item
---
| a |
---
#nospace
####### seven
"""

LINES = st.lists(
    st.sampled_from(
        [
            "# A",
            "## B",
            "### C",
            "## B",
            "",
            "text",
            "other",
            "```",
            "~~~",
            "===",
            "---",
            "- x",
            "# A #",
            "<!--",
            "-->",
        ]
    ),
    max_size=25,
)


def titles(section: Section) -> list[object]:
    return [[inner.level, inner.title, *titles(inner)] for inner in section.sections]


def differences(old: str, new: str) -> list[tuple[str, str]]:
    def named(path: tuple[str, ...] | None) -> str:
        return "-" if path is None else "/".join(path)

    found = markdown.compare(parse(old).top, parse(new).top)
    return [(named(one.old_path), named(one.path) + ("*" if one.reordered else "")) for one in found]


def test_sections_are_those_of_the_headings() -> None:
    """Nested by level; not in fenced or indented code, comments, lists and tables."""
    top = parse(DOCUMENT).top
    assert titles(top) == [
        [1, "Title", [2, "One", [3, "Deep"]], [2, "Two"]],
        [1, "One", [2, "Underlined"]],
    ]
    assert top.body == "Before."
    deep = top.sections[0].sections[0].sections[0]
    assert deep.body == "text\n\n~~~\n## nor this\n```\n~~~"


def test_a_fence_that_is_never_closed_hides_the_rest() -> None:
    """As on every page that shows Markdown."""
    assert titles(parse("# A\n```\n# B\n# C").top) == [[1, "A"]]
    assert titles(parse("# A\n`````\n```\n# B\n``````\n# C").top) == [[1, "A"], [1, "C"]]
    assert titles(parse("``` a ` b\n# A").top) == [[1, "A"]]


def test_front_matter_is_what_stands_between_the_first_two_lines() -> None:
    """A rule further down is none; what cannot be read is kept as it is."""
    document = parse("---\nname: a\ndescription: |\n  Long.\n  ---x\n...\n# A\n")
    assert (document.description, document.top.sections[0].title) == ("Long.\n---x\n", "A")
    assert parse("\n---\nname: a\n---\n").front_matter == ""
    assert parse("---\nname: a\n").front_matter == ""
    broken = parse("---\nname: [a\n---\n")
    assert (broken.keys, broken.front_matter, broken.triggers) == (None, "name: [a", [])
    assert parse("").top.body == ""


def test_triggers_are_phrases_and_lists() -> None:
    """Quoted behind the label up to the next sentence, apostrophes within words kept; and lists."""
    description = (
        "Links. TRIGGERS: 'what's blocking', \\\"is blocked by\\\", 'link to'. "
        "Use for 'anything' of the kind. NOT FOR: epics ('epic link')."
    )
    text = f'---\ndescription: "{description}"\ntriggers: [warm the cache, 7]\nkeywords:\n- "cache"\n---\n'
    assert parse(text).triggers == [
        *("warm the cache", "7", "cache"),
        *("what's blocking", "is blocked by", "link to"),
    ]
    assert parse("---\ndescription: Says 'this' and 'that'.\n---\n").triggers == []


@UNTIMED
@given(LINES)
def test_nothing_differs_from_itself(lines: list[str]) -> None:
    """Nor do white space at the ends of lines and blank lines around a section count."""
    text = "\n".join(lines)
    assert differences(text, text) == []


@UNTIMED
@given(LINES)
def test_no_line_is_lost(lines: list[str]) -> None:
    """Every line with words stands in one section, or is the title of one."""

    def said(section: Section) -> list[str]:
        return [section.title, *section.lines, *(line for inner in section.sections for line in said(inner))]

    words = {"text", "other", "- x"}
    document = parse("# first\n" + "\n".join(lines))
    assert sorted(line for line in said(document.top) if line in words) == sorted(
        line for line in lines if line in words
    )


@UNTIMED
@given(LINES, LINES)
def test_what_differs_is_found_in_both_directions(old: list[str], new: list[str]) -> None:
    """There is a difference exactly where there is one the other way round, in the same sections."""
    there = differences("\n".join(old), "\n".join(new))
    back = differences("\n".join(new), "\n".join(old))
    assert bool(there) == bool(back)
    assert len(there) == len(back)


@UNTIMED
@given(LINES, LINES)
def test_texts_with_other_words_differ(old: list[str], new: list[str]) -> None:
    """What is not white space cannot change unnoticed."""
    words = [" ".join(" ".join(lines).split()) for lines in (old, new)]
    plain = not any(mark in word for word in words for mark in ("#", "=", "---"))
    if plain and words[0] != words[1]:
        assert differences("\n".join(old), "\n".join(new))


def test_a_section_is_named_with_those_around_it() -> None:
    """Only where the change is, not in every section above; second ones of a name have a number."""
    old = "# A\n## B\nx\n## B\ny\n# C\n## B\nz\n"
    assert differences(old, old.replace("z", "q")) == [("C/B", "C/B")]
    assert differences(old, old.replace("y", "q")) == [("A/B (2)", "A/B (2)")]
    assert differences(old, "Top.\n" + old) == [("", "")]


def test_sections_come_go_move_and_get_other_names() -> None:
    """With all within them; a new heading over the same text is a new name."""
    old = "# A\n## B\nx\n### D\ny\n## C\nz\n"
    assert differences(old, "# A\n## C\nz\n") == [("A/B", "-")]
    assert differences("# A\n## C\nz\n", old) == [("-", "A/B")]
    assert differences(old, old.replace("## B", "## Bee")) == [("A/B", "A/Bee")]
    assert differences(old, "# A\n## C\nz\n## B\nx\n### D\ny\n") == [("A", "A*")]
    assert differences(old, old.replace("### D", "#### D")) == []
