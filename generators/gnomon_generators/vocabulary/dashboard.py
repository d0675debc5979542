"""A dashboard as its definition file has it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

import attr

from gnomon.errors import UserError
from gnomon_generators.promql.naming import told
from gnomon_generators.vocabulary.annotations import Annotation
from gnomon_generators.vocabulary.arguments import check_repeat
from gnomon_generators.vocabulary.links import Link
from gnomon_generators.vocabulary.panel import Panel
from gnomon_generators.vocabulary.queries import POSTGRES, PROMETHEUS, TEMPO, Source
from gnomon_generators.vocabulary.variables import Variable, datasource, source_variable

_USE: Final = re.compile(r"\$(?:\{([A-Za-z_]\w*)[^}]*\}|([A-Za-z_]\w*))|\[\[([A-Za-z_]\w*)[^\]]*\]\]")


@attr.frozen
class Row:
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]
    repeat: Variable | None = None
    collapsed: bool = False


def row(title: str, *panels: Panel, repeat: Variable | None = None, collapsed: bool = False) -> Row:
    """Panels under a heading; `repeat` draws the row once for each chosen value of a variable.

    The panels of a collapsed row are asked for nothing until it is opened.
    """
    if not title.strip():
        raise UserError("a row has no title: write row('What these panels answer', …)")
    for one in panels:
        if isinstance(one, list | tuple):
            raise UserError(
                f"row {title!r} holds a list: write the panels without brackets, row({title!r}, stat(…), …)"
            )
        if not isinstance(one, Panel):
            raise UserError(
                f"row {title!r} holds {told(one)}, which is no panel: write stat(…), timeseries(…) and such"
            )
    try:
        check_repeat(repeat)
    except UserError as error:
        raise UserError(f"row {title!r}: {error}") from None
    return Row(title, panels, repeat, collapsed)


@attr.frozen(kw_only=True)
class Dashboard:
    """A page of answers.

    `title`: its name in Grafana. `description`: for whom it is and what it answers. `panels` stand at the
    top, `rows` below. `variables` are offered at the head, the data sources' first and by themselves.
    `links` go to the head beside the dropdown of all our dashboards. `audience` is added to the tags.
    `time_from` is the beginning of the time range, `refresh` how often the page asks anew (empty: never).

    Raises `UserError` when a title is there twice, or a variable is used that the dashboard does not have.
    """

    title: str
    description: str
    panels: Sequence[Panel] = ()
    rows: Sequence[Row] = ()
    variables: Sequence[Variable] = ()
    annotations: Sequence[Annotation] = ()
    links: Sequence[Link] = ()
    tags: Sequence[str] = ()
    audience: str = ""
    time_from: str = "now-24h"
    time_to: str = "now"
    refresh: str = "5m"
    timezone: str = "browser"

    def __attrs_post_init__(self) -> None:
        """Refuses what Grafana would draw wrong."""
        if not self.description.strip():
            raise UserError(
                f"dashboard {self.title!r}: write description='for whom it is, and what it answers'"
            )
        self._check_lists()
        if not any(True for _ in self.all_panels()):
            raise UserError(f"dashboard {self.title!r} has no panels: write panels=[…] or rows=[row(…)]")
        self._check_titles()
        self._check_variables()

    def all_panels(self) -> Iterator[Panel]:
        """The panels in their order, those in rows included."""
        yield from self.panels
        for one in self.rows:
            yield from one.panels

    def all_variables(self) -> tuple[Variable, ...]:
        """The data sources that are read, then the dashboard's own variables, each once."""
        asked = [query.source for panel in self.all_panels() for query in panel.queries]
        asked += [one.query.source for one in self.annotations]
        asked += [one.source for one in self.variables if one.kind == "query"]
        sources = [source_variable(source) for source in asked]
        linked = [one for one in map(source_variable, _SOURCES) if one.name in set(self._linked())]
        order = dict.fromkeys(
            [datasource, *sorted({*sources, *linked} - {datasource}, key=lambda one: one.name)]
        )
        return tuple(dict.fromkeys([*order, *self.variables]))

    def _linked(self) -> Iterator[str]:
        for panel in self.all_panels():
            for text in panel.texts:
                yield from used_in(text)

    def all_links(self) -> Iterator[tuple[str, Link]]:
        """The links to dashboards of definitions, each after the words for where in this one it stands."""
        held = [(f"dashboard {self.title!r}", one) for one in self.links]
        held += [
            (f"panel {panel.title!r}{place}", one)
            for panel in self.all_panels()
            for place, one in panel.links
        ]
        yield from ((where, one) for where, one in held if one.name)

    def _check_lists(self) -> None:
        for name, kind, made in _HELD:
            held = getattr(self, name)
            advice = f"write {name}=[{made}, …]"
            if isinstance(held, str) or not isinstance(held, Sequence):
                raise UserError(f"dashboard {self.title!r}: {name}= takes a list: {advice}")
            for one in held:
                if name == "panels" and isinstance(one, Row):
                    raise UserError(
                        f"dashboard {self.title!r}: panels= holds the row {one.title!r}: write "
                        "rows=[row(…), …], which stand below panels=[…]"
                    )
                if not isinstance(one, kind):
                    raise UserError(
                        f"dashboard {self.title!r}: {name}= holds {told(one)}, which is no "
                        f"{kind.__name__.lower()}: {advice}"
                    )

    def _check_titles(self) -> None:
        seen: set[str] = set()
        for name in (*(panel.title for panel in self.all_panels()), *(one.title for one in self.rows)):
            if name in seen:
                raise UserError(
                    f"dashboard {self.title!r} has two panels or rows {name!r}: give each a title of its own"
                )
            seen.add(name)

    def _check_variables(self) -> None:
        known: dict[str, Variable] = {}
        for variable in self.all_variables():
            if known.setdefault(variable.name, variable) != variable:
                raise UserError(
                    f"dashboard {self.title!r} has two variables {variable.name!r}: rename one of them"
                )
        for panel in self.all_panels():
            for text in (*panel.texts, *(f"{query.text} {query.legend}" for query in panel.queries)):
                _check_uses(f"panel {panel.title!r}", text, known)
            if panel.repeat is not None:
                _check_uses(f"panel {panel.title!r}", str(panel.repeat), known)
        for one in self.rows:
            _check_uses(f"row {one.title!r}", f"{one.title} {one.repeat or ''}", known)
        for mark in self.annotations:
            _check_uses(f"annotation {mark.name!r}", mark.query.text, known)
        for variable in known.values():
            _check_uses(f"variable {variable.name!r}", variable.query, known)


_HELD: Final[tuple[tuple[str, type, str], ...]] = (
    ("panels", Panel, "stat(…)"),
    ("rows", Row, "row(…)"),
    ("variables", Variable, "suite"),
    ("annotations", Annotation, "annotation(…)"),
    ("links", Link, "to_dashboard(…)"),
)
_SOURCES: Final[tuple[Source, ...]] = (PROMETHEUS, TEMPO, POSTGRES)


def used_in(text: str) -> Iterator[str]:
    """The names of the variables in a text, Grafana's own left out."""
    for found in _USE.finditer(text):
        name = next(group for group in found.groups() if group)
        if not name.startswith("__"):
            yield name


def _check_uses(where: str, text: str, known: dict[str, Variable]) -> None:
    for name in used_in(text):
        if name not in known:
            near = get_close_matches(name, known, n=1)
            advice = f"write ${near[0]}, or " if near else ""
            raise UserError(
                f"{where} uses the variable ${name}, which the dashboard does not have: {advice}"
                "add it to variables=[…]"
            )
