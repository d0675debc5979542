"""Reading of OTLP/JSON trace lines into plain spans, hard to upset.

What a line says is taken as it is; what cannot be stored on every backend is made harmless here: NUL
and lone surrogates in texts, numbers that are none, integers beyond 64 bits.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_SPAN_ID = re.compile(r"[0-9a-f]{16}")
_INT64 = range(-(2**63), 2**63)

# Attribute values nested deeper than this are left out: nobody means them, and JSON columns have limits.
_DEPTH = 16


class DamageError(ValueError):
    """A line, or a span of it, that is not what OTLP/JSON says it should be."""


@dataclass(frozen=True, slots=True)
class Event:
    """A span's event; `time_ns` is 0 where it was not given."""

    name: str
    time_ns: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """One span with the attributes of the resource that it came from.

    `status` is `unset`, `ok` or `error`; ids are lower-case hex, `parent_id` is `None` for a root.
    """

    resource: Mapping[str, Any]
    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    started_ns: int
    ended_ns: int
    status: str
    attributes: Mapping[str, Any]
    events: tuple[Event, ...]


def parse_line(line: bytes) -> Iterator[Span | DamageError]:
    """The spans of one TracesData line, and an exception object in place of each that cannot be read.

    Raises DamageError when the line as a whole cannot be read.
    """
    try:
        data = json.loads(line)
    except RecursionError:
        raise DamageError("nested too deep") from None
    except ValueError as error:
        raise DamageError(f"not JSON: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("resourceSpans"), list):
        raise DamageError("no OTLP trace data: a line is an object with a list `resourceSpans`")
    return _spans(data["resourceSpans"])


def _spans(per_resources: list[Any]) -> Iterator[Span | DamageError]:
    for per_resource in per_resources:
        try:
            resource = _attributes(_mapping(per_resource, "resource").get("attributes"))
            found = [
                span
                for per_scope in _list(per_resource.get("scopeSpans"))
                for span in _list(_mapping_itself(per_scope).get("spans"))
            ]
        except DamageError as damage:
            yield damage
            continue
        for span in found:
            try:
                yield _span(resource, span)
            except DamageError as damage:
                yield damage


def _span(resource: Mapping[str, Any], data: Any) -> Span:
    data = _mapping_itself(data)
    started = _time(data.get("startTimeUnixNano"))
    return Span(
        resource=resource,
        trace_id=_id(data.get("traceId"), _TRACE_ID, "traceId"),
        span_id=_id(data.get("spanId"), _SPAN_ID, "spanId"),
        parent_id=_id(data["parentSpanId"], _SPAN_ID, "parentSpanId") if data.get("parentSpanId") else None,
        name=_text(data.get("name") or ""),
        started_ns=started,
        ended_ns=_time(data.get("endTimeUnixNano")) or started,
        status=_status(data.get("status")),
        attributes=_attributes(data.get("attributes")),
        events=tuple(_event(event) for event in _list(data.get("events"))),
    )


def _event(data: Any) -> Event:
    data = _mapping_itself(data)
    return Event(
        _text(data.get("name") or ""), _time(data.get("timeUnixNano")), _attributes(data.get("attributes"))
    )


def _status(data: Any) -> str:
    code = data.get("code") if isinstance(data, dict) else None
    if code in (2, "STATUS_CODE_ERROR"):
        return "error"
    return "ok" if code in (1, "STATUS_CODE_OK") else "unset"


def _id(value: Any, pattern: re.Pattern[str], key: str) -> str:
    lowered = value.lower() if isinstance(value, str) else ""
    if not pattern.fullmatch(lowered) or not lowered.strip("0"):
        shown = repr(value[:40]) if isinstance(value, str) else f"of type {type(value).__name__}"
        raise DamageError(f"a span with {key} {shown}")
    return lowered


def _time(value: Any) -> int:
    number = _integer(value)
    return number if number is not None and number >= 0 else 0


def _integer(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number in _INT64 else None


def _double(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return _UNSTORABLE.sub("\ufffd", text)


def _mapping(data: Any, key: str) -> dict[str, Any]:
    return _mapping_itself(_mapping_itself(data).get(key) or {})


def _mapping_itself(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise DamageError(f"a {type(data).__name__} where an object belongs")
    return data


def _list(data: Any) -> list[Any]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise DamageError(f"a {type(data).__name__} where a list belongs")
    return data


def _attributes(data: Any, depth: int = _DEPTH) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for pair in _list(data):
        pair = _mapping_itself(pair)  # noqa: PLW2901 - the same thing, checked
        value = _any_value(pair.get("value"), depth)
        if value is not None:
            attributes[_text(pair.get("key"))] = value
    return attributes


def _any_value(data: Any, depth: int) -> Any:
    """The plain value of an OTLP AnyValue; `None` for one that is empty or not a value of its kind."""
    if not isinstance(data, dict) or len(data) != 1:
        return None
    kind, value = next(iter(data.items()))
    if (scalar := _SCALARS.get(kind)) is not None:
        return scalar(value)
    if not isinstance(value, dict) or depth == 0:
        return None
    if kind == "arrayValue":
        items = (_any_value(item, depth - 1) for item in _list(value.get("values")))
        return [item for item in items if item is not None]
    return _attributes(value.get("values"), depth - 1) if kind == "kvlistValue" else None


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "stringValue": _text,
    "boolValue": lambda value: value if isinstance(value, bool) else None,
    "intValue": _integer,
    "doubleValue": _double,
    "bytesValue": _text,
}
