"""Every check there is, found by walking the families."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from gnomon.errors import UserError
from gnomon_generators.checks import subjects
from gnomon_generators.checks.finding import Finding, Severity

FAMILIES: Final = (
    "contract",
    "promql",
    "sql",
    "traceql",
    "dashboard",
    "rule",
    "alert",
    "alertmanager",
    "collector",
    "stack",
    "file",
    "suppression",
)
_ROOT: Final = "gnomon_generators.checks"
PAGES: Final = "docs/checks"
"""Where the pages are, in the repository and under its address."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check as its module describes it.

    `yields_to` names checks that say more about the same thing: where one of them found something in the
    same part of the same expression (or, without an expression, in the same object), this one's finding is
    left out.
    A check that is not `default` runs only when it is asked for by name.
    """

    id: str
    severity: Severity
    brief: str
    subject: type[subjects.Subject]
    function: Callable[[Any], Iterator[Finding]]
    yields_to: tuple[str, ...]
    default: bool = True

    @property
    def family(self) -> str:
        """The part of the id before the stroke."""
        return self.id.partition("/")[0]

    @property
    def page(self) -> str:
        """The page about it, relative to the root of the repository."""
        return f"{PAGES}/{self.id}.md"


def default_checks() -> tuple[Check, ...]:
    """The checks that run when none is asked for by name."""
    return tuple(check for check in all_checks() if check.default)


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check by family and name."""
    return tuple(_check(module) for family in FAMILIES for module in _modules(family))


def chosen(patterns: tuple[str, ...]) -> tuple[Check, ...]:
    """The checks whose ids match one of the globs; without any those that run by default.

    Raises `UserError` for a glob that no check matches.
    """
    for pattern in patterns:
        if not any(fnmatchcase(check.id, pattern) for check in all_checks()):
            raise UserError(f"--only names {pattern}, which is no check; `gnomon check --list` shows them")
    return tuple(
        check
        for check in all_checks()
        if (check.id in patterns)
        or (check.default and (not patterns or any(fnmatchcase(check.id, pattern) for pattern in patterns)))
    )


def _modules(family: str) -> Iterator[ModuleType]:
    try:
        package = import_module(f"{_ROOT}.{family}")
    except ModuleNotFoundError as error:
        if error.name != f"{_ROOT}.{family}":
            raise
        return
    for entry in sorted(pkgutil.iter_modules(package.__path__), key=lambda entry: entry.name):
        module = import_module(f"{_ROOT}.{family}.{entry.name}")
        # A module without an id is shared by the checks beside it.
        if hasattr(module, "ID"):
            yield module


def _check(module: ModuleType) -> Check:
    return Check(
        module.ID,
        module.SEVERITY,
        module.BRIEF,
        _subject(module),
        module.check,
        tuple(getattr(module, "YIELDS_TO", ())),
        getattr(module, "DEFAULT", True),
    )


def _subject(module: ModuleType) -> type[subjects.Subject]:
    """The class that the check's argument is annotated with; annotations are text in this project."""
    annotations = module.check.__annotations__
    name = str(next(iter(annotations.values()))).rpartition(".")[2]
    kind = getattr(subjects, name, None)
    if not (isinstance(kind, type) and issubclass(kind, subjects.Subject)):
        raise TypeError(f"{module.__name__}.check takes a {name}, which is no kind of subject")
    return kind
