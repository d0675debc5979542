"""Files of the stack, and from them to text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from gnomon.errors import UserError
from gnomon_generators import yaml_text

FOLDER: Final = PurePosixPath("stack/yaml")
"""Where these files lie, relative to the project."""

COMPOSE: Final = PurePosixPath("docker-compose.yml")
"""The one that lies where Compose looks for it."""


class _RuleFiles:
    """Stands for the list of the generated rule files, which only the generator of all parts knows."""


RULE_FILES: Final = _RuleFiles()
"""Write this where a configuration lists the rule files: their paths take its place."""


@dataclass(frozen=True)
class Section:
    """Keys of the top level, under a comment."""

    value: object
    about: str = ""

    def text(self) -> str:
        """The keys as YAML."""
        return (yaml_text.comment(self.about) if self.about else "") + yaml_text.text(self.value)


@dataclass(frozen=True)
class Entries:
    """A key of the top level with entries below it, mappings or items of a list, each under a comment."""

    name: str
    entries: Sequence[tuple[str, object]]

    def text(self) -> str:
        """The key and its entries as YAML."""
        return f"{self.name}:\n" + "".join(
            (yaml_text.comment(about, 2) if about else "") + yaml_text.text(entry, 2)
            for about, entry in self.entries
        )


@dataclass(frozen=True, kw_only=True)
class YamlFile:
    """A file in YAML; `path` is relative to `stack/yaml`, or `docker-compose.yml`."""

    path: str
    about: str
    sections: Sequence[Section | Entries]


@dataclass(frozen=True, kw_only=True)
class TextFile:
    """A file in another language, whose comments begin with `comment`."""

    path: str
    about: str
    text: str
    comment: str = "#"


def render(
    file: YamlFile | TextFile, source: str, rules: Sequence[PurePosixPath] = ()
) -> tuple[PurePosixPath, str]:
    """Where the file lies in the project, and its text; the same bytes for the same file.

    `source` is the definition that it comes from, as the first line tells; `rules` are the rule files of
    the project. Raises `UserError` for a path outside of `stack/yaml`.
    """
    path = _placed(file.path)
    opening = yaml_text.head("gnomon generate", source) + yaml_text.comment(file.about)
    if isinstance(file, TextFile):
        return path, opening.replace("# ", f"{file.comment} ") + "\n" + file.text
    sections = [_resolved(section, path, rules).text() for section in file.sections]
    return path, "\n".join([opening, *sections])


def _placed(written: str) -> PurePosixPath:
    if written == str(COMPOSE):
        return COMPOSE
    path = PurePosixPath(written)
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise UserError(f"the path {written!r} leads out of {FOLDER}; write one relative to it")
    return FOLDER / path


def _resolved(
    section: Section | Entries, path: PurePosixPath, rules: Sequence[PurePosixPath]
) -> Section | Entries:
    if isinstance(section, Entries):
        return section
    up = PurePosixPath(*[".."] * (len(path.parts) - 1))
    return Section(_without_marks(section.value, [str(up / rule) for rule in rules]), section.about)


def _without_marks(value: object, rules: list[str]) -> object:
    if value is RULE_FILES:
        return rules
    if isinstance(value, Mapping):
        return {key: _without_marks(item, rules) for key, item in value.items()}
    return value
