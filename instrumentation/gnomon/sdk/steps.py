"""Spans of fleets: agents, workflows, tools and skills, as context managers and decorators."""

from __future__ import annotations

import functools
import inspect
import json
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, ParamSpec, Self, TypeVar, cast

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from gnomon import error_types
from gnomon.registry import attributes as a
from gnomon.registry import events
from gnomon.registry.values import ERROR_TYPES
from gnomon.sdk import recorder as recorders
from gnomon.sdk.block import Block
from gnomon.sdk.generators import async_generator, generator
from gnomon.sdk.guard import failed
from gnomon.sdk.recorder import Recorder
from gnomon.sdk.times import Moment, span_of_time

P = ParamSpec("P")
R = TypeVar("R")

Kind = Literal["agent", "workflow", "tool", "skill"]

FLEET_KEY = otel_context.create_key("gnomon-fleet")
"""Under this key of a context lie the attributes that a step hands down to what runs inside it."""

# What a step says of itself and is true of everything inside it, too.
_INHERITED = frozenset(
    {a.GNOMON_DEPARTMENT.name, a.DEPLOYMENT_ENVIRONMENT_NAME.name, a.GEN_AI_AGENT_NAME.name}
)
_OPERATION = a.GEN_AI_OPERATION_NAME.name
_ERROR_TYPE = a.ERROR_TYPE.name
_EXCEPTION_EVENT = events.EXCEPTION.name

_CONTENT_CHARACTERS = 65_536
_MESSAGE_CHARACTERS = 500
_STACK_FRAMES = 20


def inherited(context: Context) -> Mapping[str, AttributeValue]:
    """The attributes that the steps around hand down."""
    return cast(Mapping[str, AttributeValue], context.get(FLEET_KEY) or {})


def content_text(value: object) -> str:
    """A prompt or an answer as text: strings as they are, everything else as JSON, bounded in length."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _CONTENT_CHARACTERS else text[: _CONTENT_CHARACTERS - 1] + "…"


def record_exception(
    span: Span, error: BaseException, *, message: bool, timestamp: int | None = None
) -> None:
    """Adds the exception event: its type, where it came from and, if allowed, its bounded text.

    The stack trace names places only: the SDK's own would repeat the text and quote local source.
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    places = deque(traceback.walk_tb(error.__traceback__), maxlen=_STACK_FRAMES)
    attributes = {
        a.EXCEPTION_TYPE.name: name,
        a.EXCEPTION_STACKTRACE.name: "\n".join(
            f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}" for frame, line in places
        ),
    }
    if message:
        try:
            attributes[a.EXCEPTION_MESSAGE.name] = str(error)[:_MESSAGE_CHARACTERS]
        except Exception as failure:  # the host's own `__str__`
            failed("reading an exception", failure)
    span.add_event(_EXCEPTION_EVENT, attributes, timestamp)


class Step(Block):
    """A running agent, workflow, tool or skill; also the decorator that runs a function as one.

    Works with `with`, `async with` and as a decorator of functions, coroutines, generators and async
    generators. Exceptions of the host pass through untouched. Where nothing records, all of it does
    nothing.
    """

    __slots__ = (
        "_attributes",
        "_began_at",
        "_busy",
        "_context",
        "_duration",
        "_error_type",
        "_kind",
        "_name",
        "_process",
        "_recorder",
        "_shared",
        "_span",
        "_start",
        "_told",
    )

    def __init__(self, kind: Kind, name: str, attributes: dict[str, AttributeValue]) -> None:
        super().__init__()
        self._kind: Kind = kind
        self._name = name
        self._process = 0
        self._attributes = attributes
        self._told: Mapping[str, AttributeValue] = attributes
        self._span: Span | None = None
        self._recorder: Recorder | None = None
        self._context: Context | None = None
        self._error_type = ""
        self._busy = self._shared = False
        self._start = 0.0
        self._began_at: int | None = None
        self._duration: float | None = None

    # --- what the host may say of it ---------------------------------------------------------------

    def set(self, key: str, value: AttributeValue) -> None:
        """Sets an attribute of the span; before the block, of each that will be."""
        if self._span is None:
            self._attributes[key] = value
            return
        try:
            self._span.set_attribute(key, value)
        except Exception as error:
            failed("setting an attribute", error)

    def past(
        self, *, start: Moment | None = None, end: Moment | None = None, duration: float | None = None
    ) -> Self:
        """Makes it a step that is over: recorded with these times, whatever the clock says meanwhile.

        `start` and `end` are datetimes or seconds since 1970; of start, end and `duration` (seconds) two
        do. What is recorded inside belongs to it: other such steps, and `record_model_call`.
        """
        try:
            self._began_at, self._duration = span_of_time(start, end, duration)
        except Exception as error:
            failed("reading the times of a step", error)
        return self

    def fail(self, error_type: str = error_types.OTHER) -> None:
        """Marks the step as failed without an exception; `error_type` should be of few values."""
        self._error_type = error_type

    def input(self, content: object) -> None:
        """What went in. Recorded only where the capture of content is switched on."""
        self._content(a.GEN_AI_INPUT_MESSAGES.name, a.GEN_AI_TOOL_CALL_ARGUMENTS.name, content)

    def output(self, content: object) -> None:
        """What came out. Recorded only where the capture of content is switched on."""
        self._content(a.GEN_AI_OUTPUT_MESSAGES.name, a.GEN_AI_TOOL_CALL_RESULT.name, content)

    @property
    def span(self) -> Span:
        """OpenTelemetry's span; an invalid one where nothing records."""
        return self._span or trace.INVALID_SPAN

    @property
    def trace_id(self) -> str:
        """Lower-case hex trace id; 32 zeros where nothing records."""
        return f"{self.span.get_span_context().trace_id:032x}"

    @property
    def span_id(self) -> str:
        """Lower-case hex span id; 16 zeros where nothing records."""
        return f"{self.span.get_span_context().span_id:016x}"

    def _content(self, messages: str, of_a_tool: str, content: object) -> None:
        if self._recorder is None or not self._recorder.capture_content:
            return
        try:
            self.set(of_a_tool if self._kind in ("tool", "skill") else messages, content_text(content))
        except Exception as error:
            failed("recording content", error)

    # --- its life ----------------------------------------------------------------------------------

    def begin(self) -> Context | None:
        """Starts the span without making it current; gives the context to run under."""
        try:
            self._recorder = recorder = recorders.current()
            if recorder is None:
                return None
            self._process = recorders.process
            around = otel_context.get_current()
            self._told = attributes = {**inherited(around), **self._attributes}
            self._start = time.perf_counter()
            self._span = recorder.start(self._name, SpanKind.INTERNAL, attributes, around, self._began_at)
            inner = trace.set_span_in_context(self._span, around)
            handed_down = {key: value for key, value in attributes.items() if key in _INHERITED}
            self._context = otel_context.set_value(FLEET_KEY, handed_down, inner) if handed_down else inner
        except Exception as error:
            failed("starting a span", error)
        return self._context

    def end(self, error: BaseException | None = None) -> None:
        """Ends the span; an exception marks it as failed (leaving a generator early does not)."""
        span, recorder = self._span, self._recorder
        if span is None or recorder is None or self._process != recorders.process:
            return
        error = error_types.failure_in(error)
        try:
            ended = None
            if self._began_at is not None and self._duration is not None:
                ended = self._began_at + int(self._duration * 1e9)
            if error is not None:
                self._error_type = self._error_type or type(error).__qualname__
                record_exception(span, error, message=recorder.capture_messages, timestamp=ended)
            if self._error_type:
                span.set_attribute(_ERROR_TYPE, self._error_type)
                span.set_status(Status(StatusCode.ERROR))
            span.end(ended)
            if recorder.instruments is not None:
                kind_of_error = error_types.of_exception(error) if error is not None else self._error_type
                recorder.instruments.step(
                    self._kind,
                    time.perf_counter() - self._start if self._duration is None else self._duration,
                    self._told,
                    _bounded_error(kind_of_error, self._kind) if self._error_type else "",
                )
        except Exception as failure:
            failed("ending a span", failure)
        self._error_type = ""  # the same object may run again, one time after the other

    # --- one object, several blocks at once ----------------------------------------------------------

    def __enter__(self) -> Self:
        if self._busy or (self._shared and self._beside() is not None):
            return self._enter_beside()
        self._busy = True
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        if self._shared and (copy := self._beside()) is not None:
            copy.__exit__(kind, error, trace_back)
            return
        super().__exit__(kind, error, trace_back)
        self._busy = False

    @property
    def _key(self) -> str:
        return f"gnomon-step-{id(self)}"

    def _beside(self) -> Step | None:
        """The copy whose block this code runs in; each thread and task has its own."""
        return cast("Step | None", otel_context.get_value(self._key))

    def _enter_beside(self) -> Self:
        """A copy, for a block that begins while another of this object lasts, in it or in another thread."""
        self._shared = True
        copy = self._again()
        copy._busy = True
        context = copy.begin() or otel_context.get_current()
        copy._token = otel_context.attach(otel_context.set_value(self._key, copy, context))
        return cast(Self, copy)

    # --- as a decorator ----------------------------------------------------------------------------

    def _again(self) -> Step:
        return Step(self._kind, self._name, dict(self._attributes))

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, run as this step each time it is called."""
        wrapper: Any
        if isinstance(function, (classmethod, staticmethod)):
            wrapper = type(function)(self(function.__func__))

        elif inspect.isasyncgenfunction(function):
            wrapper = async_generator(function, self._again)

        elif inspect.isgeneratorfunction(function):
            wrapper = generator(function, self._again)

        elif any(map(inspect.iscoroutinefunction, (function, type(function).__call__))):

            @functools.wraps(function)
            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return await cast(Any, function)(*args, **kwargs)

        else:

            @functools.wraps(function)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return function(*args, **kwargs)

        return cast("Callable[P, R]", wrapper)


def _bounded_error(error_type: str, kind: Kind) -> str:
    if error_type not in ERROR_TYPES:
        return error_types.OTHER
    return error_types.TOOL if error_type == error_types.OTHER and kind in ("tool", "skill") else error_type


def _unnamed(kind: Callable[[str], Step], function: Callable[..., Any]) -> Step:
    """A function in place of the name: `@gnomon.tool`, which should have been `@gnomon.tool("…")`."""
    name = getattr(function, "__name__", type(function).__name__)
    return cast(Step, kind(name)(function))


# --- the four kinds --------------------------------------------------------------------------------


def _attributes(operation: str, **named: AttributeValue | None) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {_OPERATION: operation}
    for constant, value in named.items():
        if value is not None:
            attributes[_NAMES[constant]] = value
    return attributes


_NAMES = {
    "agent": a.GEN_AI_AGENT_NAME.name,
    "agent_id": a.GEN_AI_AGENT_ID.name,
    "version": a.GEN_AI_AGENT_VERSION.name,
    "description": a.GEN_AI_AGENT_DESCRIPTION.name,
    "department": a.GNOMON_DEPARTMENT.name,
    "environment": a.DEPLOYMENT_ENVIRONMENT_NAME.name,
    "provider": a.GEN_AI_PROVIDER_NAME.name,
    "model": a.GEN_AI_REQUEST_MODEL.name,
    "conversation": a.GEN_AI_CONVERSATION_ID.name,
    "workflow": a.GEN_AI_WORKFLOW_NAME.name,
    "tool": a.GEN_AI_TOOL_NAME.name,
    "tool_type": a.GEN_AI_TOOL_TYPE.name,
    "call_id": a.GEN_AI_TOOL_CALL_ID.name,
    "skill": a.GEN_AI_SKILL_NAME.name,
    "skill_description": a.GEN_AI_SKILL_DESCRIPTION.name,
    "source_uri": a.GEN_AI_SKILL_SOURCE_URI.name,
    "resource_name": a.GEN_AI_SKILL_RESOURCE_NAME.name,
    "skill_hash": a.SKILL_MD_HASH.name,
}


def agent(
    name: str,
    *,
    department: str | None = None,
    environment: str | None = None,
    version: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    id: str | None = None,
    description: str | None = None,
    conversation: str | None = None,
) -> Step:
    """An agent's work on one request (`invoke_agent`).

    Department, environment and the agent's name pass down to every step and model call inside.
    """
    if callable(name):
        return _unnamed(agent, name)
    attributes = _attributes(
        "invoke_agent",
        agent=name,
        agent_id=id,
        version=version,
        description=description,
        department=department,
        environment=environment,
        provider=provider,
        model=model,
        conversation=conversation,
    )
    return Step("agent", f"invoke_agent {name}", attributes)


def workflow(name: str, *, department: str | None = None, environment: str | None = None) -> Step:
    """A workflow of several agents or steps (`invoke_workflow`)."""
    if callable(name):
        return _unnamed(workflow, name)
    attributes = _attributes("invoke_workflow", workflow=name, department=department, environment=environment)
    return Step("workflow", f"invoke_workflow {name}", attributes)


def tool(
    name: str,
    *,
    type: str | None = None,
    call_id: str | None = None,
) -> Step:
    """One call of a tool (`execute_tool`)."""
    if callable(name):
        return _unnamed(tool, name)
    return Step(
        "tool",
        f"execute_tool {name}",
        _attributes("execute_tool", tool=name, tool_type=type, call_id=call_id),
    )


def skill(
    name: str,
    *,
    tool: str = "skill",
    agent: str | None = None,
    department: str | None = None,
    environment: str | None = None,
    version: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    description: str | None = None,
    source_uri: str | None = None,
    resource: str | None = None,
    content_hash: str | None = None,
) -> Step:
    """One use of a skill: OpenTelemetry's `execute_tool` refined by the skill's name.

    `tool` is the tool by which the agent loads skills, `version` the agent's version, `source_uri` the
    skill's origin without credentials, `resource` the logical path of a file of the skill that was
    read, `content_hash` the id that git gives the bytes of its SKILL.md.
    """
    if callable(name):
        return _unnamed(skill, name)
    attributes = _attributes(
        "execute_tool",
        tool=tool,
        skill=name,
        agent=agent,
        version=version,
        department=department,
        environment=environment,
        provider=provider,
        model=model,
        skill_description=description,
        source_uri=source_uri,
        resource_name=resource,
        skill_hash=content_hash,
    )
    span_name = f"execute_tool {tool} {name}" + (f" {resource}" if resource else "")
    return Step("skill", span_name, attributes)
