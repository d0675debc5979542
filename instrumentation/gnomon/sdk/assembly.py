"""What settings and variables make of providers: the instruments and the recorder of a process."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from gnomon.sdk.instruments import Instruments
from gnomon.sdk.measuring import Measuring
from gnomon.sdk.recorder import SCOPE, Recorder
from gnomon.settings import Settings
from gnomon.version import __version__

_CONTENT_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_OPT_IN_VARIABLE = "OTEL_SEMCONV_STABILITY_OPT_IN"
# The newest names are always written; this word, formed as OpenTelemetry forms them for other
# conventions, adds those of the generation before for boards that still read them.
_BOTH_GENERATIONS = "gen_ai/dup"


def instruments_of(
    provider: MeterProvider, settings: Settings, dropped: Callable[[], Mapping[str, int]]
) -> Instruments:
    """The instruments of a meter provider; `dropped` counts the spans that were given up, by reason."""
    return Instruments(
        provider.get_meter(SCOPE, __version__),
        dropped=dropped,
        agents=[agent.name for agent in settings.organisation.agents],
        departments=[department.name for department in settings.organisation.departments],
        second_generation=_both_generations(),
    )


def recorder_of(
    provider: TracerProvider,
    instruments: Instruments | Measuring | None,
    settings: Settings,
    remote_parent: Context | None = None,
) -> Recorder:
    """The recorder that writes into these providers."""
    return Recorder(
        provider.get_tracer(SCOPE, __version__),
        instruments=instruments,
        capture_content=settings.capture.content or _content_asked_for(),
        capture_messages=settings.capture.failure_messages,
        cost_source=settings.costs.source,
        second_generation=_both_generations(),
        remote_parent=remote_parent,
    )


def _both_generations() -> bool:
    return _BOTH_GENERATIONS in [word.strip() for word in os.environ.get(_OPT_IN_VARIABLE, "").split(",")]


def _content_asked_for() -> bool:
    word = os.environ.get(_CONTENT_VARIABLE, "").strip().lower()
    return word in ("true", "1", "span_only", "span_and_event")
