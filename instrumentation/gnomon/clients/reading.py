"""What a client's response says of a model call, whichever client it came from."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gnomon import given
from gnomon.prices.usage import Usage


@dataclass(frozen=True, slots=True)
class Reading:
    """The facts of one model call as its client tells them; what it does not tell is None or empty.

    `error_type` is one of the registry's (`content_filter` for an answer that the provider withheld),
    `api_seconds` the time that the client says it spent in the API, `conversation` its session id,
    `output` the answer's content as the client gave it.
    """

    provider: str | None = None
    model: str | None = None
    usage: Usage | None = None
    response_id: str | None = None
    finish_reasons: tuple[str, ...] = ()
    cost_usd: float | None = None
    error_type: str | None = None
    service_tier: str | None = None
    api_seconds: float | None = None
    conversation: str | None = None
    output: object = None


def read(response: object) -> tuple[Reading, ...]:
    """The model calls that a response tells of, the main one first; empty where it is none we know.

    Known are: the result of Claude Code (`--output-format json`, or the last line of `stream-json`; the
    messages before it where the program was stopped, which is a call that failed with what it used),
    Anthropic's Message, OpenAI's chat completion, completion, embedding and Response, as objects or as
    the JSON they came from (mapping, text or bytes), and OpenAI's and Anthropic's raw-response
    wrappers. Several readings come only from Claude Code: one a model, and where a later turn was stopped,
    those of the turns before it.
    """
    from gnomon.clients import anthropic, claude_code, openai  # noqa: PLC0415 - they build on `Reading`

    fields = view(response)
    if fields is None:
        return ()
    for reader in (claude_code.read, anthropic.read, openai.read):
        if readings := reader(fields):
            return readings
    return ()


class View:
    """Reads a mapping and an object's attributes alike, without ever calling what it finds."""

    __slots__ = ("_source",)

    def __init__(self, source: object) -> None:
        self._source = source

    @property
    def source(self) -> object:
        """What is looked at."""
        return self._source

    def get(self, name: str) -> Any:
        """The value of a field, or None."""
        source = self._source
        if type(source) is dict or isinstance(source, Mapping):
            return source.get(name)
        try:
            value = getattr(source, name, None)
        except Exception:  # a property of a foreign object may do anything
            return None
        return None if callable(value) and not isinstance(value, type) else value

    def part(self, name: str) -> View:
        """A field that has fields of its own; an empty view where it is missing."""
        return View(self.get(name))

    def text(self, name: str) -> str | None:
        """A field as text, or None where it is no text or empty."""
        value = self.get(name)
        return value if isinstance(value, str) and value else None

    def count(self, name: str) -> int:
        """A field as a whole number, 0 where it is none."""
        return given.count(self.get(name))

    def number(self, name: str) -> float | None:
        """A field as a finite number that is not negative, or None."""
        return given.amount(self.get(name))

    def has(self, name: str) -> bool:
        """Whether the field is there and not None."""
        return self.get(name) is not None


def view(response: object) -> View | None:
    """A view of a response: text is parsed, a raw-response wrapper is opened; None for nothing."""
    if response is None:
        return None
    if isinstance(response, (str, bytes, bytearray)):
        from gnomon.clients import claude_code  # noqa: PLC0415 - only results of programs come as text

        parsed = claude_code.last_result(response)
        return None if parsed is None else View(parsed)
    if isinstance(response, (list, tuple)):  # the messages of `--output-format json --verbose`
        from gnomon.clients import claude_code  # noqa: PLC0415 - it builds on `Reading`

        last = response[-1] if response else None
        found = claude_code.result_of(reversed(response)) if isinstance(last, Mapping) else last
        return None if found is None else View(found)
    parse = getattr(response, "parse", None)
    if callable(parse) and hasattr(response, "http_response"):
        # The wrapper of an async client's streamed response: its body is not here yet, and not ours to await.
        return None if inspect.iscoroutinefunction(parse) else View(parse())
    return View(response)
