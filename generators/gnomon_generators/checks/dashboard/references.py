"""Where a dashboard names its variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gnomon_generators.checks.schema import Path
from gnomon_generators.checks.subjects import DashboardFile

_REFERENCE: Final = re.compile(
    r"\$(?P<plain>[A-Za-z_]\w*)"
    r"|\$\{(?P<braced>[A-Za-z_]\w*)(?:\.[^:}\"]*|\[[^]]*\])*(?::[^}]*)?\}"
    r"|\[\[(?P<square>[A-Za-z_]\w*)(?::\w+)?\]\]"
)

BUILT_IN: Final = frozenset(
    {
        "__all",
        "__all_variables",
        "__auto",
        "__auto_interval",
        "__cell",
        "__columns",
        "__conditionalRendering",
        "__dashboard",
        "__data",
        "__entry_text",
        "__field",
        "__from",
        "__interval",
        "__interval_ms",
        "__name",
        "__org",
        "__range",
        "__range_ms",
        "__range_s",
        "__rate_interval",
        "__rate_interval_ms",
        "__series",
        "__timezone",
        "__to",
        "__url",
        "__url_time_range",
        "__user",
        "__value",
    }
)
"""Variables that Grafana provides. SQL macros come beside them: `$__timeFilter(…)` and its like."""

_PROSE: Final = frozenset({"description", "content", "text", "pattern", "regex", "current", "options"})
"""Keys whose text may hold a dollar sign that is no variable."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of a variable in a text of the dashboard; `span` is its place in that text."""

    name: str
    path: Path
    text: str
    span: tuple[int, int]

    @property
    def macro(self) -> bool:
        """Whether an opening parenthesis follows, as after the macros of SQL data sources."""
        return self.text[self.span[1] : self.span[1] + 1] == "("


def references(dashboard: DashboardFile) -> Iterator[Reference]:
    """Every name written like a variable, prose included, variables' own values aside."""
    yield from _in(dashboard.document, ())


def in_prose(reference: Reference) -> bool:
    """Whether the text is one that people read: a dollar sign may mean money there."""
    return any(key in _PROSE for key in reference.path if isinstance(key, str))


def names_in(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Names written like variables in a text, with their places."""
    for match in _REFERENCE.finditer(text):
        yield str(match.group(str(match.lastgroup))), match.span()


def _in(value: Any, path: Path) -> Iterator[Reference]:
    if isinstance(value, str):
        for name, span in names_in(value):
            yield Reference(name, path, value, span)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            # What is selected in a variable is no mention of another.
            if not (path[:2] == ("templating", "list") and key in ("current", "options")):
                yield from _in(item, (*path, key))
            if key == "repeat" and isinstance(item, str) and "$" not in item:
                yield Reference(item, (*path, key), item, (0, len(item)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _in(item, (*path, number))
