"""Where spans and measurements go now: a test session, our own providers, the host's, or nowhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from opentelemetry import trace

from gnomon import session
from gnomon.version import __version__

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanKind, Tracer
    from opentelemetry.util.types import AttributeValue

    from gnomon.prices.lookup import PreferredSource
    from gnomon.sdk.calls import ModelCall
    from gnomon.sdk.instruments import Instruments
    from gnomon.sdk.measuring import Measuring

SCOPE = "gnomon"


class Recorder:
    """How one kind of host records; the parts that do not differ between them.

    `capture_content` lets prompts and answers through, `capture_messages` the text of exceptions.
    `cost_source` says whose figure of a call's cost counts where there are two (`gnomon.prices.lookup.cost`).
    `second_generation` adds the names of OpenTelemetry's GenAI conventions up to 1.41 beside the newest.
    """

    def __init__(
        self,
        tracer: Tracer,
        *,
        instruments: Instruments | Measuring | None = None,
        capture_content: bool = False,
        capture_messages: bool = True,
        cost_source: PreferredSource = "estimated",
        second_generation: bool = False,
        remote_parent: Context | None = None,
    ) -> None:
        self._tracer = tracer
        self.instruments = instruments
        self.capture_content = capture_content
        self.capture_messages = capture_messages
        self.cost_source = cost_source
        self.second_generation = second_generation
        self._remote_parent = remote_parent

    def start(
        self,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, AttributeValue],
        context: Context,
        start_time: int | None = None,
    ) -> Span:
        """Starts a span under the context's span; a root goes under the parent carried into the process."""
        if (
            self._remote_parent is not None
            and not trace.get_current_span(context).get_span_context().is_valid
        ):
            context = self._remote_parent
        return self._tracer.start_span(name, context, kind, attributes, start_time=start_time)

    def call_finished(self, span: Span, call: ModelCall) -> None:
        """Takes note of a finished model call; only a test session does."""


process = 0
"""Counts the forks behind this process: a span is ended where it was started, not in a forked copy too."""

configured: Recorder | None = None
"""The recorder that `configure` made, if it was called."""

_host: tuple[object, Recorder] | None = None


def current() -> Recorder | None:
    """The recorder for a span that starts now; None where nobody wants it."""
    if session.active is not None:
        from gnomon.sdk import testing  # noqa: PLC0415 - loads the SDK, which only a test session needs here

        return testing.recorder(session.active)
    return configured or _of_host()


def _of_host() -> Recorder | None:
    """A recorder for a provider that the host made itself, by OpenTelemetry's global."""
    global _host  # noqa: PLW0603 - follows OpenTelemetry's own global
    provider = trace.get_tracer_provider()
    if isinstance(provider, (trace.ProxyTracerProvider, trace.NoOpTracerProvider)):
        return None
    if _host is None or _host[0] is not provider:
        _host = (provider, Recorder(provider.get_tracer(SCOPE, __version__)))
    return _host[1]


def _forked() -> None:
    global process  # noqa: PLW0603 - see there
    process += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
