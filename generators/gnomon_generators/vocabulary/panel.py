"""What all panels share: the frame in which each kind puts its own options."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, wraps
from inspect import Parameter, signature
from typing import (
    Any,
    Concatenate,
    Final,
    Literal,
    ParamSpec,
    Required,
    TypedDict,
    get_type_hints,
)

import attr
from grafanalib import core

from gnomon.errors import UserError
from gnomon_generators.promql.expression import Expr
from gnomon_generators.vocabulary.arguments import (
    check_call,
    check_mappings,
    check_queries,
    check_series,
    check_title,
    check_values,
    checked_size,
    checked_step,
)
from gnomon_generators.vocabulary.closed_sets import check_given
from gnomon_generators.vocabulary.colors import SERIES
from gnomon_generators.vocabulary.description import described
from gnomon_generators.vocabulary.links import Link
from gnomon_generators.vocabulary.origin import Origin, origin
from gnomon_generators.vocabulary.overrides import Override, matched
from gnomon_generators.vocabulary.queries import POSTGRES, PROMETHEUS, TEMPO, Query, as_query
from gnomon_generators.vocabulary.targets import target
from gnomon_generators.vocabulary.thresholds import Thresholds
from gnomon_generators.vocabulary.units import grafana_unit
from gnomon_generators.vocabulary.variables import Variable, reference

Json = dict[str, Any]
_P = ParamSpec("_P")

COLUMNS: Final = 24
"""Width of Grafana's grid."""

PLUGIN_VERSION: Final = "11.6.0"
"""The Grafana whose options are written; a later one brings panels forward from here by itself."""


BY_VALUE: Final[Json] = {"mode": "thresholds"}
"""Colours come from thresholds and mappings; a value that neither speaks of is plain."""

# Without any, Grafana would colour everything from 80 on red.
_NO_JUDGEMENT: Final[Json] = {"mode": "absolute", "steps": [{"color": "text"}]}


class Common(TypedDict, total=False):
    """Arguments of every panel function."""

    about: Required[str]
    """What the panel shows, and what to do when it is bad; the series are added."""
    unit: str
    """UCUM; that of the queries unless given."""
    decimals: int
    min: float
    max: float
    thresholds: Thresholds
    colors: Mapping[str, str]
    """Colours of series or columns by their name."""
    mappings: Sequence[Json]
    links: Sequence[Link]
    """Where a click on a value leads."""
    overrides: Sequence[Override | Json]
    transformations: Sequence[Json]
    width: int
    """Columns of 24."""
    height: int
    """Rows of 30 pixels."""
    no_value: str
    """What stands there when there is nothing."""
    repeat: Variable
    """One panel for each chosen value of this variable."""
    repeat_direction: Literal["h", "v"]
    max_per_row: int
    time_from: str
    """A time range of its own, such as `24h`."""
    time_shift: str
    interval: str
    """Least distance between two points."""


@attr.frozen
class Panel:
    """A panel without its place; the functions of the vocabulary make it.

    `links` come with the words for where in the panel each stands; `origin` is where the panel was written.
    """

    title: str
    width: int
    height: int
    model: core.Panel
    queries: tuple[Query, ...] = ()
    repeat: Variable | None = None
    texts: tuple[str, ...] = ()
    links: tuple[tuple[str, Link], ...] = ()
    origin: Origin | None = attr.field(default=None, eq=False, repr=False)


@attr.frozen
class Shape:
    """What a kind of panel decides: its class, its usual size, how it asks, whether it shows quantities.

    `shows` is one number a series, what happened from point to point, or whatever its queries say.
    """

    model: type[core.Panel]
    width: int
    height: int
    instant: bool = False
    shows: Literal["number", "moments", "either"] = "either"
    measures: bool = True
    format: Literal["time_series", "table", "heatmap"] = "time_series"
    sources: tuple[str, ...] = (PROMETHEUS, POSTGRES, TEMPO)


def panel_function(function: Callable[Concatenate[str, _P], Panel]) -> Callable[Concatenate[str, _P], Panel]:
    """A function that makes a panel: it takes nothing but what it knows, and its `UserError`s begin with the
    panel's title.
    """
    parameters = signature(function).parameters
    place = list(parameters).index("title")
    takes_more = any(one.kind is Parameter.VAR_KEYWORD for one in parameters.values())

    @wraps(function)
    def named(first: str = "", /, *args: _P.args, **kwargs: _P.kwargs) -> Panel:
        title = [first, *args, ""][place]
        try:
            common = _hints(Common) if takes_more else {}
            check_call(parameters, common, kwargs)
            check_given({**_hints(function), **common}, kwargs.items())
            return function(first, *args, **kwargs)
        except UserError as error:
            raise UserError(f"panel {title!r}: {error}") from None

    return named


@cache
def _hints(annotated: Callable[..., object]) -> dict[str, Any]:
    return get_type_hints(annotated)


def as_queries(asked: Sequence[Expr | Query]) -> tuple[Query, ...]:
    """The queries of a panel; raises `UserError` when there are none."""
    if not asked:
        raise UserError("it asks nothing: write an expression after the title")
    return tuple(as_query(one) for one in asked)


def build(
    shape: Shape,
    title: str,
    queries: tuple[Query, ...],
    common: Mapping[str, Any],
    *,
    options: Json,
    custom: Json | None = None,
    color: Json | None = None,
    transformations: Sequence[Json] = (),
    overrides: Sequence[Json] = (),
    fields: Mapping[str, Any] | None = None,
    texts: Sequence[str] = (),
) -> Panel:
    """The panel of a kind with what its caller said of it.

    Raises `UserError` for whatever is missing or cannot be.
    """
    check_title(title)
    check_values(common)
    check_queries(shape, queries)
    if shape.format != "table":
        check_mappings(queries, common.get("mappings", ()))
    if shape.format == "time_series":
        check_series(queries, title, common)
    least = checked_step(common.get("interval"))
    width = checked_size("width", common.get("width", shape.width), COLUMNS)
    height = checked_size("height", common.get("height", shape.height), 100)
    field_config = (
        _field_config(queries, common, custom=custom, color=color, overrides=overrides)
        if shape.measures
        else {"defaults": {}, "overrides": [_as_json(one) for one in common.get("overrides", ())]}
    )
    repeated = common.get("repeat")
    model = shape.model(
        title=title,
        description=described(common["about"], queries),
        dataSource=_source(queries),
        targets=[
            target(
                query,
                reference_id(position),
                title=title,
                instant=shape.instant,
                format=shape.format,
                least_step=least,
            )
            for position, query in enumerate(queries)
        ],
        transformations=[*transformations, *common.get("transformations", ())],
        repeat=core.Repeat(
            direction=common.get("repeat_direction", "h") if repeated else None,
            variable=repeated.name if repeated else None,
            maxPerRow=common.get("max_per_row"),
        ),
        timeFrom=common.get("time_from"),
        timeShift=common.get("time_shift"),
        interval=common.get("interval"),
        maxDataPoints=None,
        extraJson={"fieldConfig": field_config, "options": options, "pluginVersion": PLUGIN_VERSION},
        **(fields or {}),
    )
    said = (title, *texts, *_strings([field_config, options, model.transformations]))
    return Panel(
        title,
        width,
        height,
        model,
        queries,
        common.get("repeat"),
        said,
        links=tuple(_links(common)),
        origin=origin(),
    )


def _links(common: Mapping[str, Any]) -> Iterator[tuple[str, Link]]:
    yield from (("", one) for one in common.get("links", ()))
    for row in common.get("overrides", ()):
        if isinstance(row, Override):
            yield from ((f", override {row.field!r}", one) for one in row.links)


def _as_json(one: Override | Json) -> Json:
    return one.json() if isinstance(one, Override) else one


def _source(queries: Sequence[Query]) -> Json:
    """The data source of the panel: that of its queries, or Grafana's word for several."""
    sources = {query.source for query in queries}
    if len(sources) > 1:
        return {"type": "datasource", "uid": "-- Mixed --"}
    return reference(next(iter(sources), PROMETHEUS))


def _strings(value: object) -> Iterator[str]:
    """All texts in a structure; variables may stand in any of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)


def _field_config(
    queries: Sequence[Query],
    common: Mapping[str, Any],
    *,
    custom: Json | None,
    color: Json | None,
    overrides: Sequence[Json],
) -> Json:
    unit = unit_of(queries, common)
    thresholds: Thresholds | None = common.get("thresholds")
    plain_color = BY_VALUE if thresholds else {"mode": "palette-classic-by-name"}
    by_value = (color or plain_color) == BY_VALUE
    defaults = {
        "unit": grafana_unit(unit) if unit else "none",
        "decimals": common.get("decimals"),
        "min": common.get("min"),
        "max": common.get("max"),
        "noValue": common.get("no_value"),
        "thresholds": thresholds.json() if thresholds else _NO_JUDGEMENT if by_value else None,
        "color": color or plain_color,
        "links": [one.json() for one in common.get("links", ())],
        "mappings": list(common.get("mappings", ())),
        "custom": custom,
    }
    return {
        "defaults": {key: value for key, value in defaults.items() if value is not None},
        "overrides": [
            *overrides,
            *_named_colors(queries, common),
            *map(_as_json, common.get("overrides", ())),
        ],
    }


def unit_of(queries: Sequence[Query], common: Mapping[str, Any]) -> str:
    """The unit of a panel in UCUM: its own, else that of the first query that has one, else empty."""
    return str(common.get("unit") or next((query.unit for query in queries if query.unit), ""))


def by_query(queries: Sequence[Query], common: Mapping[str, Any], *, colored: bool) -> list[Json]:
    """What sets the queries of a chart apart: units that differ from the panel's, colours.

    A query with one series gets a colour by its place, so that it is the same on every visit.
    """
    own_unit = unit_of(queries, common)
    told_apart = colored and len(queries) > 1 and all(query.one_series for query in queries)
    found = []
    for position, query in enumerate(queries):
        other_unit = "unit" not in common and query.unit not in ("", own_unit)
        color = query.color
        if color is None and told_apart and query.legend not in common.get("colors", {}):
            color = SERIES[position % len(SERIES)]
        properties: Json = {
            "unit": grafana_unit(query.unit) if other_unit else None,
            "color": {"mode": "fixed", "fixedColor": color} if color else None,
        }
        if any(properties.values()):
            found.append(matched("byFrameRefID", reference_id(position), properties))
    return found


def _named_colors(queries: Sequence[Query], common: Mapping[str, Any]) -> list[Json]:
    """The colours of series by their name; of names that no series can have, none."""
    single = all(query.one_series and query.labels == () for query in queries)
    names = {query.legend for query in queries} if single else None
    return [
        matched("byName", name, {"color": {"mode": "fixed", "fixedColor": color}})
        for name, color in common.get("colors", {}).items()
        if names is None or name in names
    ]


def reference_id(position: int) -> str:
    """Grafana's names of a panel's queries: A to Z, then AA."""
    later, last = divmod(position, 26)
    return (reference_id(later - 1) if later else "") + chr(ord("A") + last)
