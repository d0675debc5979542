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
from gnomon_generators.vocabulary.queries import PROMETHEUS, Query
from gnomon_generators.vocabulary.targets import asks_once
from gnomon_generators.vocabulary.thresholds import check_thresholds

if TYPE_CHECKING:
    from gnomon_generators.vocabulary.panel import Shape

_LISTS: Final = ("mappings", "links", "overrides", "transformations")


def check_call(parameters: Mapping[str, Parameter], given: Mapping[str, object]) -> None:
    """Refuses what Python would refuse, a missing or unknown argument, in a sentence."""
    if not any(one.kind is Parameter.VAR_KEYWORD for one in parameters.values()):
        check_names(given, list(parameters))
    for name, one in parameters.items():
        if one.kind is Parameter.KEYWORD_ONLY and one.default is Parameter.empty and name not in given:
            raise UserError(f"it needs {name}=")


def check_title(title: object) -> None:
    """Refuses a panel without a title."""
    if not isinstance(title, str) or not title.strip():
        raise UserError("a panel needs a title: write what it shows, in a few words")


def check_names(given: Iterable[str], known: Sequence[str]) -> None:
    """Refuses arguments that there are not."""
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            advice = f"write {near[0]}=" if near else f"it takes {', '.join(known)}"
            raise UserError(f"there is no argument {name!r}: {advice}")


def check_values(common: Mapping[str, Any]) -> None:
    """Refuses arguments of another kind than panels take, and a panel that does not say what it is about."""
    for name in _LISTS:
        if isinstance(common.get(name, ()), str | Link | Mapping):
            raise UserError(f"{name}= takes a list: write {name}=[…]")
    check_thresholds(common.get("thresholds"))
    if not str(common.get("about", "")).strip():
        raise UserError(
            "it does not say what it is about: write about='what it shows, and what to do when it is bad'"
        )


def check_queries(shape: Shape, queries: Sequence[Query]) -> None:
    """Refuses queries of a source that the panel cannot show, or over a window that makes no sense in it."""
    for query in queries:
        if query.source not in shape.sources:
            raise UserError(
                f"it cannot show what {query.source} returns: it takes {' or '.join(shape.sources)}"
            )
        if query.source == PROMETHEUS:
            _check_windows(shape, query)


def _check_windows(shape: Shape, query: Query) -> None:
    # Lines within the cells of a table are neither numbers nor a chart.
    lines = shape.format == "table" and query.format == "time_series"
    windows = windows_in(query.text)
    if shape.shows == "number" and not lines and STEP in windows:
        raise UserError(
            f"one number over one step of a picture ({STEP}) depends on the zoom: leave the window out for "
            "the whole time range, or write a length such as '24h'"
        )
    if shape.shows == "moments" and windows == {RANGE} and not asks_once(query, shape.instant):
        raise UserError(
            f"each of its points would be that of a whole time range ({RANGE}): write STEP as window for "
            "what happened between two points, or a length such as '7d'"
        )


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
