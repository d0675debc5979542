"""Claude Code's result: `claude -p --output-format json`, or the last line of `stream-json`.

Where the program was stopped before its result, the messages that it wrote until then say what was used.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gnomon import error_types
from gnomon.clients import anthropic
from gnomon.clients.reading import Reading, View
from gnomon.prices.usage import Usage

_MILLISECONDS = 1e-3
# The program's own messages to its user, such as that it was refused; no model wrote them.
_SYNTHETIC = "<synthetic>"
# Of a result: the run was interrupted or failed, whatever `is_error` says.
_BROKEN_OFF = "error_during_execution"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What models said in a turn that has no result, in its order, and the result before it.

    A run that is fed turn by turn writes a result a turn, each with the sums since the run began.
    """

    messages: tuple[Mapping[str, Any], ...]
    before: Mapping[str, Any] | None


def read(fields: View) -> tuple[Reading, ...]:
    """One reading a model that the run used, the dearest first; empty for anything but a result.

    Tokens and costs are the program's own. Where its figures by model do not add up to its total, the
    main model takes the difference, so that the sum is what was billed, unless nothing is left for it. Where
    the run was stopped after a result, what it used from there on comes first: it is the call that failed.
    """
    if isinstance(fields.source, Unfinished):
        return (*_of_messages(fields.source.messages), *read(View(fields.source.before)))
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
    if total is not None and (left := total - sum(other[2] or 0.0 for other in others)) >= 0:
        cost = left
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
    """The result in a text of one JSON value, or of one a line; None where there is no JSON.

    See `result_of` for a text of several.
    """
    # Windows redirects into UTF-16, or puts a mark before UTF-8.
    words = text if isinstance(text, str) else text.decode(json.detect_encoding(text), "replace")
    words = words.removeprefix("\ufeff")
    value = _parse(words)
    if value is None:
        # Not `splitlines`: what it takes for ends of lines besides may stand in JSON's strings as it is.
        return result_of(_parse(line) for line in reversed(words.split("\n")))
    return result_of(reversed(value)) if isinstance(value, list) else value


def result_of(latest_first: Iterable[Any]) -> Any:
    """The last result among the messages of a run, or what there is after it or without one (`Unfinished`).

    Of messages that are none of Claude Code's: the last. Versions before 2.1.7 may add a result of no turns,
    an error by which a background task could not be told; it counts where there is nothing else.
    """
    last: Any = None
    empty: Any = None
    said: list[Mapping[str, Any]] = []
    for message in latest_first:
        if not isinstance(message, Mapping):
            continue
        if message.get("type") == "result":
            if message.get("num_turns") != 0:
                return Unfinished(tuple(reversed(said)), message) if said else message
            empty = message if empty is None else empty
        elif _is_answer(message):
            said.append(message)
        last = message if last is None else last
    return Unfinished(tuple(reversed(said)), None) if said else last if empty is None else empty


def _is_answer(message: Mapping[str, Any]) -> bool:
    """Whether a model said this in a run; a transcript has such messages, but a `sessionId` and no result."""
    said = View(message).part("message")
    return (
        message.get("type") == "assistant"
        and bool(message.get("session_id"))
        and said.has("usage")
        and said.text("model") != _SYNTHETIC
    )


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # the latter where it is nested too deep
        return None


def _of_messages(messages: Sequence[Mapping[str, Any]]) -> tuple[Reading, ...]:
    """One reading a model, the one that said most first, which is the call that failed.

    Each message is written once a block of its content, every time with the tokens known by then: the
    last counts. Its output is what was known when the block was, which may be less than what was billed.
    """
    last: dict[str, View] = {}
    for place, message in enumerate(messages):
        said = View(message).part("message")
        last[said.text("id") or f"#{place}"] = said
    used: dict[str | None, Usage] = {}
    for said in last.values():
        model, usage = said.text("model"), anthropic.usage_of(said.part("usage"))
        used[model] = used[model] + usage if model in used else usage
    models = sorted(used.items(), key=lambda each: (each[1].output, each[1].input), reverse=True)
    conversation = View(messages[0]).text("session_id")
    return tuple(
        Reading(
            provider=anthropic.PROVIDER,
            model=model,
            usage=usage,
            error_type=None if place else error_types.OTHER,
            api_seconds=0.0 if place else None,
            conversation=conversation,
        )
        for place, (model, usage) in enumerate(models)
    )


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
    if not fields.get("is_error") and fields.get("subtype") != _BROKEN_OFF:
        return None
    status = fields.get("api_error_status")
    if isinstance(status, int):
        return error_types.of_status(status) or error_types.OTHER
    return error_types.OTHER


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds * _MILLISECONDS
