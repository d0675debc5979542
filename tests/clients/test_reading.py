"""Readers of client results, by shape alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk

import gnomon
from gnomon.clients import StreamReader, read
from gnomon.prices import Usage

CLAUDE_CODE: dict[str, Any] = {
    "type": "result",
    "subtype": "success",
    "is_error": False,
    "duration_ms": 5400,
    "duration_api_ms": 4900,
    "num_turns": 3,
    "result": "done",
    "session_id": "5c7e",
    "total_cost_usd": 0.2345,
    "usage": {
        "input_tokens": 12,
        "cache_creation_input_tokens": 20_000,
        "cache_read_input_tokens": 40_000,
        "output_tokens": 900,
        "server_tool_use": {"web_search_requests": 0},
        "service_tier": "standard",
    },
    "modelUsage": {
        "claude-haiku-4-5-20251001": {
            "inputTokens": 700,
            "outputTokens": 50,
            "cacheReadInputTokens": 0,
            "cacheCreationInputTokens": 0,
            "webSearchRequests": 0,
            "costUSD": 0.00095,
            "contextWindow": 200_000,
        },
        "claude-sonnet-4-5-20250929": {
            "inputTokens": 12,
            "outputTokens": 900,
            "cacheReadInputTokens": 40_000,
            "cacheCreationInputTokens": 20_000,
            "webSearchRequests": 0,
            "costUSD": 0.23,
            "contextWindow": 200_000,
        },
    },
    "permission_denials": [{"tool_name": "Bash"}],
    "uuid": "u",
}


def test_claude_code_names_every_model_with_its_tokens() -> None:
    """Two models are two calls, the dearest first; their costs add up to the program's total exactly."""
    main, helper = read(CLAUDE_CODE)
    assert main.model == "claude-sonnet-4-5-20250929"
    assert main.usage == Usage(input=60_012, output=900, cache_read=40_000, cache_write=20_000)
    assert main.api_seconds == pytest.approx(4.9)
    assert main.conversation == helper.conversation == "5c7e"
    assert helper.model == "claude-haiku-4-5-20251001"
    assert helper.usage == Usage(input=700, output=50)
    assert main.cost_usd is not None
    assert helper.cost_usd is not None
    assert main.cost_usd + helper.cost_usd == pytest.approx(0.2345)


@pytest.mark.parametrize("form", ["object", "text", "bytes", "messages", "stream"])
def test_claude_code_in_every_output_format(form: str) -> None:
    """json, json with --verbose and stream-json, as text, bytes or parsed."""
    begin = {"type": "system", "subtype": "init", "session_id": "5c7e"}
    forms: dict[str, Any] = {
        "object": CLAUDE_CODE,
        "text": json.dumps(CLAUDE_CODE),
        "bytes": json.dumps(CLAUDE_CODE).encode(),
        "messages": [begin, CLAUDE_CODE],
        "stream": f"{json.dumps(begin)}\n{json.dumps(CLAUDE_CODE)}\n",
    }
    assert read(forms[form]) == read(CLAUDE_CODE)


def test_claude_code_of_an_older_version() -> None:
    """Without figures by model the totals are one call of a model that is not named."""
    older = {key: value for key, value in CLAUDE_CODE.items() if key != "modelUsage"}
    (only,) = read(older)
    assert only.model is None
    assert only.usage == Usage(input=60_012, output=900, cache_read=40_000, cache_write=20_000)
    assert only.cost_usd == 0.2345


def test_claude_code_that_failed() -> None:
    """A result that is an error is a failed call, with the tokens it cost all the same."""
    failed = CLAUDE_CODE | {"is_error": True, "subtype": "error_during_execution"}
    main, helper = read(failed)
    assert main.error_type == "other"
    assert helper.error_type is None
    assert main.usage is not None
    assert read(failed | {"is_error": False})[0].error_type == "other"
    assert read(CLAUDE_CODE | {"subtype": "error_max_turns"})[0].error_type is None


def test_claude_code_whose_figures_by_model_exceed_its_total() -> None:
    """No call costs less than nothing: then each model has its own figure."""
    costs = [reading.cost_usd for reading in read(CLAUDE_CODE | {"total_cost_usd": 0.0001})]
    assert costs == [0.23, 0.00095]


def said(identity: str, model: str, output: int, **usage: int) -> dict[str, Any]:
    """One `assistant` line of `stream-json`, which has one block of a message's content."""
    message = {
        "id": identity,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": "…"}],
        "stop_reason": None,
        "usage": {"input_tokens": 3, "output_tokens": output, **usage},
    }
    return {"type": "assistant", "message": message, "parent_tool_use_id": None, "session_id": "5c7e"}


STOPPED: list[dict[str, Any]] = [
    {"type": "system", "subtype": "init", "session_id": "5c7e"},
    said("msg_1", "claude-sonnet-4-5-20250929", 2, cache_creation_input_tokens=20_000),
    said("msg_1", "claude-sonnet-4-5-20250929", 90, cache_creation_input_tokens=20_000),
    {"type": "user", "message": {"role": "user", "content": []}, "session_id": "5c7e"},
    said("msg_2", "claude-haiku-4-5-20251001", 40),
    said("msg_3", "claude-sonnet-4-5-20250929", 10, cache_read_input_tokens=20_000),
    said("4f2a", "<synthetic>", 0),
]


@pytest.mark.parametrize("form", ["text", "bytes", "messages", "torn"])
def test_claude_code_that_was_stopped(form: str) -> None:
    """Without a result each message counts once, with its last figures, and the call failed."""
    text = "".join(f"{json.dumps(message)}\n" for message in STOPPED)
    torn = json.dumps(said("msg_4", "claude-sonnet-4-5-20250929", 5))[:-20]
    forms: dict[str, Any] = {
        "text": text,
        "bytes": text.encode(),
        "messages": STOPPED,
        "torn": text + torn,
    }
    main, helper = read(forms[form])
    assert main.model == "claude-sonnet-4-5-20250929"
    assert main.usage == Usage(input=40_006, output=100, cache_read=20_000, cache_write=20_000)
    assert main.error_type == "other"
    assert main.cost_usd is None
    assert helper.model == "claude-haiku-4-5-20251001"
    assert helper.usage == Usage(input=3, output=40)
    assert helper.error_type is None
    assert main.conversation == helper.conversation == "5c7e"


def test_claude_code_that_was_stopped_in_a_call() -> None:
    """The call has failed, with what it used, its cost estimated; an exception says better why."""
    text = "\n".join(map(json.dumps, STOPPED))
    with gnomon.model_call(provider="anthropic") as call:
        call.read(text)
    assert (call.error_type, call.cost.source) == ("other", "estimated")
    with pytest.raises(TimeoutError), gnomon.model_call(provider="anthropic") as call:
        call.read(text)
        raise TimeoutError
    assert call.error_type == "timeout"
    assert call.usage == Usage(input=40_006, output=100, cache_read=20_000, cache_write=20_000)


def test_claude_code_with_a_result_counts_by_that_alone() -> None:
    """What the messages say is in the result already, whatever comes after it."""
    after = {"type": "system", "subtype": "status", "session_id": "5c7e"}
    assert read([*STOPPED, CLAUDE_CODE]) == read(CLAUDE_CODE)
    text = "\n".join(map(json.dumps, [*STOPPED, CLAUDE_CODE, after]))
    assert read(text) == read(CLAUDE_CODE)


@pytest.mark.parametrize("form", ["text", "messages"])
def test_claude_code_that_was_stopped_after_a_result(form: str) -> None:
    """What came after the result failed, and counts beside what the result says; nothing counts twice."""
    later = [said("msg_8", "claude-sonnet-4-5-20250929", 2), said("msg_8", "claude-sonnet-4-5-20250929", 70)]
    messages = [*STOPPED, CLAUDE_CODE, *STOPPED[:1], *later]
    stopped, *before = read(messages if form == "messages" else "\n".join(map(json.dumps, messages)))
    assert (stopped.usage, stopped.error_type, stopped.cost_usd) == (Usage(input=3, output=70), "other", None)
    assert tuple(before) == read(CLAUDE_CODE)
    refused = [*STOPPED, CLAUDE_CODE, said("4f2a", "<synthetic>", 0)]
    assert read(refused) == read(CLAUDE_CODE)


def test_claude_code_fed_turn_by_turn() -> None:
    """Each result has the sums since the run began: the last counts, with what was said before it."""
    first = CLAUDE_CODE | {"total_cost_usd": 0.1, "modelUsage": {}}
    messages = [*STOPPED, first, said("msg_8", "claude-sonnet-4-5-20250929", 2), CLAUDE_CODE]
    assert read(messages) == read(CLAUDE_CODE)


def test_claude_code_with_a_result_of_no_turns() -> None:
    """An error after the run's own result takes nothing back; alone it is what there is."""
    empty: dict[str, Any] = {
        "type": "result",
        "subtype": "error_during_execution",
        "is_error": True,
        "num_turns": 0,
        "session_id": "5c7e",
        "total_cost_usd": 0,
        "usage": {"input_tokens": 0, "output_tokens": 0},
        "modelUsage": {},
    }
    assert read([*STOPPED, CLAUDE_CODE, empty]) == read(CLAUDE_CODE)
    refused = said("4f2a", "<synthetic>", 0)
    assert read([*STOPPED[:1], refused, empty, STOPPED[0]]) == read(empty)
    assert read(empty)[0].error_type == "other"
    assert read([*STOPPED, empty]) == read(STOPPED)


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85"])
def test_ends_of_lines_that_are_none_in_json(sign: str) -> None:
    """A line of JSON may hold signs as they are that end a line elsewhere."""
    result = CLAUDE_CODE | {"result": f"one{sign}two"}
    text = "\r\n".join(json.dumps(message, ensure_ascii=False) for message in [*STOPPED, result])
    assert read(text) == read(text.encode()) == read(result)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_text_as_windows_redirects_it(encoding: str) -> None:
    """UTF-16 and a mark before UTF-8 are read as what they are."""
    only = json.dumps(CLAUDE_CODE)
    for text in (only, "\n".join([*map(json.dumps, STOPPED), only])):
        assert read(text.encode(encoding)) == read(CLAUDE_CODE)
        assert read(f"\ufeff{text}") == read(CLAUDE_CODE)


def test_a_line_that_is_nested_too_deep() -> None:
    """It is no message, and the others count."""
    deep = "[" * 100_000
    assert read(deep) == ()
    assert read(f"{json.dumps(CLAUDE_CODE)}\n{deep}") == read(CLAUDE_CODE)


def test_a_line_and_a_transcript_are_no_stopped_run() -> None:
    """One line read as it comes says nothing, nor does a transcript, which has no result to wait for."""
    assert read(json.dumps(STOPPED[1])) == ()
    kept = [
        {key: value for key, value in message.items() if key != "session_id"} | {"sessionId": "5c7e"}
        for message in STOPPED
    ]
    assert read("\n".join(map(json.dumps, kept))) == ()


def test_a_result_read_into_a_call_records_every_model() -> None:
    """The call itself is the main model's; what the run cost is the sum over both."""
    with gnomon.model_call(provider="anthropic") as call:
        assert call.read(CLAUDE_CODE) is CLAUDE_CODE
    assert call.reading is not None
    assert call.reading.cost_usd == pytest.approx(0.2345 - 0.00095)
    assert call.api_latency == pytest.approx(4.9)


@pytest.mark.parametrize(
    ("response", "error_type"),
    [
        (
            {
                "type": "message",
                "model": "m",
                "stop_reason": "refusal",
                "usage": {"input_tokens": 1, "output_tokens": 0},
            },
            "content_filter",
        ),
        (
            {
                "object": "chat.completion",
                "model": "m",
                "choices": [{"finish_reason": "content_filter"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 0},
            },
            "content_filter",
        ),
        (
            {
                "object": "response",
                "model": "m",
                "status": "failed",
                "error": {"code": "rate_limit_exceeded"},
            },
            "rate_limited",
        ),
    ],
)
def test_answers_that_were_withheld_or_failed(response: dict[str, Any], error_type: str) -> None:
    """A refusal, a content filter and a failed response are errors of their kind."""
    assert read(response)[0].error_type == error_type


@pytest.mark.parametrize(("total", "output"), [(120, 100), (150, 130), (None, 100)])
def test_reasoning_beside_the_completion(total: int | None, output: int) -> None:
    """Where the total says that reasoning is no part of the completion, as xAI has it, both are output."""
    usage: dict[str, Any] = {"prompt_tokens": 20, "completion_tokens": 100, "total_tokens": total}
    usage |= {"completion_tokens_details": {"reasoning_tokens": 30}}
    (reading,) = read({"object": "chat.completion", "model": "m", "usage": usage})
    assert reading.usage == Usage(input=20, output=output, reasoning=30)


def test_embeddings_are_read() -> None:
    """An embedding response has prompt tokens only."""
    response = {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [],
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    }
    assert read(response)[0].usage == Usage(input=8)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "object", "usage", "modelUsage", "input_tokens", "prompt_tokens", "choices", "model"]
            )
            | st.text(max_size=4),
            inner
            | st.sampled_from(["message", "result", "response", "chat.completion", "message_start", "list"]),
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_a_reader_never_raises_and_never_invents(value: Any) -> None:
    """Anything at all is read to nothing or to counts that are not negative, as value and as text."""
    for form in (value, json.dumps(value)):
        for reading in read(form):
            usage = reading.usage or Usage()
            assert usage.input >= usage.cache_read + usage.cache_write >= 0
            assert usage.output >= 0
    reader = StreamReader()
    reader.feed(value)
    reader.reading()


class Hostile:
    """An object whose every attribute raises."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_an_object_that_raises_at_every_touch_reaches_nobody() -> None:
    """A response may be anything: reading it into a call never raises into the host."""
    hostile = Hostile()
    with gnomon.model_call("claude-opus-4-5") as call:
        assert call.read(hostile) is hostile
        assert list(call.stream([hostile])) == [hostile]
    assert call.usage is None


EVENTS: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {
            "model": "claude-opus-4-5",
            "usage": {"input_tokens": 5, "cache_read_input_tokens": 50, "output_tokens": 1},
        },
    },
    {"type": "message_delta", "delta": {"stop_reason": None}, "usage": {"output_tokens": 4}},
    {"type": "message_stop"},
]


def test_a_truncated_stream_keeps_what_it_told() -> None:
    """A consumer that leaves early has the tokens of the events it saw, also where it holds the stream."""
    with gnomon.model_call("claude-opus-4-5") as left:
        for event in left.stream(EVENTS):
            if event["type"] == "message_delta":
                break
    with gnomon.model_call("claude-opus-4-5") as held:
        stream = held.stream(EVENTS)
        next(stream)
        next(stream)
    assert left.usage == held.usage == Usage(input=55, output=4, cache_read=50)


def test_a_truncated_async_stream_keeps_what_it_told() -> None:
    """The same where asyncio closes the stream some time after the call."""

    async def events() -> AsyncIterator[dict[str, Any]]:
        for event in EVENTS:
            yield event

    async def leave() -> gnomon.ModelCall:
        with gnomon.model_call("claude-opus-4-5") as call:
            async for event in call.stream(events()):
                if event["type"] == "message_delta":
                    break
        return call

    assert asyncio.run(leave()).usage == Usage(input=55, output=4, cache_read=50)


def test_a_stream_does_not_undo_what_the_host_says_after_it() -> None:
    """Tokens that are set by hand when the stream is over, or left, are those of the call."""
    with gnomon.model_call("claude-opus-4-5") as call:
        stream = call.stream(EVENTS)
        next(stream)
        call.tokens(7, 8)
    del stream
    assert call.usage == Usage(input=7, output=8)


def test_what_later_chunks_leave_out_stands() -> None:
    """A chunk without a model or an id, as gateways send them, takes neither back."""
    chunk = {"object": "chat.completion.chunk", "id": "c1", "model": "gpt-5", "choices": []}
    last = {"object": "chat.completion.chunk", "id": "", "model": "", "usage": {"prompt_tokens": 3}}
    reader = StreamReader()
    for one in (chunk, last):
        reader.feed(one)
    reading = reader.reading()
    assert reading is not None
    assert (reading.model, reading.response_id, reading.usage) == ("gpt-5", "c1", Usage(input=3))


@pytest.mark.parametrize("form", [dict, ChatCompletionChunk.construct])
def test_each_chunk_adds_what_it_says_first(form: Callable[..., Any]) -> None:
    """Azure's first chunk names nothing; model, tier, reason, tokens and error count whenever they come."""
    piece = {"object": "chat.completion.chunk", "id": "c1", "model": "gpt-5", "usage": None}
    going_on = [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}]
    chunks: list[dict[str, Any]] = [
        {**piece, "id": "", "model": "", "choices": []},
        {**piece, "choices": going_on},
        {**piece, "choices": going_on},
        {**piece, "choices": going_on, "service_tier": "priority"},
        {**piece, "choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]},
        {**piece, "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
        {**piece, "choices": going_on},
        {**piece, "choices": going_on, "error": {"code": 502}},
    ]
    reader = StreamReader()
    told: list[tuple[Any, ...]] = []
    for chunk in chunks:
        reader.feed(form(**chunk))
        reading = reader.reading()
        assert reading is not None
        told.append((reading.model, reading.service_tier, reading.finish_reasons, reading.usage))
        assert reading.error_type == ("server_5xx" if chunk is chunks[-1] else None)
    used, early = Usage(input=3, output=2), ("gpt-5", None, (), None)
    assert told == [
        (None, None, (), None),
        early,
        early,
        ("gpt-5", "priority", (), None),
        ("gpt-5", "priority", ("length",), None),
        *[("gpt-5", "priority", ("length",), used)] * 3,
    ]


def test_a_response_that_is_under_way_has_not_finished() -> None:
    """OpenAI's status of a response is why it finished only when it has."""
    reasons = [
        read({"object": "response", "model": "m", "status": status})[0].finish_reasons
        for status in ("queued", "in_progress", "completed", "cancelled")
    ]
    assert reasons == [(), (), ("completed",), ("cancelled",)]


@pytest.mark.parametrize(
    ("event", "error_type"),
    [
        ({"type": "error", "error": {"type": "overloaded_error"}}, "server_5xx"),
        ({"type": "error", "error": {"type": "rate_limit_error"}}, "rate_limited"),
        ({"type": "error", "error": {"type": "invalid_request_error"}}, "client_4xx"),
        ({"type": "error", "code": "server_error"}, "server_5xx"),
        ({"type": "error"}, "other"),
        ({"error": {"code": 502, "message": "no"}}, "server_5xx"),
        ({"object": "chat.completion.chunk", "choices": [], "error": {"code": "of their own"}}, "other"),
        ({"object": "chat.completion.chunk", "choices": [], "error": None}, None),
    ],
)
def test_errors_among_the_events_of_a_stream(event: dict[str, Any], error_type: str | None) -> None:
    """The stream has failed, and what it told before stands."""
    reader = StreamReader()
    reader.feed({"object": "chat.completion.chunk", "model": "gpt-5", "usage": {"prompt_tokens": 3}})
    reader.feed(event)
    reading = reader.reading()
    assert reading is not None
    assert (reading.model, reading.usage, reading.error_type) == ("gpt-5", Usage(input=3), error_type)
