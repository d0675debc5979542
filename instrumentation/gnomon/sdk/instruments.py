"""The metrics of long-running services, made from the registry and bounded in their labels."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation

from gnomon.registry import attributes as a
from gnomon.registry import metrics, values
from gnomon.registry.model import Metric

if TYPE_CHECKING:
    from gnomon.sdk.calls import Finished

Labels = dict[str, str]

# One typo in a loop must not open a time series a turn.
_MAX_NAMES = 100

_AGENT = a.GEN_AI_AGENT_NAME.name
_DEPARTMENT = a.GNOMON_DEPARTMENT.name
_MODALITY = a.GEN_AI_TOKEN_MODALITY.name
_ERROR_TYPE = a.ERROR_TYPE.name
_REQUEST_MODEL = a.GEN_AI_REQUEST_MODEL.name
_RESPONSE_MODEL = a.GEN_AI_RESPONSE_MODEL.name
_FLEET = (a.DEPLOYMENT_ENVIRONMENT_NAME.name, _DEPARTMENT, _AGENT)
_TOKEN_TYPE = a.GEN_AI_TOKEN_TYPE.name
_COST_SOURCE = a.GNOMON_COST_SOURCE.name
_DROP_REASON = a.GNOMON_SPOOL_DROP_REASON.name


class BoundedNames:
    """Lets names through that are listed, or the first hundred where nothing is listed."""

    def __init__(self, listed: Collection[str] = ()) -> None:
        self._closed = bool(listed)
        self._known = set(listed)

    def __call__(self, name: str) -> str:
        """The name itself, or `_OTHER`."""
        if name in self._known:
            return name
        if self._closed or len(self._known) >= _MAX_NAMES:
            return values.OTHER
        self._known.add(name)
        return name


class Totals:
    """A counter that only adds to a dictionary when something happens and is read when collected.

    An ordinary counter of the SDK costs some 6 µs an addition, and a model call has up to eight.
    """

    def __init__(self, meter: Meter, metric: Metric) -> None:
        self._lock = threading.Lock()
        self._totals: dict[tuple[tuple[str, str], ...], float] = {}
        meter.create_observable_counter(metric.name, [self._observe], metric.unit, metric.brief)

    def add(self, amount: float, labels: Mapping[str, str]) -> None:
        """Adds to the series with these labels; 0 opens it."""
        key = tuple(labels.items())
        with self._lock:
            self._totals[key] = self._totals.get(key, 0) + amount

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        with self._lock:
            totals = list(self._totals.items())
        return [Observation(total, dict(key)) for key, total in totals]


class Instruments:
    """Everything the SDK measures; one object a meter provider.

    `agents` and `departments` are the names that the organisation lists in its settings; others
    become `_OTHER` on metrics (spans keep what was said).
    """

    def __init__(
        self,
        meter: Meter,
        *,
        dropped: Callable[[], Mapping[str, int]],
        agents: Collection[str] = (),
        departments: Collection[str] = (),
        second_generation: bool = False,
    ) -> None:
        self._agents = BoundedNames(agents)
        self._departments = BoundedNames(departments)
        self._names = {name: BoundedNames() for name in ("model", "tool", "skill", "workflow", "version")}
        self._duration = _histogram(meter, metrics.GEN_AI_CLIENT_INFERENCE_DURATION)
        self._first_chunk = _histogram(meter, metrics.GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK)
        self._input = Totals(meter, metrics.GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS)
        self._output = Totals(meter, metrics.GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS)
        self._cache_read = Totals(meter, metrics.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS)
        self._cache_write = Totals(meter, metrics.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS)
        self._reasoning = Totals(meter, metrics.GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS)
        self._retries = Totals(meter, metrics.GNOMON_MODEL_CALL_RETRIES)
        self._cost = Totals(meter, metrics.GNOMON_MODEL_CALL_COST_USD)
        self._unpriced = Totals(meter, metrics.GNOMON_MODEL_CALL_UNPRICED)
        self._agent = _histogram(meter, metrics.GEN_AI_INVOKE_AGENT_DURATION)
        self._workflow = _histogram(meter, metrics.GEN_AI_INVOKE_WORKFLOW_DURATION)
        self._tool = _histogram(meter, metrics.GEN_AI_EXECUTE_TOOL_DURATION)
        self._skill = _histogram(meter, metrics.GNOMON_SKILL_DURATION)
        self._old_duration = self._old_tokens = None
        if second_generation:
            self._old_duration = _histogram(meter, metrics.GEN_AI_CLIENT_OPERATION_DURATION)
            self._old_tokens = _histogram(meter, metrics.GEN_AI_CLIENT_TOKEN_USAGE)
        dropped_metric = metrics.GNOMON_SPOOL_DROPPED
        meter.create_observable_counter(
            dropped_metric.name,
            [lambda _options: [Observation(n, {_DROP_REASON: why}) for why, n in dropped().items()]],
            dropped_metric.unit,
            dropped_metric.brief,
        )

    def model_call(self, call: Finished) -> None:
        """Measures a finished model call."""
        labels = self._fleet(call.fleet)
        labels[a.GEN_AI_OPERATION_NAME.name] = call.operation
        labels[a.GEN_AI_PROVIDER_NAME.name] = call.provider
        for name, model in ((_REQUEST_MODEL, call.model), (_RESPONSE_MODEL, call.response_model)):
            if model:
                labels[name] = self._names["model"](model)
        with_error = {**labels, _ERROR_TYPE: call.error_type} if call.error_type else labels
        self._duration.record(call.duration, with_error)
        if call.time_to_first_chunk is not None:
            self._first_chunk.record(call.time_to_first_chunk, labels)
        self._tokens(call, labels)
        for error_type in call.retried:
            self._retries.add(1, {**labels, _ERROR_TYPE: error_type})
        if call.cost.usd is None:
            self._unpriced.add(1, labels)
        else:
            self._cost.add(call.cost.usd, {**labels, _COST_SOURCE: call.cost.source})
        if self._old_duration is not None:
            self._old_duration.record(call.duration, with_error)

    def _tokens(self, call: Finished, labels: Labels) -> None:
        usage = call.usage
        modal = {**labels, _MODALITY: "unknown" if usage is None else "text"}
        self._input.add(usage.input if usage else 0, modal)
        self._output.add(usage.output if usage else 0, modal)
        if usage is None:
            return
        for totals, tokens in (
            (self._cache_read, usage.cache_read),
            (self._cache_write, usage.cache_write),
            (self._reasoning, usage.reasoning),
        ):
            if tokens:
                totals.add(tokens, modal)
        if self._old_tokens is not None:
            self._old_tokens.record(usage.input, {**labels, _TOKEN_TYPE: "input"})
            self._old_tokens.record(usage.output, {**labels, _TOKEN_TYPE: "output"})

    def step(self, kind: str, seconds: float, attributes: Mapping[str, object], error_type: str) -> None:
        """Measures a finished agent, workflow, tool or skill step; `error_type` is empty on success."""
        labels = self._fleet(attributes)
        if error_type:
            labels[_ERROR_TYPE] = error_type
        histogram, name, bound = {
            "agent": (self._agent, a.GEN_AI_AGENT_VERSION.name, "version"),
            "workflow": (self._workflow, a.GEN_AI_WORKFLOW_NAME.name, "workflow"),
            "tool": (self._tool, a.GEN_AI_TOOL_NAME.name, "tool"),
            "skill": (self._skill, a.GEN_AI_SKILL_NAME.name, "skill"),
        }[kind]
        if (value := attributes.get(name)) is not None:
            labels[name] = self._names[bound](str(value))
        histogram.record(seconds, labels)

    def _fleet(self, attributes: Mapping[str, object]) -> Labels:
        labels = {name: str(attributes[name]) for name in _FLEET if name in attributes}
        if _AGENT in labels:
            labels[_AGENT] = self._agents(labels[_AGENT])
        if _DEPARTMENT in labels:
            labels[_DEPARTMENT] = self._departments(labels[_DEPARTMENT])
        return labels


def _histogram(meter: Meter, metric: Metric) -> Histogram:
    return meter.create_histogram(
        metric.name,
        metric.unit,
        metric.brief,
        explicit_bucket_boundaries_advisory=list(metric.buckets),
    )
