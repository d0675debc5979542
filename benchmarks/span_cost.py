"""What one span and one record of a model call cost, beside the raw OpenTelemetry SDK.

`python -m benchmarks.span_cost` alternates, in one process, between the SDK used by hand (batch
processor, spans encoded as OTLP and thrown away; histograms of the same numbers) and Gnomon writing
to its spool. Shown are medians over the rounds: microseconds in the calling thread, and microseconds
of processor time in all threads until everything is encoded and written.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind

import gnomon
from benchmarks.measure import machine, table

ATTRIBUTES = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "search",
    "gen_ai.tool.type": "function",
    "gen_ai.tool.call.id": "call-1",
}
TOOL_LABELS = {key: ATTRIBUTES[key] for key in ("gen_ai.operation.name", "gen_ai.tool.name")}
CALL: dict[str, str | int | float] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gnomon.model_call.attempts": 2,
    "gnomon.model_call.retries": 1,
    "gnomon.model_call.api_latency": 0.75,
    "gnomon.model_call.retry_gap": 1.5,
    "http.response.status_code": 200,
    "gen_ai.usage.input_tokens": 1200,
    "gen_ai.usage.output_tokens": 300,
    "gen_ai.usage.cache_read.input_tokens": 800,
    "gen_ai.usage.cache_write.input_tokens": 0,
    "gen_ai.usage.reasoning.output_tokens": 0,
    "gnomon.cost.source": "provider",
    "gnomon.cost.usd": 0.0075,
    "gnomon.cost.price_source": "reported by the provider",
}
LABELS = {key: CALL[key] for key in ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model")}


class EncodeAndDrop(SpanExporter):
    """Does of an export what does not depend on the network."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Encodes the batch as an OTLP request."""
        encode_spans(spans).SerializeToString()
        return SpanExportResult.SUCCESS


class RawSdk:
    """The SDK as somebody would use it by hand to record the same."""

    def __init__(self) -> None:
        resource = Resource({"service.name": "benchmark"})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._processor = BatchSpanProcessor(EncodeAndDrop(), max_queue_size=65_536)
        self._provider.add_span_processor(self._processor)
        self._tracer = self._provider.get_tracer("benchmark")
        meters = MeterProvider([InMemoryMetricReader()], resource=resource, shutdown_on_exit=False).get_meter(
            "benchmark"
        )
        self._tool = meters.create_histogram("gen_ai.execute_tool.duration", "s")
        self._duration = meters.create_histogram("gen_ai.client.inference.duration", "s")
        self._input = meters.create_histogram("gen_ai.client.inference.usage.input_tokens", "{token}")
        self._output = meters.create_histogram("gen_ai.client.inference.usage.output_tokens", "{token}")
        self._cost = meters.create_histogram("cost", "USD")
        self._retries = meters.create_counter("retries", "{retry}")

    def step(self) -> None:
        """One span of a tool, with its measurement."""
        started = time.perf_counter()
        with self._tracer.start_as_current_span("execute_tool search", attributes=ATTRIBUTES):
            pass
        self._tool.record(time.perf_counter() - started, TOOL_LABELS)

    def call(self) -> None:
        """One model call of two attempts, with its measurements."""
        with self._tracer.start_as_current_span("chat claude-sonnet-4-5", kind=SpanKind.CLIENT) as span:
            span.add_event(
                "attempt", {"number": 1, "latency": 0.25, "gap": 0.0, "error.type": "rate_limited"}
            )
            span.add_event("attempt", {"number": 2, "latency": 0.5, "gap": 1.5})
            span.set_attributes(CALL)
        self._duration.record(2.25, LABELS)
        self._input.record(1200, LABELS)
        self._output.record(300, LABELS)
        self._cost.record(0.0075, LABELS)
        self._retries.add(1, LABELS)

    def flush(self) -> None:
        """Waits until every span is encoded."""
        self._processor.force_flush()

    def close(self) -> None:
        """Ends the background thread."""
        self._provider.shutdown()


class Gnomon:
    """The same through `import gnomon`, into a spool."""

    def step(self) -> None:
        """One span of a tool."""
        with gnomon.tool("search", type="function", call_id="call-1"):
            pass

    def call(self) -> None:
        """One model call of two attempts, with its measurements."""
        with gnomon.model_call("claude-sonnet-4-5", provider="anthropic") as call:
            with call.attempt() as attempt:
                attempt.answered(429)
            with call.attempt() as attempt:
                attempt.answered(200)
            call.tokens(1200, 300, cache_read=800)
            call.cost_usd(0.0075)

    def flush(self) -> None:
        """Waits until every span is in the spool."""
        gnomon.flush(30)


@dataclass
class Cost:
    """Microseconds an operation, one entry a round: in the calling thread, and of all processors."""

    caller: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


def measure(operation: Callable[[], None], flush: Callable[[], None], times: int, cost: Cost) -> None:
    """One round of one operation."""
    gc.collect()
    before = time.process_time()
    started = time.perf_counter()
    for _ in range(times):
        operation()
    ended = time.perf_counter()
    flush()
    cost.caller.append((ended - started) / times * 1e6)
    cost.processor.append((time.process_time() - before) / times * 1e6)


@contextmanager
def spool() -> Iterator[Path]:
    """A working directory without settings, with Gnomon writing into a spool inside."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            gnomon.configure(
                service_name="benchmark", spool_directory=Path(folder, "spool"), set_global=False
            )
            yield Path(folder, "spool")
            gnomon.shutdown(30)
        finally:
            os.chdir(before)


def main() -> None:
    """Prints one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 rounds of 500 instead of 25 of 2,000")
    arguments = parser.parse_args()
    rounds, times = (5, 500) if arguments.quick else (25, 2_000)
    raw, ours = RawSdk(), Gnomon()
    costs: dict[tuple[str, str], Cost] = {}
    with spool():
        for number in range(-1, rounds):
            for name, contestant in (("raw SDK", raw), ("Gnomon", ours))[:: 1 if number % 2 else -1]:
                for what, operation in (("span of a tool", contestant.step), ("model call", contestant.call)):
                    kept = costs.setdefault((what, name), Cost()) if number >= 0 else Cost()
                    measure(operation, contestant.flush, times, kept)
        account = gnomon.account()
    raw.close()
    dropped = sum(account["dropped"].values())
    print(
        f"{machine()}; medians of {rounds} alternating rounds of {times:,}; "
        f"{dropped} of Gnomon's spans dropped\n"
    )
    rows = []
    for what in ("span of a tool", "model call"):
        base = costs[what, "raw SDK"]
        for name in ("raw SDK", "Gnomon"):
            cost = costs[what, name]
            rows.append(
                (
                    f"{what}, {name}",
                    *_columns(cost.caller, base.caller),
                    *_columns(cost.processor, base.processor),
                )
            )
    print(table(("", "µs, caller", "ratio", "µs, all threads", "ratio"), rows))


def _columns(found: list[float], base: list[float]) -> tuple[str, str]:
    ratio = statistics.median(one / other for one, other in zip(found, base, strict=True))
    return f"{statistics.median(found):.0f}", f"{ratio:.2f}"


if __name__ == "__main__":
    main()
