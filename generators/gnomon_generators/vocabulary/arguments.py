"""What may be said of a panel: every argument that cannot be meant is refused, with what to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from inspect import Parameter
from typing import TYPE_CHECKING, Any, Final

from gnomon.errors import UserError
from gnomon_generators.promql.naming import told
from gnomon_generators.promql.windows import RANGE, STEP, in_one_word, is_fixed, windows_in
from gnomon_generators.vocabulary.links import Link
from gnomon_generators.vocabulary.overrides import Override
from gnomon_generators.vocabulary.queries import PROMETHEUS, Query
from gnomon_generators.vocabulary.targets import asks_once
from gnomon_generators.vocabulary.thresholds import check_thresholds
from gnomon_generators.vocabulary.variables import Variable

if TYPE_CHECKING:
    from gnomon_generators.vocabulary.panel import Shape

_LISTS: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "mappings": ((Mapping,), "mapping(0, 'none')"),
    "links": ((Link,), "to_dashboard('fleet')"),
    "overrides": ((Override, Mapping), "override('Cost', unit='USD')"),
    "transformations": ((Mapping,), "limit(10)"),
}
_BY_NAME: Final = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


def check_call(
    parameters: Mapping[str, Parameter], common: Mapping[str, Any], given: Mapping[str, object]
) -> None:
    """Refuses what Python would refuse, a missing or unknown argument, in a sentence.

    `common` are the arguments that the function takes besides those in its own signature, by name.
    """
    if "title" in given:
        raise UserError("the title stands first and has no name: leave title= out")
    own = [name for name, one in parameters.items() if one.kind in _BY_NAME and name != "title"]
    _check_names(given, [*own, *common])
    for name, one in parameters.items():
        if one.kind is Parameter.KEYWORD_ONLY and one.default is Parameter.empty and name not in given:
            raise UserError(f"it needs {name}=")


def check_title(title: object) -> None:
    """Refuses a panel without a title."""
    if not isinstance(title, str) or not title.strip():
        raise UserError("a panel needs a title: write what it shows, in a few words")


def _check_names(given: Iterable[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            advice = f"write {near[0]}=" if near else f"it takes {', '.join(known)}"
            raise UserError(f"there is no argument {name!r}: {advice}")


def check_values(common: Mapping[str, Any]) -> None:
    """Refuses arguments of another kind than panels take, and a panel that does not say what it is about."""
    for name, (kinds, made) in _LISTS.items():
        held = common.get(name, ())
        if isinstance(held, str | Link | Override | Mapping):
            raise UserError(f"{name}= takes a list: write {name}=[…]")
        for one in held:
            if not isinstance(one, kinds):
                raise UserError(f"{name}= holds {told(one)}: write {name}=[{made}, …]")
    check_repeat(common.get("repeat"))
    check_thresholds(common.get("thresholds"))
    if not str(common.get("about", "")).strip():
        raise UserError(
            "it does not say what it is about: write about='what it shows, and what to do when it is bad'"
        )


def check_repeat(repeat: object) -> None:
    """Refuses the name of a variable where the variable is asked for."""
    if repeat is not None and not isinstance(repeat, Variable):
        name = (
            repeat.lstrip("$") if isinstance(repeat, str) and repeat.lstrip("$").isidentifier() else "suite"
        )
        raise UserError(f"repeat={told(repeat)} is no variable: write repeat={name}, the variable itself")


def check_queries(shape: Shape, queries: Sequence[Query]) -> None:
    """Refuses queries of a source that the panel cannot show, or over a window that makes no sense in it."""
    for query in queries:
        if query.source not in shape.sources:
            raise UserError(
                f"it cannot show what {query.source} returns: it takes {' or '.join(shape.sources)}"
            )
        if query.source == PROMETHEUS:
            _check_windows(shape, query)
            _check_buckets(shape, query)


def check_series(queries: Sequence[Query], title: str, common: Mapping[str, Any]) -> None:
    """Refuses overrides of series that a chart does not have, as far as the names of its series are known."""
    if common.get("transformations"):
        return
    names = []
    for query in queries:
        if query.source != PROMETHEUS or query.format is not None:
            return
        if not query.one_series and (query.legend or query.labels != ()):
            return
        names.append(query.legend or title)
    check_overrides(common.get("overrides", ()), names, ("Time",), "its series")


def check_overrides(
    overrides: Sequence[Override | object], names: Sequence[str], hidden: Sequence[str], what: str
) -> None:
    """Refuses overrides that fit no name, neither one that is shown nor one behind it.

    `what` are the names, in words: "its columns".
    """
    mine = [one for one in overrides if isinstance(one, Override)]
    renamed = [str(one.properties["displayName"]) for one in mine if one.properties.get("displayName")]
    for one in mine:
        if not any(one.fits(name) for name in (*names, *hidden, *renamed)):
            near = get_close_matches(one.field, names, n=1)
            advice = f"write override({near[0]!r}, …)" if near else f"{what} are {', '.join(names)}"
            raise UserError(f"override {one.field!r} fits nothing here: {advice}")


def _check_windows(shape: Shape, query: Query) -> None:
    # Lines within the cells of a table are neither numbers nor a chart.
    lines = shape.format == "table" and query.format == "time_series"
    windows = windows_in(query.text)
    if shape.shows == "number" and not lines and STEP in windows:
        raise UserError(
            f"one number over one step of a picture ({STEP}) depends on the zoom: write RANGE as window for "
            "the whole time range, or a length such as '24h'"
        )
    if shape.shows == "moments" and windows == {RANGE} and not asks_once(query, shape.instant):
        raise UserError(
            f"each of its points would be that of a whole time range ({RANGE}): write STEP as window for "
            "what happened between two points, or a length such as '7d'"
        )


def _check_buckets(shape: Shape, query: Query) -> None:
    if shape.format == "heatmap" and query.labels is not None and "le" not in query.labels:
        window = ", RANGE" if shape.shows == "number" else ""
        raise UserError(
            f"it draws the buckets of a histogram, and {query.text} has none: write buckets(metric{window})"
        )


def check_mappings(queries: Sequence[Query], mappings: Iterable[object]) -> None:
    """Refuses texts in place of texts where all values are numbers, which such a mapping never meets."""
    if not queries or any(query.source != PROMETHEUS for query in queries):
        return
    for one in mappings:
        if isinstance(one, Mapping) and one.get("type") == "value":
            for value in one.get("options", {}):
                if not _is_number(value):
                    raise UserError(
                        f"mapping({value!r}, …) meets no value, for values are numbers here: write the "
                        "number that stands for it, such as mapping(0, 'down', BAD)"
                    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def checked_step(interval: object) -> str | None:
    """The `interval` of a panel; raises `UserError` for one that Grafana would not take as it is."""
    if interval is None:
        return None
    if not isinstance(interval, str) or not is_fixed(interval) or not in_one_word(interval):
        raise UserError(
            f"interval={told(interval)} is no step of Grafana's: write whole minutes, hours or days, such as "
            "'5m' or '1d'"
        )
    return interval


def checked_size(what: str, size: object, most: int) -> int:
    """A width or height; raises `UserError` when it does not fit the grid."""
    if not isinstance(size, int) or not 1 <= size <= most:
        raise UserError(f"{what}={size!r} does not fit: write a whole number from 1 to {most}")
    return size
