"""Reads spans of a run back from OTLP/JSON: plain attribute values, and what model calls add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MODEL_CALL = "gnomon.model_call.attempts"
"""The attribute that every model call's span has, and no other span."""


def plain(attributes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """OTLP/JSON KeyValues as plain values; lists become Python lists."""
    return {attribute["key"]: _value(attribute["value"]) for attribute in attributes}


def _value(value: Mapping[str, Any]) -> Any:
    for kind, content in value.items():
        if kind == "intValue":
            return int(content)
        if kind == "arrayValue":
            return [_value(item) for item in content.get("values", ())]
        return content
    return None


def figure(values: Mapping[str, Any], attribute: str) -> float | None:
    """A number that a span states; None where it states none, or what is no number.

    A program may set any attribute by hand, and what it sets is not added up unless it can be.
    """
    value = values.get(attribute)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


_TOTALS = {
    "retries": "gnomon.model_call.retries",
    "api_latency": "gnomon.model_call.api_latency",
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cost_usd": "gnomon.cost.usd",
}


def totals_of(spans: Iterable[Mapping[str, Any]], node_id: str) -> tuple[dict[str, Any], int]:
    """What the model calls under one test add up to, and how many spans were recorded under it.

    The keys are those of a test's `totals`; see `gnomon.runs.spans`.
    """
    totals: dict[str, Any] = {}
    count = 0
    for span in spans:
        values = plain(span.get("attributes", ()))
        if values.get("test.case.name") != node_id:
            continue
        count += 1
        if MODEL_CALL not in values:
            continue
        totals["calls"] = totals.get("calls", 0) + 1
        for key, attribute in _TOTALS.items():
            if (value := figure(values, attribute)) is not None:
                totals[key] = totals.get(key, 0) + value
    return totals, count
