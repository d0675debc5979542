"""Claude Code's result: `claude -p --output-format json`, or the last line of `stream-json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gnomon import error_types
from gnomon.clients import anthropic
from gnomon.clients.reading import Reading, View
from gnomon.prices.usage import Usage

_MILLISECONDS = 1e-3


def read(fields: View) -> tuple[Reading, ...]:
    """One reading a model that the run used, the dearest first; empty for anything but a result.

    Tokens and costs are the program's own. Where its figures by model do not add up to its total, the
    main model takes the difference, so that the sum is what was billed.
    """
    if fields.get("type") != "result" or not (fields.has("usage") or fields.has("modelUsage")):
        return ()
    models = _by_model(fields.get("modelUsage"))
    total = fields.number("total_cost_usd")
    main = Reading(
        provider=anthropic.PROVIDER,
        usage=anthropic.usage_of(fields.part("usage")),
        cost_usd=total,
        error_type=_error(fields),
        finish_reasons=tuple(filter(None, (fields.text("stop_reason") or fields.text("subtype"),))),
        api_seconds=_seconds(fields.number("duration_api_ms")),
        conversation=fields.text("session_id"),
        output=fields.get("result"),
    )
    if not models:
        return (main,)
    models.sort(key=lambda each: (each[2] or 0.0, each[1].output), reverse=True)
    (name, usage, cost), *others = models
    if total is not None:
        cost = total - sum(other[2] or 0.0 for other in others)
    first = Reading(
        provider=main.provider,
        model=name,
        usage=usage,
        cost_usd=cost,
        error_type=main.error_type,
        finish_reasons=main.finish_reasons,
        api_seconds=main.api_seconds,
        conversation=main.conversation,
        output=main.output,
    )
    rest = (
        Reading(
            provider=main.provider,
            model=other,
            usage=used,
            cost_usd=paid,
            api_seconds=0.0,
            conversation=main.conversation,
        )
        for other, used, paid in others
    )
    return (first, *rest)


def last_result(text: str | bytes | bytearray) -> Any:
    """The last JSON value of a text of one JSON value, or of one a line; None where there is none."""
    words = text if isinstance(text, str) else text.decode("utf-8", "replace")
    value = _parse(words)
    if value is None:
        lines = (_parse(line) for line in reversed(words.splitlines()))
        value = next((line for line in lines if isinstance(line, dict)), None)
    if isinstance(value, list):
        value = next((each for each in reversed(value) if isinstance(each, dict)), None)
    return value


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _by_model(models: object) -> list[tuple[str, Usage, float | None]]:
    if not isinstance(models, Mapping):
        return []
    found = []
    for name, numbers in models.items():
        usage = View(numbers)
        read_tokens = usage.count("cacheReadInputTokens")
        written = usage.count("cacheCreationInputTokens")
        tokens = Usage(
            input=usage.count("inputTokens") + read_tokens + written,
            output=usage.count("outputTokens"),
            cache_read=read_tokens,
            cache_write=written,
        )
        found.append((str(name), tokens, usage.number("costUSD")))
    return found


def _error(fields: View) -> str | None:
    if not fields.get("is_error"):
        return None
    status = fields.get("api_error_status")
    if isinstance(status, int):
        return error_types.of_status(status) or error_types.OTHER
    return error_types.OTHER


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds * _MILLISECONDS
