"""The fenced blocks of a page, and how each proves itself.

The first word behind the fence is the language, the others say what the block is:

- `file=NAME`: the block is that file of the section's project.
- `console`: lines after `$ ` are commands of a shell; the lines below each are in its output, in this order,
  with `…` for any text. `status=N` is how pytest ends there, 0 if left out, as every other command does;
  `backend` gives the commands a backend that answers at localhost:4318, where otherwise nothing listens.
- `python run`: a program of its own, which ends well and logs nothing.
- `text`: nothing to run.
- any other language with `file=NAME` as `python`.

`plugins=NAME,…` on any block of a section loads these pytest plugins; without it only Gnomon's is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^```(?P<info>.*)$")
_SECTION = "## "


@dataclass(frozen=True)
class Block:
    language: str
    words: frozenset[str]
    options: dict[str, str]
    text: str
    line: int


@dataclass
class Section:
    """What stands below one heading of the second level: one project."""

    title: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def plugins(self) -> set[str]:
        named = (block.options.get("plugins", "") for block in self.blocks)
        return {name for names in named for name in names.split(",") if name}

    @property
    def runs(self) -> bool:
        return any(block.language == "console" or "run" in block.words for block in self.blocks)


@dataclass(frozen=True)
class Command:
    text: str
    expected: tuple[str, ...]


def sections(page: Path) -> list[Section]:
    found = [Section("")]
    info, begun, lines = None, 0, list[str]()
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence and info is None:
            info, begun, lines = fence["info"], number, []
        elif fence:
            found[-1].blocks.append(_block(str(info), lines, begun))
            info = None
        elif info is not None:
            lines.append(line)
        elif line.startswith(_SECTION):
            found.append(Section(line.removeprefix(_SECTION)))
    assert info is None, f"{page}:{begun}: a block that does not end"
    return found


def _block(info: str, lines: list[str], line: int) -> Block:
    language, *words = info.split() or [""]
    options = dict(word.split("=", 1) for word in words if "=" in word)
    return Block(
        language, frozenset(word for word in words if "=" not in word), options, "\n".join(lines) + "\n", line
    )


def commands(block: Block) -> Iterator[Command]:
    text, expected = "", list[str]()
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if text:
                yield Command(text, tuple(expected))
            text, expected = line.removeprefix("$ "), []
        elif line.strip():
            expected.append(line.rstrip())
    if text:
        yield Command(text, tuple(expected))


def missing(expected: tuple[str, ...], output: str) -> str | None:
    """The first expected line that the output does not have behind those before it."""
    lines = iter(output.splitlines())
    for line in expected:
        pattern = re.compile(".*".join(map(re.escape, line.strip().split("…"))))
        if not any(pattern.fullmatch(said.strip()) for said in lines):
            return line
    return None
