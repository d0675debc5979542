"""Recording of model calls that are over already, with times that somebody else measured."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gnomon import given
from gnomon.prices.usage import Usage
from gnomon.sdk.attempts import Attempt
from gnomon.sdk.calls import ModelCall, record_reading
from gnomon.sdk.guard import failed
from gnomon.sdk.times import Moment, span_of_time


def record_model_call(
    model: str = "",
    *,
    provider: str | None = None,
    operation: str = "chat",
    start: Moment | None = None,
    end: Moment | None = None,
    duration: float | None = None,
    response: object = None,
    usage: Usage | None = None,
    cost_usd: float | None = None,
    error_type: str = "",
    attempts: Sequence[Attempt | Mapping[str, Any]] = (),
    time_to_first_chunk: float | None = None,
) -> ModelCall:
    """Records a call that is over, and gives it back with its usage and cost.

    `start` and `end` are datetimes or seconds since 1970; of start, end and `duration` (seconds) two
    do, and with none the call ended now and took no time. `response` is read as `ModelCall.read`
    does. An attempt may be a mapping with `latency` and, if known, `gap` (seconds), `status` and
    `error_type`. `time_to_first_chunk` (seconds) is that of a streamed response. Of what is told wrongly
    the rest is recorded.
    """
    call = ModelCall(model, provider, operation)
    began, seconds = _times(start, end, duration) or (time.time_ns(), 0.0)
    call.begin(began)
    try:
        if response is not None:
            call.read(response)
        if cost_usd is not None:
            call.cost_usd(cost_usd)
        if error_type:
            call.fail(error_type)
        call.time_to_first_chunk = given.amount(time_to_first_chunk)
        if usage is not None:
            call.usage = usage if isinstance(usage, Usage) else Usage(**usage)
        call.attempts.extend(_reported_attempts(attempts, began))
    except Exception as error:
        failed("recording a model call", error)
    call.end(duration=seconds)
    return call


def record_response(response: object, *, start: Moment | None = None, duration: float | None = None) -> None:
    """Records every model call that a client's finished result tells of.

    Made for results such as Claude Code's `--output-format json`, which names the models it used with
    the tokens and the cost of each.
    """
    try:
        from gnomon.clients.reading import read  # noqa: PLC0415 - not needed by those who record by hand

        stated = None if start is None else _times(start, None, duration)
        seconds = given.amount(duration)
        for reading in read(response):
            taken = reading.api_seconds or 0.0 if seconds is None else seconds
            began = time.time_ns() - int(taken * 1e9) if stated is None else stated[0]
            record_reading(reading, "chat", began, taken)
    except Exception as error:
        failed("recording a response", error)


def _times(start: Moment | None, end: Moment | None, duration: float | None) -> tuple[int, float] | None:
    try:
        return span_of_time(start, end, duration)
    except Exception as error:
        failed("reading the time of a model call", error)
        return None


def _reported_attempts(attempts: Sequence[Attempt | Mapping[str, Any]], began: int) -> Iterator[Attempt]:
    for number, attempt in enumerate(attempts, start=1):
        if isinstance(attempt, Attempt):
            yield attempt
            continue
        gap = given.amount(attempt.get("gap")) or 0.0
        latency = given.amount(attempt.get("latency")) or 0.0
        began += int(gap * 1e9)
        yield Attempt.reported(
            number,
            began_at=began,
            latency=latency,
            gap=gap,
            status=attempt.get("status"),
            error_type=attempt.get("error_type"),
        )
        began += int(latency * 1e9)
