"""OTLP/JSON by hand, as far as the tests of the stack need it."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Mapping


def send(
    endpoint: str,
    path: str,
    payload: object,
    *,
    headers: Mapping[str, str] | None = None,
    trust: ssl.SSLContext | None = None,
) -> int:
    """Posts it and returns the status; an answer that is no success is an error."""
    request = urllib.request.Request(  # noqa: S310 - the loopback network
        endpoint + path,
        json.dumps(payload).encode(),
        {"Content-Type": "application/json", **(headers or {})},
    )
    with urllib.request.urlopen(request, timeout=5, context=trust) as answer:  # noqa: S310 - see above
        return int(answer.status)


def run_point(metric: str, value: int, at: int) -> dict[str, object]:
    """One point of a run, `at` in nanoseconds since 1970."""
    point = {"asInt": str(value), "timeUnixNano": str(at), "attributes": [_attribute("test.suite.name", "s")]}
    return {
        "resourceMetrics": [
            {
                "resource": {"attributes": [_attribute("service.name", "stack-tests")]},
                "scopeMetrics": [
                    {"metrics": [{"name": metric, "unit": "{test}", "gauge": {"dataPoints": [point]}}]}
                ],
            }
        ]
    }


def _attribute(key: str, value: str) -> dict[str, object]:
    return {"key": key, "value": {"stringValue": value}}
