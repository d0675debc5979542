"""Requests of one model call that are under way at once."""

# ruff: noqa: SIM117 - a server, a call and what happens in it are things of different kinds

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests

import gnomon
from gnomon.clients import httpx as httpx_hook
from gnomon.clients import requests as requests_hook
from tests.clients.model_server import Answer, ModelServer, model_server

DELAYS = [0.3, 0.2, 0.1]

CLIENTS: list[Callable[[], Any]] = [
    lambda: httpx_hook.instrument(httpx.Client(follow_redirects=True)),
    lambda: requests_hook.instrument(requests.Session()),
]


def at_once(server: ModelServer, request: Callable[[], object], count: int) -> None:
    """Makes requests in threads, each begun when the server has taken the one before."""
    threads = [threading.Thread(target=gnomon.propagate(request)) for _ in range(count)]
    pause = threading.Event()
    for started, thread in enumerate(threads, start=1):
        thread.start()
        while len(server.requests) < started:
            pause.wait(0.001)
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("by_hand", [False, True], ids=["observed", "by hand"])
@pytest.mark.parametrize("client_of", CLIENTS, ids=["httpx", "requests"])
def test_threads(client_of: Callable[[], Any], by_hand: bool) -> None:
    """Each attempt has its own status and its own latency, whatever began meanwhile."""
    with model_server(*(Answer(delay=delay) for delay in DELAYS)) as server, client_of() as client:
        with gnomon.model_call("m") as call:

            def request() -> None:
                client.post(f"{server.url}/v1/messages", json={})

            def attempt() -> None:
                with call.attempt():
                    request()

            at_once(server, attempt if by_hand else request, len(DELAYS))
    assert [(attempt.number, attempt.status) for attempt in call.attempts] == [(1, 200), (2, 200), (3, 200)]
    assert all(one.latency >= delay for one, delay in zip(call.attempts, DELAYS, strict=True))
    assert call.api_latency >= sum(DELAYS)


def test_tasks() -> None:
    """The same with tasks of asyncio."""

    async def gather(url: str) -> gnomon.ModelCall:
        async with httpx_hook.instrument(httpx.AsyncClient()) as client:
            with gnomon.model_call("m") as call:
                await asyncio.gather(*(client.post(f"{url}/v1/messages", json={}) for _ in DELAYS))
        return call

    with model_server(*(Answer(delay=0.2) for _ in DELAYS)) as server:
        call = asyncio.run(gather(server.url))
    assert [attempt.status for attempt in call.attempts] == [200, 200, 200]
    assert all(attempt.latency >= 0.2 for attempt in call.attempts)


def test_a_request_that_outlives_the_call() -> None:
    """Of two requests the first answer is taken: the other lasted until then, and has no status."""

    async def hedged(url: str) -> tuple[gnomon.ModelCall, list[tuple[int | None, float]]]:
        async with httpx_hook.instrument(httpx.AsyncClient()) as client:
            with gnomon.model_call("m") as call:
                tasks = [asyncio.create_task(client.post(f"{url}/v1/messages", json={})) for _ in range(2)]
                _, late = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            told = [(attempt.status, attempt.latency) for attempt in call.attempts]
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        return call, told

    with model_server(Answer(stall=True), Answer(delay=0.1)) as server:
        call, told = asyncio.run(hedged(server.url))
    late, taken = sorted(told, key=lambda attempt: attempt[0] or 0)
    assert (late[0], taken[0]) == (None, 200)
    assert late[1] >= 0.1
    assert [attempt.latency for attempt in call.attempts] == [latency for _, latency in told]


@pytest.mark.parametrize("client_of", CLIENTS, ids=["httpx", "requests"])
def test_a_redirect_beside_another_request(client_of: Callable[[], Any]) -> None:
    """It is taken back also where another attempt has begun since, and the others are counted through."""
    script = Answer(location="/v1/messages", delay=0.2), Answer(delay=0.3), Answer()
    with model_server(*script) as server, client_of() as client, gnomon.model_call("m") as call:
        at_once(server, lambda: client.post(f"{server.url}/v1/messages", json={}), 2)
    assert [(attempt.number, attempt.status) for attempt in call.attempts] == [(1, 200), (2, 200)]


def test_gaps_are_when_nothing_is_under_way() -> None:
    """A gap begins where the last attempt under way ended, not where the one before did."""
    with gnomon.model_call("m") as call:
        with call.attempt() as long, call.attempt() as short:
            pass
        with call.attempt() as after:
            pass
    assert [attempt.number for attempt in (long, short, after)] == [1, 2, 3]
    assert long.latency >= short.latency
    assert short.gap == 0
    assert 0 <= call.retry_gap == after.gap <= call.duration - long.latency - after.latency


def test_a_response_that_nobody_closes() -> None:
    """Its attempt ends where the next begins, and there is no gap between them."""
    with model_server(Answer(), Answer(delay=0.1)) as server:
        with httpx_hook.instrument(httpx.Client()) as client, gnomon.model_call("m") as call:
            request = client.build_request("POST", f"{server.url}/v1/messages", json={})
            client.send(request, stream=True)
            client.send(request)
    left, read = call.attempts
    assert left.latency + read.latency <= call.duration
    assert read.gap == 0
