"""The clients of Anthropic and OpenAI, and requests, against a server that speaks their wire formats."""

# ruff: noqa: SIM117 - a server, a call and what happens in it are things of different kinds

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import openai
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

import gnomon
from gnomon.clients import httpx as httpx_hook
from gnomon.clients import requests as requests_hook
from gnomon.prices import Usage
from tests.clients.model_server import Answer, model_server

ANTHROPIC = Usage(input=331, output=7, cache_read=300, cache_write=20, reasoning=0, cache_write_1h=5)
OPENAI = Usage(input=120, output=30, cache_read=100, reasoning=12)

SOON = {"retry-after-ms": "20"}
MESSAGES: list[Any] = [{"role": "user", "content": "hi"}]


def claude(url: str, retries: int = 2, timeout: float = 5.0) -> anthropic.Anthropic:
    return httpx_hook.instrument(
        anthropic.Anthropic(api_key="k", base_url=url, max_retries=retries, timeout=timeout)
    )


def gpt(url: str, retries: int = 2) -> openai.OpenAI:
    return httpx_hook.instrument(openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=retries))


def seen(call: gnomon.ModelCall) -> list[tuple[int | None, str | None]]:
    return [(attempt.status, attempt.error_type) for attempt in call.attempts]


def test_every_retry_of_the_anthropic_client_is_seen() -> None:
    """429, 529 and 500 that the client swallowed are three attempts before the good one."""
    with model_server(Answer(429, SOON), Answer(529, SOON), Answer(500, SOON), Answer(delay=0.02)) as server:
        client = claude(server.url, retries=3)
        with gnomon.model_call("claude-opus-4-5", provider="anthropic") as call:
            call.read(client.messages.create(model="claude-opus-4-5", max_tokens=9, messages=MESSAGES))
    assert len(server.requests) == 4
    assert seen(call) == [
        (429, "rate_limited"),
        (529, "server_5xx"),
        (500, "server_5xx"),
        (200, None),
    ]
    assert call.retries == 3
    assert call.error_type == ""
    assert call.usage == ANTHROPIC
    assert call.cost.source == "estimated"
    assert all(attempt.gap > 0 for attempt in call.attempts[1:])
    assert call.attempts[3].latency >= 0.02
    assert call.api_latency + call.retry_gap <= call.duration


def test_a_call_that_fails_in_the_end_says_why() -> None:
    """When the retries are used up the exception reaches the host, and the call is rate limited."""
    with model_server(Answer(429, SOON)) as server:
        client = claude(server.url, retries=1)
        with pytest.raises(anthropic.RateLimitError), gnomon.model_call("claude-opus-4-5") as call:
            client.messages.create(model="claude-opus-4-5", max_tokens=9, messages=MESSAGES)
    assert seen(call) == [(429, "rate_limited")] * 2
    assert call.error_type == "rate_limited"
    assert call.usage is None
    assert call.cost.usd is None


def test_a_bad_request_is_the_clients_fault() -> None:
    """A 400 is not retried, and counts as client_4xx."""
    with model_server(Answer(400)) as server:
        with pytest.raises(openai.BadRequestError), gnomon.model_call("gpt-5") as call:
            gpt(server.url).chat.completions.create(model="gpt-5", messages=MESSAGES)
    assert seen(call) == [(400, "client_4xx")]
    assert call.error_type == "client_4xx"


def test_time_outs_are_told_apart() -> None:
    """An answer that does not come is a timeout, attempt by attempt."""
    with model_server(Answer(stall=True), Answer()) as server:
        client = claude(server.url, retries=1, timeout=0.3)
        with gnomon.model_call("claude-opus-4-5") as call:
            call.read(client.messages.create(model="claude-opus-4-5", max_tokens=9, messages=MESSAGES))
    assert seen(call) == [(None, "timeout"), (200, None)]
    assert call.attempts[0].latency >= 0.29


def test_a_refused_connection_is_a_connection_error() -> None:
    """Nobody listens: the attempt failed to connect."""
    with model_server() as server:
        url = server.url
    with pytest.raises(anthropic.APIConnectionError), gnomon.model_call("claude-opus-4-5") as call:
        claude(url, retries=0).messages.create(model="claude-opus-4-5", max_tokens=9, messages=MESSAGES)
    assert seen(call) == [(None, "connection")]
    assert call.error_type == "connection"


def test_anthropic_streams() -> None:
    """Tokens come from the first and the last event, and the first chunk has a time."""
    with model_server(Answer(529, SOON), Answer()) as server:
        with gnomon.model_call("claude-opus-4-5") as call:
            stream = claude(server.url).messages.create(
                model="claude-opus-4-5", max_tokens=9, messages=MESSAGES, stream=True
            )
            kinds = [event.type for event in call.stream(stream)]
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"
    assert call.usage == ANTHROPIC
    assert call.retries == 1
    assert call.time_to_first_chunk is not None
    assert 0 < call.time_to_first_chunk <= call.duration


def test_anthropic_stream_helper() -> None:
    """The final message of the client's own stream helper reads like any message."""
    with model_server() as server, gnomon.model_call("claude-opus-4-5") as call:
        with claude(server.url).messages.stream(
            model="claude-opus-4-5", max_tokens=9, messages=MESSAGES
        ) as stream:
            for _ in stream.text_stream:
                pass
            call.read(stream.get_final_message())
    assert call.usage == ANTHROPIC
    assert len(call.attempts) == 1


def test_openai_chat_completions() -> None:
    """Cached and reasoning tokens are parts of prompt and completion, as OpenAI counts them."""
    with model_server(Answer(503, SOON), Answer()) as server, gnomon.model_call("gpt-5-mini") as call:
        call.read(gpt(server.url).chat.completions.create(model="gpt-5-mini", messages=MESSAGES))
    assert call.usage == OPENAI
    assert call.provider == "openai"
    assert call.cost.usd == pytest.approx((20 * 0.25 + 100 * 0.025 + 30 * 2) / 1e6)
    assert seen(call) == [(503, "server_5xx"), (200, None)]


def test_openai_streams() -> None:
    """The usage of a streamed chat completion comes in its last chunk."""
    with model_server() as server, gnomon.model_call("gpt-5-mini") as call:
        stream = gpt(server.url).chat.completions.create(
            model="gpt-5-mini", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
        chunks = list(call.stream(stream))
    assert len(chunks) == 3
    assert call.usage == OPENAI


def test_openai_responses() -> None:
    """The newer protocol, plain and streamed, gives the same numbers."""
    with model_server() as server:
        with gnomon.model_call("gpt-5-mini") as call:
            call.read(gpt(server.url).responses.create(model="gpt-5-mini", input="hi"))
        with gnomon.model_call("gpt-5-mini") as streamed:
            for _ in streamed.stream(
                gpt(server.url).responses.create(model="gpt-5-mini", input="hi", stream=True)
            ):
                pass
    assert call.usage == streamed.usage == OPENAI


def test_errors_in_streams_that_began_well() -> None:
    """By then the status is 200: an overload, a limit and a failed server are what the stream says."""
    with model_server(Answer(broken=True)) as server:
        with pytest.raises(anthropic.APIStatusError), gnomon.model_call("claude-opus-4-5") as overloaded:
            list(
                overloaded.stream(
                    claude(server.url).messages.create(
                        model="claude-opus-4-5", max_tokens=9, messages=MESSAGES, stream=True
                    )
                )
            )
        with pytest.raises(openai.APIError), gnomon.model_call("gpt-5") as failed:
            list(
                failed.stream(
                    gpt(server.url).chat.completions.create(model="gpt-5", messages=MESSAGES, stream=True)
                )
            )
        with gnomon.model_call("gpt-5") as limited:  # here the client hands the error on as an event
            list(limited.stream(gpt(server.url).responses.create(model="gpt-5", input="hi", stream=True)))
    calls = (overloaded, failed, limited)
    assert [call.error_type for call in calls] == ["server_5xx", "server_5xx", "rate_limited"]
    assert overloaded.usage is not None
    assert overloaded.usage.input == ANTHROPIC.input


def test_raw_responses_are_opened() -> None:
    """The clients' raw-response wrappers read like what they wrap."""
    with model_server() as server:
        with gnomon.model_call("claude-opus-4-5") as first:
            first.read(
                claude(server.url).messages.with_raw_response.create(
                    model="claude-opus-4-5", max_tokens=9, messages=MESSAGES
                )
            )
        with gnomon.model_call("gpt-5") as second:
            raw = gpt(server.url).chat.completions.with_raw_response
            second.read(raw.create(model="gpt-5", messages=MESSAGES))
    assert first.usage == ANTHROPIC
    assert second.usage == OPENAI


def test_stream_helpers_of_openai() -> None:
    """The events of the client's own helpers hold the chunks, and are read like them."""
    with model_server() as server:
        client = gpt(server.url)
        with gnomon.model_call("gpt-5") as chat:
            with client.chat.completions.stream(
                model="gpt-5", messages=MESSAGES, stream_options={"include_usage": True}
            ) as chunks:
                assert "content.delta" in [event.type for event in chat.stream(chunks)]
        with gnomon.model_call("gpt-5") as response:
            with client.responses.stream(model="gpt-5", input="hi") as events:
                assert list(response.stream(events))
    assert chat.usage == response.usage == OPENAI


@pytest.mark.filterwarnings("error")
def test_an_async_response_that_is_still_to_be_read() -> None:
    """Its wrapper tells nothing yet, and nothing is begun that nobody awaits."""

    async def ask(url: str) -> gnomon.ModelCall:
        async with openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1") as client:
            with gnomon.model_call("gpt-5") as call:
                asking = client.chat.completions.with_streaming_response
                async with asking.create(model="gpt-5", messages=MESSAGES) as response:
                    call.read(response)
                    call.read(await response.parse())
        return call

    with model_server() as server:
        assert asyncio.run(ask(server.url)).usage == OPENAI


def test_async_clients_keep_their_attempts_apart() -> None:
    """Twenty calls at once through one async client: each has its own retry and its own tokens."""

    async def one(client: anthropic.AsyncAnthropic) -> gnomon.ModelCall:
        async with gnomon.model_call("claude-opus-4-5") as call:
            call.read(await client.messages.create(model="claude-opus-4-5", max_tokens=9, messages=MESSAGES))
        return call

    async def many(url: str) -> list[gnomon.ModelCall]:
        async with anthropic.AsyncAnthropic(api_key="k", base_url=url, max_retries=3) as client:
            httpx_hook.instrument(client)
            return list(await asyncio.gather(*(one(client) for _ in range(20))))

    with model_server(*[Answer(429, SOON)] * 10, Answer()) as server:
        calls = asyncio.run(many(server.url))
        total = len(server.requests)
    assert sum(len(call.attempts) for call in calls) == total == 30
    assert sum(call.retries for call in calls) == 10
    assert {call.usage for call in calls} == {ANTHROPIC}


def test_async_streams() -> None:
    """An async stream passes through and is read on the way."""

    async def run(url: str) -> gnomon.ModelCall:
        async with openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1") as client:
            httpx_hook.instrument(client)
            async with gnomon.model_call("gpt-5-mini") as call:
                stream = await client.chat.completions.create(
                    model="gpt-5-mini", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
                )
                async for _ in call.stream(stream):
                    pass
            return call

    with model_server(Answer(429, SOON), Answer()) as server:
        call = asyncio.run(run(server.url))
    assert call.usage == OPENAI
    assert call.retries == 1


def test_all_clients_of_the_process() -> None:
    """Once switched on for all, clients made before and after are seen, and none twice."""
    with model_server(Answer(429, SOON), Answer()) as server:
        before = anthropic.Anthropic(api_key="k", base_url=server.url)
        httpx_hook.instrument_all()
        try:
            after = claude(server.url)
            for client in (before, after):
                server.requests.clear()
                with gnomon.model_call("claude-opus-4-5") as call:
                    client.messages.create(model="claude-opus-4-5", max_tokens=9, messages=MESSAGES)
                assert seen(call) == [(429, "rate_limited"), (200, None)]
        finally:
            httpx_hook.uninstrument_all()
        server.requests.clear()
        with gnomon.model_call("claude-opus-4-5") as call:
            before.messages.create(model="claude-opus-4-5", max_tokens=9, messages=MESSAGES)
        assert seen(call) == [(None, None)]


def test_plain_httpx_and_redirects() -> None:
    """A redirect is no attempt, other paths are none, and outside of a call nothing happens."""
    with model_server(Answer(location="/v1/messages"), Answer()) as server:
        with httpx_hook.instrument(httpx.Client(follow_redirects=True)) as client:
            with gnomon.model_call("claude-opus-4-5") as call:
                assert client.post(f"{server.url}/v1/messages", json={}).status_code == 200
                client.post(f"{server.url}/oauth/token", json={})
            assert client.post(f"{server.url}/v1/messages", json={}).status_code == 200
    assert seen(call) == [(200, None)]


def test_an_attempt_of_the_hosts_own_is_not_counted_twice() -> None:
    """Where the host opens the attempt itself, the hook adds the status to that one."""
    with model_server() as server, httpx_hook.instrument(httpx.Client()) as client:
        with gnomon.model_call("claude-opus-4-5") as call, call.attempt():
            client.post(f"{server.url}/v1/messages", json={})
    assert seen(call) == [(200, None)]


def retrying_session(total: int) -> requests.Session:
    session = requests.Session()
    policy = Retry(total=total, backoff_factor=0.01, status_forcelist=[429, 503], allowed_methods=None)
    session.mount("http://", HTTPAdapter(max_retries=policy))
    return requests_hook.instrument(requests_hook.instrument(session))


def test_retries_of_urllib3_are_seen() -> None:
    """The tries that urllib3 makes inside one request are attempts, with the pauses between them."""
    with model_server(Answer(429), Answer(503), Answer(delay=0.02)) as server:
        with gnomon.model_call("claude-opus-4-5") as call:
            response = retrying_session(3).post(
                f"{server.url}/v1/messages", json={"model": "claude-opus-4-5"}
            )
            call.read(response.json())
    assert seen(call) == [(429, "rate_limited"), (503, "server_5xx"), (200, None)]
    assert call.usage == ANTHROPIC
    assert call.attempts[2].gap > 0
    assert call.attempts[2].latency >= 0.02


def test_used_up_retries_of_urllib3() -> None:
    """The last failing try is counted once, whether urllib3 raises or hands its answer over."""
    with model_server(Answer(503)) as server:
        with pytest.raises(requests.exceptions.RetryError), gnomon.model_call("m") as raising:
            retrying_session(2).post(f"{server.url}/v1/messages", json={})
        session = requests.Session()
        policy = Retry(
            total=1, backoff_factor=0.01, status_forcelist=[503], allowed_methods=None, raise_on_status=False
        )
        session.mount("http://", HTTPAdapter(max_retries=policy))
        with gnomon.model_call("m") as handed:
            assert (
                requests_hook.instrument(session).post(f"{server.url}/v1/messages", json={}).status_code
                == 503
            )
    assert seen(raising) == [(503, "server_5xx")] * 3
    assert raising.error_type == "server_5xx"
    assert seen(handed) == [(503, "server_5xx")] * 2


def pickled(session: requests.Session) -> requests.Session:
    copied: requests.Session = pickle.loads(pickle.dumps(session))  # noqa: S301 - our own
    return copied


@pytest.mark.parametrize("again", [copy.deepcopy, pickled])
def test_a_session_that_is_copied(again: Callable[[requests.Session], requests.Session]) -> None:
    """An observed session can be copied and pickled as any other; the copy retries, and can be observed."""
    with model_server(Answer(429), Answer(503), Answer()) as server, again(retrying_session(3)) as session:
        with gnomon.model_call("claude-opus-4-5") as call:
            assert session.post(f"{server.url}/v1/messages", json={}).status_code == 200
        assert seen(call) == [(None, None)]
        server.requests.clear()
        requests_hook.instrument(session)
        with gnomon.model_call("claude-opus-4-5") as call:
            assert session.post(f"{server.url}/v1/messages", json={}).status_code == 200
    assert seen(call) == [(429, "rate_limited"), (503, "server_5xx"), (200, None)]


def test_a_plain_requests_session() -> None:
    """Without a retry policy each request is an attempt, and time-outs are told apart."""
    with model_server(Answer(429), Answer(stall=True), Answer()) as server:
        session = requests_hook.instrument(requests.Session())
        url = f"{server.url}/v1/chat/completions"
        with gnomon.model_call("gpt-5") as call:
            session.post(url, json={})
            with pytest.raises(requests.Timeout):
                session.post(url, json={}, timeout=0.2)
            session.post(url, json={})
            session.get(f"{server.url}/health")
    assert seen(call) == [(429, "rate_limited"), (None, "timeout"), (200, None)]


@pytest.mark.parametrize("retries", [0, 2])
def test_connections_that_do_not_come_about(retries: int) -> None:
    """Nobody listens: each try failed to connect, and none came too late."""
    with model_server() as server:
        url = server.url
    with pytest.raises(requests.ConnectionError), gnomon.model_call("m") as call:
        retrying_session(retries).post(f"{url}/v1/messages", json={})
    assert seen(call) == [(None, "connection")] * (retries + 1)
    assert call.error_type == "connection"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("stall", "error_type"), [(False, "connection"), (True, "timeout")])
def test_half_an_answer_is_a_failed_attempt(stall: bool, error_type: str, streamed: bool) -> None:
    """A body that breaks off or stops coming has failed, whatever its status, in httpx and in requests."""

    def by_httpx(url: str) -> None:
        with (
            httpx_hook.instrument(httpx.Client(timeout=0.3)) as client,
            client.stream("POST", url, json={}) as it,
        ):
            list(it.iter_lines()) if streamed else it.read()

    def by_requests(url: str) -> None:
        with requests_hook.instrument(requests.Session()) as session:
            response = session.post(url, json={}, timeout=0.3, stream=streamed)
            list(response.iter_lines())

    with model_server(Answer(half=True, stall=stall)) as server:
        for ask in (by_httpx, by_requests):
            with pytest.raises((httpx.HTTPError, requests.RequestException)), gnomon.model_call("m") as call:
                ask(f"{server.url}/v1/messages")
            assert seen(call) == [(200, error_type)]
            assert call.error_type == error_type
