"""Skills as a checkout holds them: every SKILL.md with its name, description and body."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

SKILL_FILE = "SKILL.md"


@dataclass(frozen=True, slots=True)
class Skill:
    """One SKILL.md. `name` comes from its front matter (the folder's name when there is none)."""

    path: str
    folder: str
    name: str
    description: str
    body: str

    def identity(self, known: Collection[str]) -> str:
        """The name by which a golden set that speaks of the `known` skills calls this one.

        A golden set may use the folder's name while the front matter says another, and a history
        may change from one to the other; the name the golden set uses wins.
        """
        if self.folder in known:
            return self.folder
        return self.name


def find(root: Path) -> tuple[Skill, ...]:
    """Every skill under `root`, by path. Folders of version control are not entered."""
    return tuple(
        parse(path.read_text(encoding="utf-8", errors="replace"), path.relative_to(root).as_posix())
        for path in sorted(_skill_files(root))
    )


def parse(text: str, path: str) -> Skill:
    """Reads one SKILL.md; front matter that is absent or broken leaves the text as the body.

    Without a description in the front matter the first paragraph after the title stands for it: that
    is what an agent that lists its skills would have to show.
    """
    matter, body = _split_front_matter(text)
    folder = Path(path).parent.name or "skill"
    name = matter.get("name")
    description = matter.get("description")
    return Skill(
        path=path,
        folder=folder,
        name=name.strip() if isinstance(name, str) and name.strip() else folder,
        description=description.strip() if isinstance(description, str) else _first_paragraph(body),
        body=body,
    )


def _skill_files(root: Path) -> Iterator[Path]:
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = [name for name in subfolders if name != ".git"]
        if SKILL_FILE in files:
            yield Path(folder) / SKILL_FILE


def _split_front_matter(text: str) -> tuple[dict[str, object], str]:
    text = text.removeprefix("\ufeff")
    if not text.startswith("---"):
        return {}, text
    head, separator, body = text[3:].partition("\n---")
    if not separator:
        return {}, text
    try:
        matter = yaml.safe_load(head)
    except yaml.YAMLError:
        return {}, text
    return (matter, body.partition("\n")[2]) if isinstance(matter, dict) else ({}, text)


def _first_paragraph(body: str) -> str:
    for block in body.split("\n\n"):
        lines = [line for line in block.strip().splitlines() if not line.startswith("#")]
        if lines:
            return " ".join(line.strip() for line in lines)
    return ""
