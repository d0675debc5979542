"""docs/checks/README.md: every check of `gnomon check` with its page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from gnomon_generators import checks
from gnomon_generators.checks.discovery import FAMILIES
from gnomon_generators.document import MARK, Document
from gnomon_generators.reference.markdown import code, table

FOLDER: Final = PurePosixPath("checks")

_HEAD: Final = f"""<!-- {MARK} from the modules in generators/gnomon_generators/checks: edit those. -->

# Checks

What [`gnomon check`](../check.md) looks for. Each check has a page of its name: what it finds, why that is
wrong, what to write instead, and when to accept it.

"""
_LATER: Final = """
Those below run only when they are asked for, with `--only`.

"""


def documents() -> Iterator[Document]:
    """The index of the checks."""
    yield Document(FOLDER / "README.md", _HEAD + _table(default=True) + _LATER + _table(default=False))


def _table(*, default: bool) -> str:
    return table(
        ("check", "severity", "what is wrong"),
        (
            (f"[{code(row['ID'])}]({row['ID']}.md)", row["SEVERITY"].lower(), row["BRIEF"])
            for row in _rows()
            if row.get("DEFAULT", "True") == str(default)
        ),
    )


def _rows() -> Iterator[dict[str, str]]:
    """What every check says of itself, read from its source: an index needs none of the libraries."""
    for family in FAMILIES:
        for path in sorted((Path(checks.__path__[0]) / family).glob("*.py")):
            row = dict(_constants(ast.parse(path.read_bytes())))
            if "ID" in row:
                yield row


def _constants(module: ast.Module) -> Iterator[tuple[str, str]]:
    for statement in module.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            value = statement.value
            if isinstance(value, ast.Attribute):
                yield statement.targets[0].id, value.attr
            elif isinstance(value, ast.Constant):
                yield statement.targets[0].id, str(value.value)
