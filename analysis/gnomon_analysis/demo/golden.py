"""The golden set: requests with the skill that ought to answer them (format: docs/golden-set.md).

A mistake in the file is answered with one sentence that names the file, the line, the case and
what to write instead.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gnomon.errors import ExitCode, UserError

UNCATEGORISED = "uncategorised"

CASE_KEYS = (
    "id",
    "category",
    "input",
    "context",
    "expected_skill",
    "alternate_skills",
    "not_skill",
    "workflow",
    "expected_commands",
    "skip",
    "skip_reason",
)
# Written for people; the replay does not read them.
NOTE_KEYS = (
    "notes",
    "certainty",
    "action",
    "ask",
    "disambiguation_options",
    "requires_confirmation",
)


@dataclass(frozen=True, slots=True)
class CommandPattern:
    """One expected piece of a command: a literal text or a regular expression."""

    text: str
    is_regex: bool

    def found_in(self, body: str) -> bool:
        """Whether `body` holds the pattern, whatever the case of its letters."""
        if self.is_regex:
            return re.search(self.text, body, re.IGNORECASE) is not None
        return self.text.casefold() in body.casefold()


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """One request and what is right for it.

    `expected` is the right skill, or None where a clarifying question is the right answer; further
    right answers stand in `alternates` (for a workflow: its later skills). `line` is the case's
    first line in the file.
    """

    id: str
    category: str
    request: str
    context: str
    expected: str | None
    alternates: tuple[str, ...]
    not_skill: str | None
    commands: tuple[CommandPattern, ...]
    skip: bool
    skip_reason: str
    line: int

    @property
    def clarification(self) -> bool:
        """Whether the right answer is a question back."""
        return self.expected is None

    @property
    def skills(self) -> tuple[str, ...]:
        """Every skill that the case speaks of."""
        named = (self.expected, *self.alternates, self.not_skill)
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def prompt(self) -> str:
        """The request with what the conversation already said, as the router reads it."""
        return f"{self.request}\n{self.context}" if self.context else self.request

    def accepts(self, skill: str | None) -> bool:
        """Whether routing to `skill` (None: a question back) is right."""
        if skill is None:
            return self.clarification
        return skill != self.not_skill and skill in (self.expected, *self.alternates)


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """The cases of one golden file, in file order, and the version the file gives itself."""

    path: Path
    version: str
    cases: tuple[GoldenCase, ...]

    @property
    def skill_names(self) -> frozenset[str]:
        """Every skill that the cases speak of."""
        return frozenset(name for case in self.cases for name in case.skills)

    @property
    def judged_cases(self) -> tuple[GoldenCase, ...]:
        """The cases that are not marked `skip: true`."""
        return tuple(case for case in self.cases if not case.skip)


def load(path: Path) -> GoldenSet:
    """Reads a golden set. Raises UserError with file, line and case for every mistake in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such golden set; give --golden its path") from None
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); give --golden the path of a file"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    return parse(text, path)


def parse(text: str, path: Path) -> GoldenSet:
    """Reads a golden set from its text; `path` only names it in messages."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else f"{path}"
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UserError(f"{where}: not valid YAML ({problem})") from None
    if not isinstance(root, yaml.MappingNode):
        raise UserError(f"{path}:1: expected a mapping with the keys `version` and `tests`")
    top = _Fields(path, root, "the golden set")
    tests = top.node("tests")
    if not isinstance(tests, yaml.SequenceNode) or not tests.value:
        raise UserError(f"{path}:{top.line('tests')}: `tests` must be a list of cases, one `- id: …` each")
    version = top.text("version", default="unversioned")
    cases = tuple(_case(path, node, number) for number, node in enumerate(tests.value, 1))
    _refuse_repeated_ids(path, cases)
    return GoldenSet(path=path, version=version, cases=cases)


def _case(path: Path, node: yaml.Node, number: int) -> GoldenCase:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise UserError(f"{path}:{line}: case number {number} must be a mapping that begins with `- id: …`")
    unnamed = _Fields(path, node, f"case number {number}")
    case_id = unnamed.text("id")
    fields = _Fields(path, node, f"case {case_id}")
    fields.refuse_near_misses((*CASE_KEYS, *NOTE_KEYS))
    expected, alternates = _right_answers(fields)
    not_skill = fields.text("not_skill", default="") or None
    if not_skill is not None and not_skill == expected:
        raise fields.mistake(
            "not_skill", f"`{not_skill}` is expected and forbidden at once; remove one of the two"
        )
    return GoldenCase(
        id=case_id,
        category=fields.text("category", default=UNCATEGORISED),
        request=fields.text("input", empty=True),
        context=_context(fields),
        expected=expected,
        alternates=alternates,
        not_skill=not_skill,
        commands=tuple(_commands(fields)),
        skip=fields.flag("skip"),
        skip_reason=fields.text("skip_reason", default=""),
        line=line,
    )


def _right_answers(fields: _Fields) -> tuple[str | None, tuple[str, ...]]:
    alternates = tuple(fields.texts("alternate_skills"))
    if fields.has("workflow"):
        if fields.has("expected_skill"):
            raise fields.mistake(
                "workflow", "give `workflow` or `expected_skill`, not both; any skill of a workflow is right"
            )
        first, *later = fields.workflow_skills()
        return first, tuple(dict.fromkeys((*later, *alternates)))
    if not fields.has("expected_skill"):
        raise fields.mistake(
            None,
            "says neither `expected_skill` nor `workflow`; "
            "write `expected_skill: null` where a clarifying question is right",
        )
    if fields.is_null("expected_skill"):
        if alternates:
            raise fields.mistake(
                "alternate_skills", "a case whose right answer is a question back has no alternate skills"
            )
        return None, ()
    return fields.text("expected_skill"), alternates


def _context(fields: _Fields) -> str:
    """What was said before, one `key: value` a line, in file order."""
    if not fields.has("context") or fields.is_null("context"):
        return ""
    value = fields.value("context")
    if not isinstance(value, dict):
        raise fields.mistake("context", "must be a mapping such as `last_issue: ABC-1`")
    lines = []
    for key, said in value.items():
        shown = ", ".join(str(one) for one in said) if isinstance(said, list) else str(said)
        lines.append(f"{key}: {shown}")
    return "\n".join(lines)


def _commands(fields: _Fields) -> Iterator[CommandPattern]:
    if not fields.has("expected_commands") or fields.is_null("expected_commands"):
        return
    for entry in fields.items("expected_commands"):
        known = [key for key in ("pattern", "pattern_regex") if entry.has(key)]
        if len(known) != 1:
            raise entry.mistake(
                None, "an expected command is either `- pattern: text` or `- pattern_regex: expression`"
            )
        text = entry.text(known[0])
        is_regex = known[0] == "pattern_regex"
        if is_regex:
            try:
                re.compile(text)
            except re.error as error:
                raise entry.mistake(known[0], f"is not a regular expression ({error})") from None
        yield CommandPattern(text, is_regex)


def _refuse_repeated_ids(path: Path, cases: tuple[GoldenCase, ...]) -> None:
    seen: dict[str, int] = {}
    for case in cases:
        if case.id in seen:
            raise UserError(
                f"{path}:{case.line}: case {case.id} is also on line {seen[case.id]}; "
                "give every case an id of its own"
            )
        seen[case.id] = case.line


class _Fields:
    """One mapping of the file: its values by key, and the line of each for messages."""

    def __init__(self, path: Path, node: yaml.MappingNode, owner: str) -> None:
        self._path = path
        self._node = node
        self._owner = owner
        self._nodes: dict[str, yaml.Node] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in self._nodes:
                line = key_node.start_mark.line + 1
                raise UserError(f"{path}:{line}: {owner} gives `{key}` twice; keep one")
            self._nodes[key] = value_node

    def has(self, key: str) -> bool:
        return key in self._nodes

    def node(self, key: str) -> yaml.Node | None:
        return self._nodes.get(key)

    def line(self, key: str | None) -> int:
        node = self._nodes.get(key) if key else None
        return int((node or self._node).start_mark.line) + 1

    def mistake(self, key: str | None, wrong: str) -> UserError:
        named = f"{self._owner}, `{key}`: {wrong}" if key else f"{self._owner} {wrong}"
        return UserError(f"{self._path}:{self.line(key)}: {named}", ExitCode.USAGE)

    def value(self, key: str) -> Any:
        loader = yaml.SafeLoader("")
        try:
            return loader.construct_object(self._nodes[key], deep=True)
        except yaml.YAMLError:
            raise self.mistake(key, "holds a value that plain YAML does not know; write text") from None

    def is_null(self, key: str) -> bool:
        return self.value(key) is None

    def text(self, key: str, default: str | None = None, *, empty: bool = False) -> str:
        """The scalar under `key` as it is written; numbers and dates stay the text they were."""
        node = self._nodes.get(key)
        if node is None:
            if default is not None:
                return default
            raise self.mistake(None, f"lacks `{key}`; add `{key}: …`")
        if not isinstance(node, yaml.ScalarNode):
            raise self.mistake(key, "must be one text, not a list or mapping")
        written = str(node.value)
        if self.is_null(key) or (not written.strip() and not empty):
            if default is not None:
                return default
            raise self.mistake(key, "is empty; write a text")
        return written

    def texts(self, key: str) -> list[str]:
        """The list of texts under `key`; empty when the key is absent or null."""
        if not self.has(key) or self.is_null(key):
            return []
        value = self.value(key)
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            raise self.mistake(key, "must be a list of skill names")
        return value

    def flag(self, key: str) -> bool:
        if not self.has(key):
            return False
        value = self.value(key)
        if not isinstance(value, bool):
            raise self.mistake(key, "must be true or false")
        return value

    def items(self, key: str) -> Iterator[_Fields]:
        node = self._nodes[key]
        if not isinstance(node, yaml.SequenceNode):
            raise self.mistake(key, "must be a list")
        for entry in node.value:
            if not isinstance(entry, yaml.MappingNode):
                raise UserError(
                    f"{self._path}:{entry.start_mark.line + 1}: {self._owner}, `{key}`: "
                    "every entry must be a mapping"
                )
            yield _Fields(self._path, entry, f"{self._owner}, `{key}`")

    def workflow_skills(self) -> list[str]:
        skills = [step.text("skill") for step in self.items("workflow")]
        if not skills:
            raise self.mistake("workflow", "is empty; list at least one `- skill: …`")
        return skills

    def refuse_near_misses(self, known: tuple[str, ...]) -> None:
        """A key that looks like a known one misspelt is refused; any other stays a note of the author's."""
        for key in self._nodes:
            if key in known:
                continue
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.8)
            if near:
                raise self.mistake(key, f"is not a known key; did you mean `{near[0]}`?")
