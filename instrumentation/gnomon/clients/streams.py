"""What a streamed response says of a model call, chunk by chunk."""

from __future__ import annotations

import re
from dataclasses import replace

from gnomon import error_types
from gnomon.clients import anthropic, openai
from gnomon.clients.failures import told_by
from gnomon.clients.reading import Reading, View
from gnomon.prices.usage import Usage

_CHUNK = "chat.completion.chunk"
# Events of the whole response; those of its parts, most of a stream, have a longer name.
_OF_RESPONSE = re.compile(r"response\.[^.]*$")


class StreamReader:
    """Collects model, tokens and finish reason from the events of a stream.

    Feed it every event: Anthropic's (`message_start`, `message_delta` …), OpenAI's chat completion
    chunks (the usage comes in the last one if `stream_options={"include_usage": True}` was asked for),
    bare or in the events of its client's stream helper, or the events of OpenAI's responses, and the
    errors of each. Objects and parsed JSON are taken alike.
    """

    def __init__(self) -> None:
        self._reading: Reading | None = None

    def feed(self, event: object) -> None:
        """Takes one event; others than those named are passed over."""
        self._take(View(event), bare=False)

    def reading(self) -> Reading | None:
        """What the stream has told so far; None if it told nothing."""
        return self._reading

    def _take(self, fields: View, *, bare: bool) -> None:
        # First: what an object of the client lacks, such as a chunk its type, is dear to look for.
        if fields.get("object") == _CHUNK:
            self._chunk(fields)
            return
        kind = fields.get("type")
        if kind == "message_start":
            self._start(fields.part("message"))
        elif kind == "message_delta":
            self._delta(fields)
        elif kind == "chunk" and not bare:
            self._take(fields.part("chunk"), bare=True)
        elif isinstance(kind, str) and _OF_RESPONSE.match(kind) and fields.has("response"):
            self._response(fields.part("response"))
        # OpenAI's chat completions have their error in a chunk, or in place of one.
        elif kind == "error" or (kind is None and fields.has("error")):
            self._failed(fields)

    def _start(self, message: View) -> None:
        self._reading = Reading(
            provider=anthropic.PROVIDER,
            model=message.text("model"),
            response_id=message.text("id"),
            usage=anthropic.usage_of(message.part("usage")),
            service_tier=message.part("usage").text("service_tier"),
        )

    def _delta(self, fields: View) -> None:
        before = self._reading or Reading(provider=anthropic.PROVIDER)
        stop = fields.part("delta").text("stop_reason")
        self._reading = replace(
            before,
            usage=_later(before.usage, fields.part("usage")),
            finish_reasons=(stop,) if stop else before.finish_reasons,
            error_type=anthropic.CONTENT_FILTER if stop == "refusal" else before.error_type,
        )

    def _chunk(self, fields: View) -> None:
        if self._reading is None or not _repeats(fields, self._reading):
            self._told(fields)
        if fields.has("error"):
            self._failed(fields)

    def _told(self, fields: View) -> None:
        before = self._reading or Reading()
        found = openai.read(fields)[0]
        self._reading = replace(
            found,
            model=found.model or before.model,
            response_id=found.response_id or before.response_id,
            usage=found.usage or before.usage,
            finish_reasons=found.finish_reasons or before.finish_reasons,
            error_type=found.error_type or before.error_type,
            service_tier=found.service_tier or before.service_tier,
            output=None,
        )

    def _response(self, fields: View) -> None:
        if found := openai.read(fields):
            self._reading = found[0]

    def _failed(self, fields: View) -> None:
        error = told_by(fields) or error_types.OTHER
        self._reading = replace(self._reading or Reading(), error_type=error)


def _repeats(fields: View, known: Reading) -> bool:
    """Whether a chunk says nothing but what is known, as most do: a piece of the answer, and whose it is."""
    choices = fields.get("choices")
    return (
        fields.get("model") in (known.model, None, "")
        and fields.get("id") in (known.response_id, None, "")
        and fields.get("service_tier") in (known.service_tier, None, "")
        and not fields.has("usage")
        and not (
            isinstance(choices, (list, tuple))
            and any(View(choice).has("finish_reason") for choice in choices)
        )
    )


def _later(before: Usage | None, usage: View) -> Usage:
    """Anthropic's counts in `message_delta` are totals; those that it leaves out stand as they were."""
    known = before or Usage()
    told = anthropic.usage_of(usage)
    read_tokens = told.cache_read if usage.has("cache_read_input_tokens") else known.cache_read
    written = told.cache_write if usage.has("cache_creation_input_tokens") else known.cache_write
    fresh = known.input - known.cache_read - known.cache_write
    if usage.has("input_tokens"):
        fresh = usage.count("input_tokens")
    return Usage(
        input=fresh + read_tokens + written,
        output=told.output if usage.has("output_tokens") else known.output,
        cache_read=read_tokens,
        cache_write=written,
        reasoning=told.reasoning or known.reasoning,
        cache_write_1h=min(written, known.cache_write_1h),
    )
