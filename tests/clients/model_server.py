"""A server on the loopback interface that speaks the wire formats of Anthropic and OpenAI.

It answers from a script: one entry a request, the last one for all that follow.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, islice
from typing import Any

ANTHROPIC_USAGE = {
    "input_tokens": 11,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 300,
    "cache_creation": {"ephemeral_5m_input_tokens": 15, "ephemeral_1h_input_tokens": 5},
    "output_tokens": 7,
    "service_tier": "standard",
}
OPENAI_USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 100, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 12, "audio_tokens": 0},
}


@dataclass
class Answer:
    """One answer: its status, how long it takes, or `stall` for an answer that never comes.

    Of one by `half` only half the body comes; then the connection ends or, with `stall`, nothing happens. A
    stream that is `broken` has one event, and then an error.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    stall: bool = False
    half: bool = False
    broken: bool = False
    location: str | None = None


@dataclass
class ModelServer:
    script: list[Answer]
    port: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def next(self, body: dict[str, Any]) -> Answer:
        with self.lock:
            self.requests.append(body)
            return self.script[min(len(self.requests), len(self.script)) - 1]


@contextlib.contextmanager
def model_server(*script: Answer) -> Iterator[ModelServer]:
    server = ModelServer(list(script) or [Answer()])

    class Handler(_Handler):
        model = server

    http = _Server(("127.0.0.1", 0), Handler)
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        http.shutdown()
        http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    model: ModelServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        answer = self.model.next(body)
        if answer.half:
            self._send(200, json.dumps(_result(self.path, body)).encode(), answer.headers, whole=False)
        if answer.stall:
            self.model.closing.wait(30)
        if answer.half or answer.stall:
            self.close_connection = True
            return
        time.sleep(answer.delay)
        if answer.location is not None:
            self._send(307, b"", {"Location": answer.location})
        elif answer.status != 200:
            error = {"type": "error", "error": {"type": "some_error", "message": "no"}}
            self._send(answer.status, json.dumps(error).encode(), answer.headers)
        elif body.get("stream"):
            events = _events(self.path, body)
            if answer.broken:
                events = chain(islice(events, 1), _error(self.path))
            self._send(200, "".join(events).encode(), {"Content-Type": "text/event-stream"})
        else:
            self._send(200, json.dumps(_result(self.path, body)).encode(), answer.headers)

    def _send(self, status: int, content: bytes, headers: Mapping[str, str], *, whole: bool = True) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if whole else content[: len(content) // 2])
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _result(path: str, body: dict[str, Any]) -> dict[str, Any]:
    model = body.get("model", "m")
    if path.endswith("/messages"):
        return {
            "id": "msg_01",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": "hello"}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": ANTHROPIC_USAGE,
        }
    if path.endswith("/responses"):
        return {
            "id": "resp_01",
            "object": "response",
            "created_at": 1_790_000_000,
            "status": "completed",
            "model": model,
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": {
                "input_tokens": 120,
                "input_tokens_details": {"cached_tokens": 100},
                "output_tokens": 30,
                "output_tokens_details": {"reasoning_tokens": 12},
                "total_tokens": 150,
            },
        }
    return {
        "id": "chatcmpl-01",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": model,
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}
        ],
        "usage": OPENAI_USAGE,
        "service_tier": "default",
    }


def _error(path: str) -> Iterator[str]:
    if path.endswith("/messages"):
        error: dict[str, Any] = {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}
        yield f"event: error\ndata: {json.dumps(error)}\n\n"
    elif path.endswith("/responses"):
        error = {"type": "error", "code": "rate_limit_exceeded", "message": "no", "param": None}
        yield f"event: error\ndata: {json.dumps(error | {'sequence_number': 1})}\n\n"
    else:
        error = {"error": {"type": "server_error", "code": None, "message": "no"}}
        yield f"data: {json.dumps(error)}\n\n"


def _events(path: str, body: dict[str, Any]) -> Iterator[str]:
    model = body.get("model", "m")
    if path.endswith("/messages"):
        start = _result(path, body) | {"content": [], "stop_reason": None}
        start["usage"] = ANTHROPIC_USAGE | {"output_tokens": 1}
        for event in (
            {"type": "message_start", "message": start},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "ping"},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 7},
            },
            {"type": "message_stop"},
        ):
            yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
        return
    if path.endswith("/responses"):
        done = _result(path, body)
        for number, kind in enumerate(("response.created", "response.completed")):
            response = (
                done if kind == "response.completed" else done | {"status": "in_progress", "usage": None}
            )
            event = {"type": kind, "sequence_number": number, "response": response}
            yield f"event: {kind}\ndata: {json.dumps(event)}\n\n"
        return
    base = {"id": "chatcmpl-01", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": model}
    for choices, usage in (
        ([{"index": 0, "delta": {"role": "assistant", "content": "hel"}, "finish_reason": None}], None),
        ([{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}], None),
        ([], OPENAI_USAGE),
    ):
        yield f"data: {json.dumps(base | {'choices': choices, 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"
