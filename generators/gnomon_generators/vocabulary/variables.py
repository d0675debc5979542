"""Choices at the head of a dashboard."""

from __future__ import annotations

from typing import Any, Literal, assert_never

import attr
from grafanalib import core

from gnomon.errors import UserError
from gnomon.registry import attributes as a
from gnomon.settings import Settings
from gnomon_generators.promql.series import AnyLabel, AnyMetric, label_text, series_of
from gnomon_generators.vocabulary.closed_sets import checked
from gnomon_generators.vocabulary.queries import POSTGRES, PROMETHEUS, TEMPO, Source

_ON_LOAD, _ON_TIME_RANGE = 1, 2
_ALPHABETICAL = 5
_LABEL_VALUES = 1

Kind = Literal["datasource", "query", "custom", "textbox"]


@attr.frozen
class Variable:
    """One choice; `$name` in queries, titles and links.

    `attribute` is the label whose value is chosen, where it is one: such a variable may stand in the
    `where` of expressions.
    """

    name: str
    label: str
    kind: Kind
    query: str = ""
    source: Source = PROMETHEUS
    multi: bool = False
    attribute: AnyLabel | None = None
    about: str = ""
    default: str = ""

    def __str__(self) -> str:
        return f"${self.name}"


datasource = Variable("datasource", "Data source", "datasource", "prometheus")
"""The Prometheus that the dashboard reads; every dashboard has it."""

tempo = Variable("tempo_datasource", "Tempo data source", "datasource", "tempo")
"""The Tempo that traces come from; a dashboard that reads traces has it."""

postgres = Variable("postgres_datasource", "PostgreSQL data source", "datasource", POSTGRES)
"""The results store; a dashboard that reads it has it."""

_BY_SOURCE: dict[Source, Variable] = {
    PROMETHEUS: datasource,
    TEMPO: tempo,
    POSTGRES: postgres,
}


def source_variable(source: Source) -> Variable:
    """The variable that chooses the data source of a type."""
    return _BY_SOURCE[source]


def reference(source: Source) -> dict[str, str]:
    """What a panel or query says of its data source."""
    return {"type": source, "uid": f"${{{_BY_SOURCE[source].name}}}"}


@checked("label_variable()")
def label_variable(
    attribute: AnyLabel,
    name: str = "",
    *,
    label: str = "",
    of: AnyMetric | None = None,
    within: tuple[Variable, ...] = (),
    multi: bool = True,
) -> Variable:
    """A choice among the values of a label.

    `name` and `label` follow from the attribute unless given (`gen_ai.skill.name`: `skill`, "Skill"). With
    `of` the values are those that this metric has; `within` narrows them by other variables of its labels.
    With `multi` several or all may be chosen; all means no filter, whether a series has the label or not.
    """
    text = label_text(attribute)
    plain = name or _plain_name(str(attribute.name))
    series = series_of(of) if of is not None else None
    if series is None and within:
        raise UserError(
            f"the variable {plain!r} is narrowed by others: write of=<metric> that has their labels"
        )
    if series is not None and text not in series.labels:
        raise UserError(f"{series.name} has no label {attribute.name}: write of=<a metric that has it>")
    asked = f"label_values({text})"
    if series is not None:
        base = series.base + ("_count" if series.histogram else "")
        chosen = ", ".join(
            f'{label_text(other.attribute)}=~"${other.name}"'
            for other in within
            if other.attribute is not None
        )
        asked = f"label_values({base}{f'{{{chosen}}}' if chosen else ''}, {text})"
    return Variable(
        plain, label or plain.replace("_", " ").capitalize(), "query", asked, multi=multi, attribute=attribute
    )


def choice(name: str, *options: str, label: str = "", about: str = "") -> Variable:
    """A choice among fixed values, the first of them to begin with."""
    if not options:
        raise UserError(f"the variable {name!r} offers nothing: write its values, choice({name!r}, 'a', 'b')")
    if any("," in option for option in options):
        raise UserError(f"the variable {name!r} has a value with a comma, where Grafana would split it")
    return Variable(
        name, label or name.capitalize(), "custom", ",".join(options), about=about, default=options[0]
    )


def chosen(variable: Variable, column: str) -> str:
    """The condition in SQL that a column has one of the chosen values: `WHERE {chosen(suite, "suite_name")}`.

    True of every row when all are chosen, also where the column is null.
    """
    return f"coalesce({column}, '') ~ '^(${{{variable.name}:regex}})$'"


@checked("variable {name!r}")
def sql_variable(name: str, text: str, *, label: str = "", multi: bool = False) -> Variable:
    """A choice among the rows of a query of the store, one column wide; queries read it by `chosen`."""
    return Variable(name, label or name.capitalize(), "query", text, source=POSTGRES, multi=multi)


def text_box(name: str, *, label: str = "", default: str = "", about: str = "") -> Variable:
    """A field to type into, such as the id of a trace."""
    return Variable(name, label or name.capitalize(), "textbox", default, about=about, default=default)


suite = label_variable(a.TEST_SUITE_NAME, "suite")
"""The test suite of runs."""

_ENVIRONMENT = label_variable(a.DEPLOYMENT_ENVIRONMENT_NAME, "environment")


def environment(settings: Settings) -> tuple[Variable, ...]:
    """The choice of environment, where `dashboards.environment_filter` asks for it; else nothing."""
    return (_ENVIRONMENT,) if settings.dashboards.environment_filter else ()


def _plain_name(attribute: str) -> str:
    """The telling word of an attribute's name: `skill` of `gen_ai.skill.name`."""
    words = attribute.removesuffix(".name").split(".")
    return words[-1]


@attr.s
class VariableModel(core.Template):
    """A variable of a dashboard; unlike its parent it writes only the keys that its type has."""

    about: str = attr.ib(default="")

    def to_json_data(self) -> dict[str, Any]:
        """The variable as Grafana stores it."""
        return {
            "current": self._chosen(),
            "datasource": self.dataSource,
            "description": self.about or None,
            "hide": self.hide or None,
            "label": self.label,
            "name": self.name,
            "query": self.query,
            "type": self.type,
            **self._of_type(),
        }

    def _chosen(self) -> dict[str, Any]:
        """What is chosen when the page is first opened: all, the default, else what Grafana finds first."""
        if self.includeAll:
            return {"selected": True, "text": ["All"], "value": ["$__all"]}
        return {"selected": True, "text": self.default, "value": self.default} if self.default else {}

    def _of_type(self) -> dict[str, Any]:
        if self.type == "textbox":
            return {}
        shared = {"includeAll": self.includeAll, "multi": self.multi, "options": self.options}
        if self.type == "query":
            definition = self.query["query"] if isinstance(self.query, dict) else self.query
            return {
                **shared,
                "allValue": self.allValue,
                "definition": definition,
                "refresh": self.refresh,
                "regex": "",
                "sort": self.sort,
            }
        return {**shared, "refresh": self.refresh, "regex": ""} if self.type == "datasource" else shared


def model(variable: Variable) -> VariableModel:
    """The variable as grafanalib has it."""
    shared: dict[str, Any] = {
        "name": variable.name,
        "label": variable.label,
        "type": variable.kind,
        "query": variable.query,
        "about": variable.about,
    }
    match variable.kind:
        case "datasource":
            return VariableModel(**shared, refresh=_ON_LOAD)
        case "query":
            return VariableModel(**{**shared, **_asked(variable)})
        case "custom" | "textbox":
            return VariableModel(**shared, default=variable.default)
        case _:
            assert_never(variable.kind)


def _asked(variable: Variable) -> dict[str, Any]:
    chosen: dict[str, Any] = {"multi": variable.multi, "includeAll": variable.multi}
    # All means no filter: `.+` would hide series that lack the label, a list of all values rows without one.
    chosen["allValue"] = ".*" if variable.multi else None
    if variable.source == PROMETHEUS:
        chosen["query"] = {"qryType": _LABEL_VALUES, "query": variable.query, "refId": variable.name}
    return {
        **chosen,
        "dataSource": reference(variable.source),
        "refresh": _ON_TIME_RANGE,
        "sort": _ALPHABETICAL if variable.source == PROMETHEUS else 0,
    }
