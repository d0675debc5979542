"""OpenAI's chat completions, completions, embeddings and responses."""

from __future__ import annotations

from gnomon import error_types
from gnomon.clients.failures import told_by
from gnomon.clients.reading import Reading, View
from gnomon.prices.usage import Usage

PROVIDER = "openai"
CONTENT_FILTER = "content_filter"

_COMPLETIONS = frozenset({"chat.completion", "chat.completion.chunk", "text_completion"})
# Of a response: as it begins to be streamed, and as it waits in the background.
_UNDER_WAY = frozenset({"in_progress", "queued"})


def read(fields: View) -> tuple[Reading, ...]:
    """Reads one of OpenAI's response kinds (object or JSON); empty for anything else.

    The provider is left open: many others speak the same protocol, and the caller knows whom it asked.
    """
    kind = fields.text("object")
    if kind in _COMPLETIONS:
        return (_completion(fields),)
    if kind == "response":
        return (_response(fields),)
    if kind == "list" and fields.part("usage").has("prompt_tokens"):
        return (Reading(model=fields.text("model"), usage=usage_of(fields.part("usage"))),)
    return ()


def usage_of(usage: View) -> Usage | None:
    """Tokens of either protocol, whose names differ and whose counts both follow OpenTelemetry's rule.

    xAI's do not (docs.x.ai, "Consumption and Rate Limits"): it counts reasoning beside the completion, which
    its total tells.
    """
    for asked, answered in (("prompt", "completion"), ("input", "output")):
        if not usage.has(f"{asked}_tokens"):
            continue
        tokens, details = usage.count(f"{asked}_tokens"), usage.part(f"{asked}_tokens_details")
        output = usage.count(f"{answered}_tokens")
        reasoning = usage.part(f"{answered}_tokens_details").count("reasoning_tokens")
        beside = usage.count("total_tokens") == tokens + output + reasoning
        cache_read = min(tokens, details.count("cached_tokens"))
        return Usage(
            input=tokens,
            output=output + reasoning if beside else output,
            cache_read=cache_read,
            cache_write=min(tokens - cache_read, details.count("cache_write_tokens")),
            reasoning=reasoning,
        )
    return None


def _completion(fields: View) -> Reading:
    choices = fields.get("choices")
    views = [View(choice) for choice in choices] if isinstance(choices, (list, tuple)) else []
    reasons = tuple(reason for choice in views if (reason := choice.text("finish_reason")))
    return Reading(
        model=fields.text("model"),
        usage=usage_of(fields.part("usage")),
        response_id=fields.text("id"),
        finish_reasons=reasons,
        error_type=CONTENT_FILTER if CONTENT_FILTER in reasons else None,
        service_tier=fields.text("service_tier"),
        output=choices,
    )


def _response(fields: View) -> Reading:
    why = fields.part("incomplete_details").text("reason")
    status = fields.text("status")
    finish = why or (status if status not in _UNDER_WAY else None)
    error = None
    if why == CONTENT_FILTER:
        error = CONTENT_FILTER
    elif status == "failed":
        error = told_by(fields.part("error")) or error_types.OTHER
    return Reading(
        model=fields.text("model"),
        usage=usage_of(fields.part("usage")),
        response_id=fields.text("id"),
        finish_reasons=(finish,) if finish else (),
        error_type=error,
        service_tier=fields.text("service_tier"),
        output=fields.get("output"),
    )
