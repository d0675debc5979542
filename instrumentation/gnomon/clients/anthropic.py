"""Anthropic's Message."""

from __future__ import annotations

from gnomon.clients.reading import Reading, View
from gnomon.prices.usage import Usage

PROVIDER = "anthropic"
CONTENT_FILTER = "content_filter"


def read(fields: View) -> tuple[Reading, ...]:
    """Reads a Message (object or JSON); empty for anything else."""
    usage = fields.part("usage")
    if fields.get("type") != "message" or not usage.has("input_tokens"):
        return ()
    stop = fields.text("stop_reason")
    return (
        Reading(
            provider=PROVIDER,
            model=fields.text("model"),
            usage=usage_of(usage),
            response_id=fields.text("id"),
            finish_reasons=(stop,) if stop else (),
            error_type=CONTENT_FILTER if stop == "refusal" else None,
            service_tier=usage.text("service_tier"),
            output=fields.get("content"),
        ),
    )


def usage_of(usage: View) -> Usage:
    """Anthropic counts fresh, read and written input tokens apart; OpenTelemetry's input is their sum."""
    read_tokens = usage.count("cache_read_input_tokens")
    written = usage.count("cache_creation_input_tokens")
    creation = usage.part("cache_creation")
    return Usage(
        input=usage.count("input_tokens") + read_tokens + written,
        output=usage.count("output_tokens"),
        cache_read=read_tokens,
        cache_write=written,
        reasoning=usage.part("output_tokens_details").count("thinking_tokens"),
        cache_write_1h=min(written, creation.count("ephemeral_1h_input_tokens")),
    )
