"""SQL as written in panels, parsed with Grafana's macros and variables in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from gnomon_generators.checks.known.tables import Tables
from gnomon_generators.checks.subjects import SqlQuery, Target

Span = tuple[int, int]

_DIALECTS: Final = {"mysql": "mysql", "mssql": "tsql", "frser-sqlite-datasource": "sqlite"}
_PIECE: Final = re.compile(
    r"(?P<quoted>'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/)"
    r"|\$(?P<macro>__\w+)(?=\s*\()"
    r"|(?P<variable>\$[A-Za-z_]\w*|\$\{[^}]*\}|\[\[\w+(?::\w+)?\]\])",
    re.DOTALL,
)
_NAMES_A_TABLE: Final = re.compile(r"\b(?:from|join)\s+\Z", re.IGNORECASE)
# sqlglot takes a comma before a keyword for a slip; PostgreSQL does not.
_LOOSE_COMMA: Final = re.compile(r",(?=\s*(?:from|where|group|order|having|limit)\b|\s*\))", re.IGNORECASE)
_STAND_IN: Final = "v_"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement: either `tree`, or `error` and where it lies."""

    tree: exp.Query | None
    error: str = ""
    span: Span = (0, 0)


def statement(query: SqlQuery) -> Statement:
    """The query as a tree, or what is wrong with it."""
    return _parsed(query.text, _dialect(query))


def scopes(tree: exp.Query) -> list[Scope]:
    """Every SELECT of the statement with what it reads from, inner ones first."""
    return list(traverse_scope(tree))


def named_tables(tree: exp.Query) -> Iterator[exp.Table]:
    """The tables that the statement reads, what it defines itself left out."""
    defined = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and table.name not in defined and table.name:
            yield table


def columns_of(source: object, known: Tables) -> Mapping[str, str] | None:
    """The columns that a source of a SELECT offers, with types where known; None when they are not known."""
    if isinstance(source, exp.Table):
        return known.get(source.name)
    if isinstance(source, Scope):
        select = source.expression
        names = select.named_selects if isinstance(select, exp.Query) else []
        return None if "*" in names or not names else dict.fromkeys(names, "")
    return None


def place(node: exp.Expression) -> Span | None:
    """Where a name stands in the text, as far as the parser kept it."""
    meta = node.meta if node.meta.get("start") is not None else getattr(node.this, "meta", {})
    start, end = meta.get("start"), meta.get("end")
    return None if start is None or end is None else (start, end + 1)


def is_variable(name: str) -> bool:
    """Whether the name is a stand-in for a variable."""
    return name.startswith(_STAND_IN) or "$" in name


@lru_cache(maxsize=1024)
def _parsed(text: str, dialect: str) -> Statement:
    plain = _substituted(text)
    loose = _LOOSE_COMMA.search(re.sub(r"'(?:[^']|'')*'", lambda quoted: "x" * len(quoted.group()), plain))
    if loose:
        return Statement(None, "a comma is followed by nothing", loose.span())
    try:
        trees = [tree for tree in sqlglot.parse(plain, read=dialect) if tree is not None]
    except ParseError as error:
        return _refused(plain, error.errors[0] if error.errors else {})
    except SqlglotError as error:
        return Statement(None, " ".join(str(error).split()), (0, len(text)))
    if len(trees) == 1 and isinstance(trees[0], exp.Query):
        return Statement(trees[0])
    return Statement(None, "one SELECT is expected", (0, len(text)))


def _refused(text: str, error: Mapping[str, Any]) -> Statement:
    """The first thing that the parser did not understand; it counts lines and columns to the word's end."""
    before = "".join(text.splitlines(keepends=True)[: error.get("line", 1) - 1])
    end = min(len(before) + error.get("col", 0), len(text))
    highlight = str(error.get("highlight") or "")
    description = str(error.get("description", "it does not parse"))
    if "<" in description:
        # The parser's own classes tell a reader nothing.
        description = f"something is missing after {highlight}"
    return Statement(None, description, (max(end - len(highlight), 0), end))


def _dialect(query: SqlQuery) -> str:
    owner = query.owner
    raw = owner.raw.get("datasource") or (
        owner.panel.raw.get("datasource") if isinstance(owner, Target) else None
    )
    kind = raw.get("type") if isinstance(raw, Mapping) else None
    return _DIALECTS.get(str(kind), "postgres")


def _substituted(text: str) -> str:
    """Macros as functions and variables as values or names, every character in its place."""
    out: list[str] = []
    end = 0
    for match in _PIECE.finditer(text):
        out.append(text[end : match.start()])
        end = match.end()
        if match["macro"]:
            out.append(f"_{match['macro']}")
        elif match["variable"]:
            length = len(match.group())
            before = "".join(out)
            names = _NAMES_A_TABLE.search(before) or re.search(r"\w\Z", before) or re.match(r"\w", text[end:])
            out.append(_STAND_IN.ljust(length, "x") if names else "1" * length)
        else:
            out.append(match.group())
    return "".join(out) + text[end:]
