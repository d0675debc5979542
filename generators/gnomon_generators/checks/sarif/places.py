"""Where in the files a finding lies, and where what made that file is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from gnomon_generators.checks.finding import Finding
from gnomon_generators.checks.subjects import DashboardFile, File, Tree
from gnomon_generators.definitions.folders import shipped
from gnomon_generators.document import GENERATED

Json = dict[str, Any]

ROOT: Final = "SRCROOT"
"""What the log calls the folder that its paths are relative to."""

_NAMED: Final = re.compile(rf"# {re.escape(GENERATED)}` from (?P<definition>\S+):")
_UID: Final = "gnomon-"
# A block of YAML has its expression in lines below the one where its rule begins.
_NEAR: Final = 40


class Places:
    """The places of findings in the files of a tree, relative to `top`."""

    def __init__(self, tree: Tree, top: Path) -> None:
        self._tree, self._top = tree, top
        self._files = {file.path: file for file in tree.files}

    def of(self, finding: Finding) -> list[Json]:
        """The location of a finding: of the settings where it is about the project as a whole."""
        path = finding.path if finding.path.parts else self._tree.settings.path
        location: Json = {}
        if path is not None:
            location["physicalLocation"] = {
                "artifactLocation": self._artifact(path),
                "region": self._region(finding),
            }
        if str(finding.where):
            location["logicalLocations"] = [{"fullyQualifiedName": str(finding.where)}]
        return [location] if location else []

    def definition_of(self, finding: Finding) -> Json | None:
        """Where the definition is that the file was generated from, if it is known."""
        file = self._files.get(finding.path)
        path = _definition(file) if file is not None else None
        if path is None or not path.resolve().is_relative_to(self._top):
            return None
        title = finding.where.panel or finding.where.rule or finding.where.annotation
        return {
            "id": 1,
            "message": {"text": "What it was generated from."},
            "physicalLocation": {
                "artifactLocation": self._artifact(path),
                "region": {"startLine": _line_with(path, title)},
            },
        }

    def _absolute(self, path: Path) -> Path:
        """A path as findings have it: of the project, or as it was named where it lies outside."""
        inside = self._tree.root / path
        return (inside if inside.exists() else path).resolve()

    def _artifact(self, path: Path) -> Json:
        absolute = self._absolute(path)
        if not absolute.is_relative_to(self._top):
            return {"uri": absolute.as_uri()}
        return {"uri": quote(absolute.relative_to(self._top).as_posix()), "uriBaseId": ROOT}

    def _region(self, finding: Finding) -> Json:
        file = self._files.get(finding.path)
        begun = finding.line or 1
        if file is not None and finding.expression and finding.span:
            lines = file.text.splitlines()
            for number, text in enumerate(lines[begun - 1 : begun - 1 + _NEAR], begun):
                for written, start, end in _spellings(finding.expression, *finding.span):
                    if (at := text.find(written)) >= 0:
                        return {
                            "startLine": number,
                            "startColumn": at + start + 1,
                            "endColumn": at + end + 1,
                            "snippet": {"text": text[at + start : at + end]},
                        }
        return {"startLine": begun}


def _spellings(expression: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """The expression as a line of a file may have it, with the part's place in that."""
    for ascii_only in (False, True):
        before, part, all_of_it = (
            json.dumps(text, ensure_ascii=ascii_only)[1:-1]
            for text in (expression[:start], expression[start:end], expression)
        )
        yield all_of_it, len(before), len(before) + len(part)
    # In a block of YAML it stands line by line as it is; of a part of several lines the first is marked.
    first = expression.rfind("\n", 0, start) + 1
    line = expression[first:].splitlines()[0] if expression[first:] else ""
    if line.strip():
        yield line, start - first, min(end - first, len(line))


def _definition(file: File) -> Path | None:
    """The definition of a generated file, in the project, its own definitions, or Gnomon's."""
    if isinstance(file, DashboardFile):
        name = f"dashboards/{file.uid.removeprefix(_UID)}.py" if file.own else None
    else:
        found = _NAMED.match(file.text)
        name = found["definition"] if found else None
    folders = (file.tree.root, file.tree.settings.definitions, shipped())
    candidates = (folder / name for folder in folders if folder and name)
    return next((path for path in candidates if path.is_file()), None)


@cache
def _line_with(path: Path, title: str | None) -> int:
    """The line on which a text stands in quotes; the first where none does."""
    lines = path.read_text("utf-8", errors="replace").splitlines()
    wanted = (f'"{title}"', f"'{title}'") if title else ()
    return next((number for number, line in enumerate(lines, 1) if any(one in line for one in wanted)), 1)
