"""What the span of a model call and the events of its attempts say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.util.types import AttributeValue

from gnomon.registry import attributes as a
from gnomon.registry import events
from gnomon.sdk.attempts import Attempt
from gnomon.sdk.guard import failed
from gnomon.sdk.recorder import Recorder
from gnomon.sdk.steps import content_text

if TYPE_CHECKING:
    from gnomon.clients.reading import Reading
    from gnomon.sdk.calls import ModelCall

ATTEMPT_EVENT = events.GNOMON_MODEL_CALL_ATTEMPT.name

_RESPONSE_MODEL = a.GEN_AI_RESPONSE_MODEL.name
_RESPONSE_ID = a.GEN_AI_RESPONSE_ID.name
_FINISH_REASONS = a.GEN_AI_RESPONSE_FINISH_REASONS.name
_FIRST_CHUNK = a.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK.name
_CONVERSATION = a.GEN_AI_CONVERSATION_ID.name
_INPUT_TOKENS = a.GEN_AI_USAGE_INPUT_TOKENS.name
_OUTPUT_TOKENS = a.GEN_AI_USAGE_OUTPUT_TOKENS.name
_CACHE_READ = a.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS.name
_CACHE_WRITE = a.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS.name
_CACHE_CREATION = a.GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS.name
_REASONING = a.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS.name
_ATTEMPTS = a.GNOMON_MODEL_CALL_ATTEMPTS.name
_RETRIES = a.GNOMON_MODEL_CALL_RETRIES.name
_API_LATENCY = a.GNOMON_MODEL_CALL_API_LATENCY.name
_RETRY_GAP = a.GNOMON_MODEL_CALL_RETRY_GAP.name
_ATTEMPT_NUMBER = a.GNOMON_MODEL_CALL_ATTEMPT_NUMBER.name
_ATTEMPT_LATENCY = a.GNOMON_MODEL_CALL_ATTEMPT_LATENCY.name
_ATTEMPT_GAP = a.GNOMON_MODEL_CALL_ATTEMPT_GAP.name
_COST = a.GNOMON_COST_USD.name
_COST_SOURCE = a.GNOMON_COST_SOURCE.name
_PRICE_SOURCE = a.GNOMON_COST_PRICE_SOURCE.name
_ERROR_TYPE = a.ERROR_TYPE.name
_STATUS_CODE = a.HTTP_RESPONSE_STATUS_CODE.name


def attempt_attributes(attempt: Attempt) -> dict[str, AttributeValue]:
    """The attributes of an attempt's event."""
    attributes: dict[str, AttributeValue] = {
        _ATTEMPT_NUMBER: attempt.number,
        _ATTEMPT_LATENCY: attempt.latency,
        _ATTEMPT_GAP: attempt.gap,
    }
    if attempt.status is not None:
        attributes[_STATUS_CODE] = attempt.status
    if attempt.error_type:
        attributes[_ERROR_TYPE] = attempt.error_type
    return attributes


def describe(call: ModelCall, attributes: dict[str, AttributeValue], recorder: Recorder) -> None:
    """Adds what is known of a finished call to its span's attributes."""
    attempts = call.attempts
    attributes[_ATTEMPTS] = len(attempts)
    attributes[_RETRIES] = len(attempts) - 1
    attributes[_API_LATENCY] = call.api_latency
    attributes[_RETRY_GAP] = call.retry_gap
    if (status := attempts[-1].status) is not None:
        attributes[_STATUS_CODE] = status
    usage = call.usage
    if usage is not None:
        attributes[_INPUT_TOKENS] = usage.input
        attributes[_OUTPUT_TOKENS] = usage.output
        attributes[_CACHE_READ] = usage.cache_read
        attributes[_CACHE_WRITE] = usage.cache_write
        attributes[_REASONING] = usage.reasoning
        if recorder.second_generation:
            attributes[_CACHE_CREATION] = usage.cache_write
    attributes[_COST_SOURCE] = call.cost.source
    if call.cost.usd is not None:
        attributes[_COST] = call.cost.usd
        attributes[_PRICE_SOURCE] = call.cost.price_source
    if call.time_to_first_chunk is not None:
        attributes[_FIRST_CHUNK] = call.time_to_first_chunk
    if (reading := call.reading) is not None:
        _describe_response(attributes, reading, recorder)


def _describe_response(attributes: dict[str, AttributeValue], reading: Reading, recorder: Recorder) -> None:
    if reading.model:
        attributes[_RESPONSE_MODEL] = reading.model
    if reading.response_id:
        attributes[_RESPONSE_ID] = reading.response_id
    if reading.finish_reasons:
        attributes[_FINISH_REASONS] = reading.finish_reasons
    if reading.conversation:
        attributes[_CONVERSATION] = reading.conversation
    if recorder.capture_content and reading.output is not None:
        try:
            attributes.setdefault(a.GEN_AI_OUTPUT_MESSAGES.name, content_text(reading.output))
        except Exception as error:
            failed("recording content", error)
