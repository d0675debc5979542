"""The parts of a Markdown file with front matter: keys, triggers, and sections by their headings.

Headings are those of CommonMark: with number signs or underlined, not within fenced code or a comment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gnomon_analysis.changes.structure import Node, Scalar, UnreadableError, read_yaml

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
# What is no paragraph, whose last line an underline would make a heading.
_NO_PARAGRAPH = re.compile(r"\s*$| {4}|\t| {0,3}(?:[-*+>|]|#{1,6}(?:\s|$)|\d+[.)]\s|`{3}|~{3}|<)")

# A longer line is no heading, and a longer description is not searched for triggers.
_MOST_HEADING = 1000
_MOST_DESCRIPTION = 20_000

TRIGGER_KEYS = ("triggers", "trigger", "keywords")
_TRIGGER_LABEL = re.compile(r"\b(?i:triggers?)\s*:(.*?)(?=\.\s+[A-Z]|\b[A-Z]{2,}(?: [A-Z]+)*:|\Z)", re.DOTALL)
_PHRASE = re.compile(r"""'((?:[^'\n]|(?<=\w)'(?=\w))+)'(?!\w)|"([^"\n]+)"|“([^”\n]+)”""")


@dataclass(slots=True)
class Section:
    """A heading, the lines below it up to the next heading, and the sections within.

    The top of the document is a section without a title.
    """

    title: str
    level: int
    lines: list[str] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)

    @property
    def body(self) -> str:
        """Its own lines, without white space at the ends of lines and around them."""
        return "\n".join(line.rstrip() for line in self.lines).strip("\n")


@dataclass(frozen=True, slots=True)
class Document:
    """Front matter as it is written, what it says (None where it cannot be read), and the rest."""

    front_matter: str
    keys: Node | None
    top: Section

    @property
    def description(self) -> str:
        """The text of the key `description`; empty without one."""
        value = self.keys.get("description") if isinstance(self.keys, dict) else None
        return _plain(value) if isinstance(value, Scalar) else ""

    @property
    def triggers(self) -> list[str]:
        """The phrases that a skill says to be called for.

        They stand in front matter as a list `triggers` or `keywords`, or in quotation marks in the
        description, behind `TRIGGERS:` up to the next sentence or label in capitals.
        """
        found = dict.fromkeys(self._listed())
        for label in _TRIGGER_LABEL.finditer(self.description[:_MOST_DESCRIPTION]):
            found |= dict.fromkeys(next(filter(None, phrase)) for phrase in _PHRASE.findall(label.group(1)))
        return list(found)

    def _listed(self) -> Iterator[str]:
        keys = self.keys if isinstance(self.keys, dict) else {}
        for name in TRIGGER_KEYS:
            value = keys.get(name)
            if isinstance(value, list):
                yield from (_plain(item) for item in value if isinstance(item, Scalar))


def _plain(value: Scalar) -> str:
    """A text without JSON's quotation marks."""
    return str(json.loads(value.text)) if value.text.startswith('"') else value.text


def parse(text: str) -> Document:
    """The parts of a document; every text is one."""
    front_matter, lines = _split(text.split("\n"))
    keys: Node | None = {}
    if front_matter:
        try:
            keys = read_yaml(f"{front_matter}\n")
        except UnreadableError:
            keys = None
    return Document(front_matter, keys, _sections(lines))


def _split(lines: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Front matter between two lines `---` at the very beginning, and what follows."""
    if lines[0].rstrip() != "---":
        return "", lines
    for place, line in enumerate(lines[1:], start=1):
        if line.rstrip() in ("---", "..."):
            return "\n".join(lines[1:place]), lines[place + 1 :]
    return "", lines


def _sections(lines: Sequence[str]) -> Section:
    top = Section("", 0)
    open_sections = [top]
    for level, title, own in _headed(lines):
        if level:
            while open_sections[-1].level >= level:
                open_sections.pop()
            section = Section(title, level)
            open_sections[-1].sections.append(section)
            open_sections.append(section)
        open_sections[-1].lines += own
    return top


def _headed(lines: Sequence[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Level and title of each heading with the lines below it; first what stands before any."""
    level, title = 0, ""
    own: list[str] = []
    fence = ""
    comment = False
    for line in lines:
        if fence:
            fence = "" if _closes(line, fence) else fence
        elif comment:
            comment = "-->" not in line
        elif opened := _FENCE.fullmatch(line):
            # Backticks in what follows make it code within a line.
            fence = opened.group(1) if opened.group(1)[0] == "~" or "`" not in opened.group(2) else ""
        elif line.lstrip().startswith("<!--"):
            comment = "-->" not in line
        elif len(line) > _MOST_HEADING:
            pass
        elif heading := _HEADING.fullmatch(line):
            yield level, title, own
            level, title, own = len(heading.group(1)), (heading.group(2) or "").strip(), []
            continue
        elif own and (underlined := _UNDERLINE.fullmatch(line)) and not _NO_PARAGRAPH.match(own[-1]):
            new_title = own.pop().strip()
            yield level, title, own
            level, title, own = 1 if underlined.group(1)[0] == "=" else 2, new_title, []
            continue
        own.append(line)
    yield level, title, own


def _closes(line: str, fence: str) -> bool:
    mark = line.strip()
    return len(line) - len(line.lstrip(" ")) <= 3 and len(mark) >= len(fence) and set(mark) == {fence[0]}


@dataclass(frozen=True, slots=True)
class SectionDifference:
    """One section that differs; `path` and `old_path` are titles from the top, None where there is none.

    Same path, other text: it was modified. Another path: its heading was changed, perhaps its text, too.
    `reordered` says that the sections within it stand in another order.
    """

    old_path: tuple[str, ...] | None
    path: tuple[str, ...] | None
    old: str
    new: str
    reordered: bool = False


def compare(old: Section, new: Section) -> list[SectionDifference]:
    """The sections of one document by which another differs, in the order of the new one.

    A section that came or went is told with those within it as one.
    """
    return list(_differences(old, new, (), ()))


_Path = tuple[str, ...]


def _differences(old: Section, new: Section, old_path: _Path, path: _Path) -> Iterator[SectionDifference]:
    if old.body != new.body or old.title != new.title:
        yield SectionDifference(old_path, path, old.body, new.body)
    before, after = _titled(old.sections), _titled(new.sections)
    pairs = {title: title for title in after if title in before}
    common = list(pairs)
    pairs |= _retitled(before, after)
    if [title for title in before if title in pairs] != common:
        was = ", ".join(title for title in before if title in pairs)
        yield SectionDifference(old_path, path, was, ", ".join(common), reordered=True)
    matched = set(pairs.values())
    for title, section in after.items():
        inner = (*path, title)
        if title in pairs:
            yield from _differences(before[pairs[title]], section, (*old_path, pairs[title]), inner)
        else:
            yield SectionDifference(None, inner, "", _whole(section))
    for title, section in before.items():
        if title not in matched:
            yield SectionDifference((*old_path, title), None, _whole(section), "")


def _titled(sections: Sequence[Section]) -> dict[str, Section]:
    """Sections by their titles; the second of one title is called `title (2)`."""
    found: dict[str, Section] = {}
    for section in sections:
        title, number = section.title, 1
        while title in found:
            number += 1
            title = f"{section.title} ({number})"
        found[title] = section
    return found


def _retitled(before: dict[str, Section], after: dict[str, Section]) -> dict[str, str]:
    """New titles, and the old ones of sections that hold the same text under another heading."""
    gone = {title: _text(section) for title, section in before.items() if title not in after}
    pairs: dict[str, str] = {}
    for title, section in after.items():
        text = _text(section)
        if title in before or not text:
            continue
        same = next((old for old, body in gone.items() if body == text), None)
        if same is not None:
            del gone[same]
            pairs[title] = same
    return pairs


def _text(section: Section) -> str:
    return "\n".join([section.body, *(_whole(inner) for inner in section.sections)]).strip("\n")


def _whole(section: Section) -> str:
    """A section with its heading and all that is within it."""
    return f"{'#' * section.level} {section.title}\n{_text(section)}".rstrip("\n")
