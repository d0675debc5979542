"""What a streamed response says of a model call, chunk by chunk."""

from __future__ import annotations

from dataclasses import replace

from gnomon import error_types
from gnomon.clients import anthropic, openai
from gnomon.clients.failures import told_by
from gnomon.clients.reading import Reading, View
from gnomon.prices.usage import Usage


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
        fields = View(event)
        if fields.get("type") == "chunk":
            fields = fields.part("chunk")
        kind = fields.get("type")
        if kind == "message_start":
            self._start(fields.part("message"))
        elif kind == "message_delta":
            self._delta(fields)
        elif fields.get("object") == "chat.completion.chunk":
            self._chunk(fields)
        elif isinstance(kind, str) and kind.startswith("response.") and fields.has("response"):
            self._response(fields.part("response"))
        # OpenAI's chat completions have their error in a chunk, or in place of one.
        if kind == "error" or (kind is None and fields.has("error")):
            self._reading = replace(
                self._reading or Reading(), error_type=told_by(fields) or error_types.OTHER
            )

    def reading(self) -> Reading | None:
        """What the stream has told so far; None if it told nothing."""
        return self._reading

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
