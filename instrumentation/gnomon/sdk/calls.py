"""Model calls: attempts, tokens, cost, and the span, measurements and test numbers they become."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from gnomon import error_types, given
from gnomon.prices.lookup import cost as cost_of
from gnomon.prices.table import UNKNOWN, Cost
from gnomon.prices.usage import Usage
from gnomon.registry import attributes as a
from gnomon.registry.values import OTHER
from gnomon.sdk import recorder as recorders
from gnomon.sdk.attempts import Attempt, settle, under_way
from gnomon.sdk.block import Block
from gnomon.sdk.call_span import ATTEMPT_EVENT, attempt_attributes, describe
from gnomon.sdk.guard import failed
from gnomon.sdk.recorder import Recorder
from gnomon.sdk.steps import content_text, inherited, record_exception

if TYPE_CHECKING:
    from gnomon.clients.reading import Reading

T = TypeVar("T")

_CALL_KEY = otel_context.create_key("gnomon-model-call")

_OPERATION = a.GEN_AI_OPERATION_NAME.name
_PROVIDER = a.GEN_AI_PROVIDER_NAME.name
_REQUEST_MODEL = a.GEN_AI_REQUEST_MODEL.name
_STREAM = a.GEN_AI_REQUEST_STREAM.name
_ERROR_TYPE = a.ERROR_TYPE.name

# Names by which providers call their models, for callers that name no provider.
_FAMILIES = (
    ("claude", "anthropic"),
    (("gpt-", "o1", "o3", "o4", "chatgpt-", "text-embedding-"), "openai"),
    ("gemini", "gcp.gemini"),
)


@dataclass(frozen=True, slots=True)
class Finished:
    """The numbers of a finished call, as the instruments take them; times in seconds."""

    operation: str
    provider: str
    model: str
    response_model: str
    duration: float
    usage: Usage | None
    cost: Cost
    error_type: str
    retried: tuple[str, ...]
    time_to_first_chunk: float | None
    fleet: Mapping[str, AttributeValue]


def current_call() -> ModelCall | None:
    """The model call that runs in this context, for hooks that see its requests."""
    call = otel_context.get_value(_CALL_KEY)
    return call if isinstance(call, ModelCall) and not call.ended else None


class ModelCall(Block):
    """One call to a model with all its attempts; a context manager, sync and async.

    Everything works, and `usage`, `cost` and `attempts` have their values, whether or not anything
    records. Nothing here raises for what it is given, except as the docstrings say.
    """

    __slots__ = (
        "_attributes",
        "_began_at",
        "_context",
        "_error_type",
        "_more",
        "_overlapping",
        "_process",
        "_reading_took",
        "_recorder",
        "_reported_usd",
        "_service_tier",
        "_span",
        "_started",
        "attempts",
        "cost",
        "duration",
        "ended",
        "model",
        "operation",
        "provider",
        "reading",
        "time_to_first_chunk",
        "usage",
    )

    def __init__(self, model: str, provider: str | None, operation: str) -> None:
        super().__init__()
        self.model = given.name(model)
        self.provider = given.name(provider) or provider_of(self.model)
        self.operation = given.name(operation)
        self.attempts: list[Attempt] = []
        self.usage: Usage | None = None
        self.cost: Cost = UNKNOWN
        self.duration = 0.0
        self.time_to_first_chunk: float | None = None
        self.ended = False
        self._attributes: dict[str, AttributeValue] = {}
        self._error_type = ""
        self._overlapping = False  # whether attempts were under way at once
        self._process = recorders.process
        self._more: tuple[Reading, ...] = ()
        self._reading_took = 0.0  # no API's latency: the first one imports what it needs
        self.reading: Reading | None = None
        self._recorder: Recorder | None = None
        self._reported_usd: float | None = None
        self._service_tier: str | None = None
        self._span: Span | None = None
        self._began_at = 0
        self._started = 0.0
        self._context: Context | None = None

    # --- what the host, or a hook, says of it ------------------------------------------------------

    def attempt(self) -> Attempt:
        """Begins an attempt: `with call.attempt() as attempt: …; attempt.answered(status)`.

        A call of which no attempt is reported had one.
        """
        return self._begin(explicit=True)

    def observed(self) -> Attempt:
        """Begins an attempt that a transport hook saw; one that the host opened itself is that one."""
        around = under_way()
        if around is not None and around.open and around in self.attempts:
            return around
        last = self.attempts[-1] if self.attempts else None
        if last is not None and last.open and last.explicit:
            return last
        return self._begin(explicit=False)

    def _begin(self, *, explicit: bool) -> Attempt:
        attempt = Attempt(explicit=explicit)
        self.attempts.append(attempt)
        place = self.attempts.index(attempt)  # looked up: another thread may have begun one as well
        if place and attempt.follow(place + 1, self.attempts[place - 1]):
            self._overlapping = True
        return attempt

    def discard(self, attempt: Attempt) -> None:
        """Takes back an attempt that turned out to be none, such as a redirect."""
        if attempt in self.attempts and not attempt.explicit:
            self.attempts.remove(attempt)
            for number, other in enumerate(self.attempts, start=1):
                other.number = number

    def read(self, response: T) -> T:
        """Takes model, tokens, cost and finish reason from a client's response, and gives it back.

        Understands what `gnomon.clients.reading.read` does; of anything else it takes nothing.
        """
        begun = time.perf_counter()
        try:
            from gnomon.clients.reading import read  # noqa: PLC0415 - not needed by those who record by hand

            readings = read(response)
            if readings:
                self.take(readings[0])
                self._more = readings[1:]
        except Exception as error:
            failed("reading a response", error)
        self._reading_took += time.perf_counter() - begun
        return response

    def take(self, reading: Reading) -> None:
        """Takes what a client's reader found."""
        self.reading = reading
        if reading.usage is not None:
            self.usage = reading.usage
        if reading.cost_usd is not None:
            self._reported_usd = reading.cost_usd
        self._service_tier = reading.service_tier or self._service_tier
        self._error_type = reading.error_type or self._error_type

    @overload
    def stream(self, chunks: Iterable[T]) -> Iterator[T]: ...

    @overload
    def stream(self, chunks: AsyncIterable[T]) -> AsyncIterator[T]: ...

    def stream(self, chunks: Any) -> Any:
        """Passes a streamed response through, and reads tokens and the time to the first chunk from it."""
        self._attributes[_STREAM] = True
        begun = time.perf_counter()
        from gnomon.clients.streams import StreamReader  # noqa: PLC0415 - not needed without streaming

        reader = StreamReader()
        self._reading_took += time.perf_counter() - begun
        return (
            self._stream_async(chunks, reader)
            if isinstance(chunks, AsyncIterable)
            else self._stream_sync(chunks, reader)
        )

    def _stream_sync(self, chunks: Iterable[T], reader: Any) -> Iterator[T]:
        for chunk in chunks:
            self._chunk(chunk, reader)
            yield chunk

    async def _stream_async(self, chunks: AsyncIterable[T], reader: Any) -> AsyncIterator[T]:
        async for chunk in chunks:
            self._chunk(chunk, reader)
            yield chunk

    def _chunk(self, chunk: object, reader: Any) -> None:
        try:
            if self.time_to_first_chunk is None and self._started:
                self.time_to_first_chunk = time.perf_counter() - self._started
            reader.feed(chunk)
            # Chunk by chunk: where a consumer leaves early, asyncio ends the stream after the call.
            if (reading := reader.reading()) is not None and not self.ended:
                self.take(reading)
        except Exception as error:
            failed("reading a stream", error)

    def tokens(
        self,
        input: int = 0,
        output: int = 0,
        *,
        cache_read: int = 0,
        cache_write: int = 0,
        reasoning: int = 0,
    ) -> None:
        """Sets the usage; `input` includes the cached tokens and `output` the reasoning."""
        self.usage = Usage(input, output, cache_read, cache_write, reasoning)

    def cost_usd(self, usd: float) -> None:
        """Sets the cost that the provider reported."""
        self._reported_usd = given.amount(usd)

    def fail(self, error_type: str) -> None:
        """Marks the call as failed without an exception, by one of the registry's error types.

        What is none of them is `other`, of an exception the type that it would have had.
        """
        self._error_type = error_types.named(error_type) or error_types.OTHER

    def set(self, key: str, value: AttributeValue) -> None:
        """Sets an attribute of the span."""
        self._attributes[key] = value

    def input(self, messages: object, *, system: object = None) -> None:
        """The prompt. Recorded only where the capture of content is switched on."""
        self._content(a.GEN_AI_INPUT_MESSAGES.name, messages)
        if system is not None:
            self._content(a.GEN_AI_SYSTEM_INSTRUCTIONS.name, system)

    def output(self, messages: object) -> None:
        """The answer. Recorded only where the capture of content is switched on."""
        self._content(a.GEN_AI_OUTPUT_MESSAGES.name, messages)

    def _content(self, name: str, content: object) -> None:
        if self._recorder is None or not self._recorder.capture_content:
            return
        try:
            self._attributes[name] = content_text(content)
        except Exception as error:
            failed("recording content", error)

    @property
    def span(self) -> Span:
        """OpenTelemetry's span; an invalid one where nothing records."""
        return self._span or trace.INVALID_SPAN

    @property
    def error_type(self) -> str:
        """Why the call failed; empty while it has not."""
        return self._error_type

    @property
    def retries(self) -> int:
        """Attempts beyond the first."""
        return max(0, len(self.attempts) - 1)

    @property
    def api_latency(self) -> float:
        """Seconds spent in attempts."""
        return sum(attempt.latency for attempt in self.attempts)

    @property
    def retry_gap(self) -> float:
        """Seconds spent waiting between attempts."""
        return sum(attempt.gap for attempt in self.attempts)

    # --- its life ----------------------------------------------------------------------------------

    def begin(self, began_at: int | None = None) -> Context | None:
        """Starts the span without making it current; gives the context to run under."""
        try:
            self._recorder = recorder = recorders.current()
            self._began_at = time.time_ns() if began_at is None else began_at
            self._started = time.perf_counter()
            around = otel_context.get_current()
            if recorder is not None:
                attributes = dict(inherited(around))
                attributes[_OPERATION] = self.operation
                attributes[_PROVIDER] = self.provider
                if self.model:
                    attributes[_REQUEST_MODEL] = self.model
                name = f"{self.operation} {self.model}" if self.model else self.operation
                self._span = recorder.start(name, SpanKind.CLIENT, attributes, around, self._began_at)
                around = trace.set_span_in_context(self._span, around)
            self._context = otel_context.set_value(_CALL_KEY, self, around)
        except Exception as error:
            failed("starting a model call", error)
        return self._context

    def end(self, error: BaseException | None = None, *, duration: float | None = None) -> None:
        """Ends the call; an exception that left it decides its error type."""
        if self.ended:
            return
        self.ended = True
        error = error_types.failure_in(error)
        try:
            measured = time.perf_counter() - self._started if duration is None else duration
            self.duration = given.amount(measured) or 0.0
            unknown = not self._error_type or self._failed_somehow()
            if unknown and error is not None:
                self._error_type = self._reason(error)
            self._close_attempts(error)
            try:
                self._settle_cost()
            except Exception as failure:
                failed("pricing a model call", failure)
            if self._recorder is not None and self._span is not None and self._process == recorders.process:
                self._report(self._recorder, self._span, error)
            # A client's result may name further models that it called: each is a call of its own.
            for reading in self._more:
                record_reading(reading, self.operation, self._began_at, self.duration)
        except Exception as failure:
            failed("ending a model call", failure)

    def _failed_somehow(self) -> bool:
        """Whether all that is known is that the client's result is one of a failure, or is missing."""
        read = self.reading.error_type if self.reading is not None else None
        return read == self._error_type == error_types.OTHER

    def _reason(self, error: BaseException) -> str:
        """The exception's error type; of one that says nothing, that of its body or the last attempt's."""
        reason = error_types.of_exception(error)
        if reason == error_types.OTHER:
            from gnomon.clients.failures import told_by  # noqa: PLC0415 - for what is rare
            from gnomon.clients.reading import View  # noqa: PLC0415

            reason = told_by(View(error).part("body")) or reason
        last = self.attempts[-1].error_type if self.attempts else None
        # requests calls it a connection error where the rest of an answer does not come in time.
        late = reason == error_types.CONNECTION and last == error_types.TIMEOUT
        return last if last and (late or reason == error_types.OTHER) else reason

    def _close_attempts(self, error: BaseException | None) -> None:
        if not self.attempts:
            seconds = self.reading.api_seconds if self.reading is not None else None
            attempt = Attempt.reported(
                1,
                began_at=self._began_at,
                latency=max(0.0, self.duration - self._reading_took) if seconds is None else seconds,
                status=error_types.status_of(error) if error is not None else None,
                error_type=self._error_type or None,
            )
            self.attempts.append(attempt)
        last = self.attempts[-1]
        if last.open:
            last.finish()
            if error is not None and last.error_type is None and self._error_type:
                last.error_type = self._error_type
        if self._overlapping:
            settle(self.attempts)

    def _settle_cost(self) -> None:
        source = "estimated" if self._recorder is None else self._recorder.cost_source
        answered = self.reading.model if self.reading is not None else None
        # A gateway may answer with a name of its own; then the one asked for may be in the table.
        for model in dict.fromkeys(filter(None, (answered, self.model))) or {"": None}:
            found = cost_of(
                self.usage,
                model,
                None if self.provider == OTHER else self.provider,
                self._began_at / 1e9,
                reported_usd=self._reported_usd,
                service_tier=self._service_tier,
                source=source,
            )
            if self.cost.usd is None or found.source == source:
                self.cost = found
            if found.source == source:
                return

    def _report(self, recorder: Recorder, span: Span, error: BaseException | None) -> None:
        attributes = self._attributes
        describe(self, attributes, recorder)
        for attempt in self.attempts:
            span.add_event(ATTEMPT_EVENT, attempt_attributes(attempt), attempt.began_at)
        if error is not None:
            record_exception(span, error, message=recorder.capture_messages)
        if self._error_type:
            attributes[_ERROR_TYPE] = self._error_type
            span.set_status(Status(StatusCode.ERROR))
        span.set_attributes(attributes)
        span.end(self._began_at + int(self.duration * 1e9))
        if recorder.instruments is not None:
            recorder.instruments.model_call(self._finished())
        recorder.call_finished(span, self)

    def _finished(self) -> Finished:
        return Finished(
            operation=self.operation,
            provider=self.provider,
            model=self.model,
            response_model=(self.reading.model if self.reading is not None else None) or "",
            duration=self.duration,
            usage=self.usage,
            cost=self.cost,
            error_type=self._error_type,
            retried=tuple(attempt.error_type or error_types.OTHER for attempt in self.attempts[:-1]),
            time_to_first_chunk=self.time_to_first_chunk,
            fleet=inherited(self._context) if self._context is not None else {},
        )

    def stats(self) -> dict[str, Any]:
        """The call's numbers as plain values, as a test session keeps them."""
        usage = self.usage or Usage()
        return {
            "operation": self.operation,
            "provider": self.provider,
            "model": self.model,
            "attempts": len(self.attempts),
            "retries": self.retries,
            "error_type": self._error_type,
            "input_tokens": usage.input,
            "output_tokens": usage.output,
            "cache_read_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
            "reasoning_tokens": usage.reasoning,
            "cost_usd": self.cost.usd,
            "cost_source": self.cost.source,
            "duration": self.duration,
            "api_latency": self.api_latency,
            "retry_gap": self.retry_gap,
            "attempt_details": [
                {
                    "latency": attempt.latency,
                    "gap": attempt.gap,
                    "status": attempt.status,
                    "error_type": attempt.error_type or "",
                }
                for attempt in self.attempts
            ],
        }


def record_reading(reading: Reading, operation: str, began_at: int, seconds: float) -> None:
    """Records a call of which only what its client read is known; `began_at` in ns since 1970."""
    call = ModelCall(reading.model or "", reading.provider, operation)
    call.begin(began_at)
    call.take(reading)
    call.end(duration=seconds)


def provider_of(model: str) -> str:
    """The provider whose models are called like this one; `_OTHER` for a name of nobody we know."""
    return next((provider for prefix, provider in _FAMILIES if model.startswith(prefix)), OTHER)


def model_call(model: str = "", *, provider: str | None = None, operation: str = "chat") -> ModelCall:
    """A call to a model, recorded from here to the end of the `with` block.

    `provider` is a value of `gen_ai.provider.name` (guessed from the model's name if left out),
    `operation` one of `gen_ai.operation.name`.
    """
    return ModelCall(model, provider, operation)
