"""What a definition file defines, read from its text: nothing of it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gnomon_generators.definitions.finding import DefinitionFile


def defines(file: DefinitionFile, name: str) -> bool:
    """Whether the file gives this name a meaning on its top level; what is no Python defines nothing."""
    try:
        tree = ast.parse(file.path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False
    return any(name in _names(statement) for statement in tree.body)


def _names(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name
        case ast.Assign():
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.ImportFrom() | ast.Import():
            yield from (alias.asname or alias.name for alias in statement.names)
