"""What a span means: which tables it goes to, and which attribute fills which column.

Everything here is a pure function of the span and its resource, so that no order, repetition or
division of spans over files changes what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Table

from gnomon import given
from gnomon.registry import attributes as names
from gnomon.registry import events, values
from gnomon_analysis.store import schema
from gnomon_analysis.store.otlp_lines import Span

Row = dict[str, Any]

RUN_SPAN = "test_run"
WORKER_SPAN = "test_worker"
ATTEMPT_SPAN = "test_attempt"

# The operations of OpenTelemetry's list that ask a model for something and are paid for.
MODEL_CALL_OPERATIONS = frozenset(
    {"chat", "generate_content", "text_completion", "embeddings", "fetch_response"}
)

_STEP_KINDS = {
    "create_agent": "agent",
    "invoke_agent": "agent",
    "invoke_workflow": "workflow",
    "plan": "agent",
    "execute_tool": "tool",
}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None if isinstance(value, (list, dict)) else str(value)


def _integer(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 2**63:
        return None
    return int(value)


def _tokens(value: Any) -> int | None:
    """What one call can have used: sums of any other numbers would overflow the database's integers."""
    number = _integer(value)
    return number if number is not None and 0 <= number <= given.LARGEST_COUNT else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _texts(value: Any) -> list[str] | None:
    return [str(item) for item in value] if isinstance(value, list) else None


class _Field(NamedTuple):
    column: str
    attribute: str
    read: Callable[[Any], Any]


def _fields(read: Callable[[Any], Any], **attributes: Any) -> tuple[_Field, ...]:
    return tuple(_Field(column, str(attribute), read) for column, attribute in attributes.items())


_RUN = (
    *_fields(
        _text,
        suite=names.TEST_SUITE_NAME,
        framework=names.GNOMON_RUN_FRAMEWORK,
        service=names.SERVICE_NAME,
        service_version=names.SERVICE_VERSION,
        environment=names.DEPLOYMENT_ENVIRONMENT_NAME,
        department=names.GNOMON_DEPARTMENT,
        agent=names.GEN_AI_AGENT_NAME,
        repository=names.VCS_REPOSITORY_NAME,
        repository_url=names.VCS_REPOSITORY_URL_FULL,
        revision=names.VCS_REF_HEAD_REVISION,
        ref_name=names.VCS_REF_HEAD_NAME,
        ref_type=names.VCS_REF_HEAD_TYPE,
        pipeline=names.CICD_PIPELINE_NAME,
        pipeline_run_id=names.CICD_PIPELINE_RUN_ID,
        pipeline_run_url=names.CICD_PIPELINE_RUN_URL_FULL,
        pipeline_worker=names.CICD_WORKER_NAME,
        golden_set_version=names.GNOMON_GOLDEN_SET_VERSION,
        skills_hash=names.GNOMON_SKILLS_HASH,
        config_hash=names.GNOMON_CONFIG_HASH,
        host=names.HOST_NAME,
        runtime=names.PROCESS_RUNTIME_NAME,
        runtime_version=names.PROCESS_RUNTIME_VERSION,
    ),
    *_fields(_integer, sequence=names.GNOMON_RUN_SEQUENCE, started_ns=names.GNOMON_RUN_STARTED_AT),
    *_fields(_boolean, dirty=names.GNOMON_VCS_DIRTY),
)

_RESULT = (
    *_fields(
        _text,
        suite=names.TEST_SUITE_NAME,
        case_id=names.GNOMON_TEST_CASE_ID,
        case_name=names.TEST_CASE_NAME,
        category=names.GNOMON_TEST_CATEGORY,
        outcome=names.GNOMON_TEST_OUTCOME,
        phase=names.GNOMON_TEST_PHASE,
        worker_id=names.GNOMON_WORKER_ID,
        error_type=names.ERROR_TYPE,
        message=names.GNOMON_TEST_MESSAGE,
        file=names.CODE_FILE_PATH,
        expected_skill=names.GNOMON_ROUTING_EXPECTED,
        actual_skill=names.GNOMON_ROUTING_ACTUAL,
        skill_hash=names.SKILL_MD_HASH,
    ),
    *_fields(
        _integer,
        attempts=names.GNOMON_TEST_ATTEMPTS,
        line=names.CODE_LINE_NUMBER,
        tools_expected=names.GNOMON_TOOL_USE_EXPECTED,
        tools_matched=names.GNOMON_TOOL_USE_MATCHED,
        stated_model_calls=names.GNOMON_TEST_MODEL_CALLS,
        stated_retries=names.GNOMON_TEST_RETRIES,
        stated_input_tokens=names.GNOMON_TEST_INPUT_TOKENS,
        stated_output_tokens=names.GNOMON_TEST_OUTPUT_TOKENS,
    ),
    *_fields(
        _number,
        duration=names.GNOMON_TEST_DURATION,
        call_duration=names.GNOMON_TEST_CALL_DURATION,
        confidence=names.GNOMON_ROUTING_CONFIDENCE,
        stated_api_latency=names.GNOMON_TEST_API_LATENCY,
        stated_cost_usd=names.GNOMON_TEST_COST_USD,
    ),
    *_fields(
        _boolean,
        correct=names.GNOMON_ROUTING_CORRECT,
        clarification_expected=names.GNOMON_ROUTING_CLARIFICATION_EXPECTED,
        clarification_asked=names.GNOMON_ROUTING_CLARIFICATION_ASKED,
    ),
    *_fields(
        _texts,
        alternate_skills=names.GNOMON_ROUTING_ALTERNATES,
        tools_missing=names.GNOMON_TOOL_USE_MISSING,
    ),
)

_ATTEMPT = (
    *_fields(
        _text,
        case_id=names.GNOMON_TEST_CASE_ID,
        outcome=names.GNOMON_TEST_ATTEMPT_OUTCOME,
        error_type=names.ERROR_TYPE,
    ),
    *_fields(_integer, number=names.GNOMON_TEST_ATTEMPT_NUMBER),
)

_WORKER = (
    *_fields(_text, worker_id=names.GNOMON_WORKER_ID),
    *_fields(_boolean, crashed=names.GNOMON_WORKER_CRASHED),
    *_fields(_number, busy_time=names.GNOMON_WORKER_BUSY_TIME),
)

_MODEL_CALL = (
    *_fields(
        _text,
        case_id=names.GNOMON_TEST_CASE_ID,
        case_name=names.TEST_CASE_NAME,
        worker_id=names.GNOMON_WORKER_ID,
        operation=names.GEN_AI_OPERATION_NAME,
        provider=names.GEN_AI_PROVIDER_NAME,
        request_model=names.GEN_AI_REQUEST_MODEL,
        response_model=names.GEN_AI_RESPONSE_MODEL,
        response_id=names.GEN_AI_RESPONSE_ID,
        cost_source=names.GNOMON_COST_SOURCE,
        price_source=names.GNOMON_COST_PRICE_SOURCE,
        error_type=names.ERROR_TYPE,
    ),
    *_fields(
        _integer,
        attempt=names.GNOMON_TEST_ATTEMPT_NUMBER,
        attempts=names.GNOMON_MODEL_CALL_ATTEMPTS,
        retries=names.GNOMON_MODEL_CALL_RETRIES,
    ),
    *_fields(
        _tokens,
        input_tokens=names.GEN_AI_USAGE_INPUT_TOKENS,
        output_tokens=names.GEN_AI_USAGE_OUTPUT_TOKENS,
        cache_read_tokens=names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        cache_write_tokens=names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
        reasoning_tokens=names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    ),
    *_fields(
        _number,
        api_latency=names.GNOMON_MODEL_CALL_API_LATENCY,
        retry_gap=names.GNOMON_MODEL_CALL_RETRY_GAP,
        cost_usd=names.GNOMON_COST_USD,
    ),
    # Names of earlier conventions, which other instrumentations still write; they fill what is empty.
    *_fields(_text, provider="gen_ai.system"),
    *_fields(
        _tokens,
        cache_write_tokens="gen_ai.usage.cache_creation.input_tokens",
        input_tokens="gen_ai.usage.prompt_tokens",
        output_tokens="gen_ai.usage.completion_tokens",
    ),
)

_MODEL_CALL_ATTEMPT = (
    *_fields(
        _number,
        latency=names.GNOMON_MODEL_CALL_ATTEMPT_LATENCY,
        gap=names.GNOMON_MODEL_CALL_ATTEMPT_GAP,
    ),
    *_fields(_integer, status_code=names.HTTP_RESPONSE_STATUS_CODE),
    *_fields(_text, error_type=names.ERROR_TYPE),
)

_STEP = (
    *_fields(
        _text,
        case_id=names.GNOMON_TEST_CASE_ID,
        agent_version=names.GEN_AI_AGENT_VERSION,
        tool=names.GEN_AI_TOOL_NAME,
        skill=names.GEN_AI_SKILL_NAME,
        workflow=names.GEN_AI_WORKFLOW_NAME,
        provider=names.GEN_AI_PROVIDER_NAME,
        model=names.GEN_AI_REQUEST_MODEL,
        error_type=names.ERROR_TYPE,
    ),
)

# Where a span says it, its word counts; else its resource's.
_ORIGIN = _fields(
    _text,
    service=names.SERVICE_NAME,
    environment=names.DEPLOYMENT_ENVIRONMENT_NAME,
    department=names.GNOMON_DEPARTMENT,
    agent=names.GEN_AI_AGENT_NAME,
)

_SUITE = str(names.TEST_SUITE_NAME)
_RUN_ID = str(names.GNOMON_RUN_ID)
_SEQUENCE = str(names.GNOMON_RUN_SEQUENCE)
_STARTED = str(names.GNOMON_RUN_STARTED_AT)
_OUTCOME = str(names.GNOMON_TEST_OUTCOME)
_ATTEMPT_OUTCOME = str(names.GNOMON_TEST_ATTEMPT_OUTCOME)
_CASE_STATUS = str(names.TEST_CASE_RESULT_STATUS)
_RUN_STATUS = str(names.TEST_SUITE_RUN_STATUS)
_EXIT_CODE = str(names.GNOMON_RUN_EXIT_CODE)
_COLLECTED = str(names.GNOMON_RUN_COLLECTED)
_OPERATION = str(names.GEN_AI_OPERATION_NAME)
_SKILL = str(names.GEN_AI_SKILL_NAME)
_CALL_ATTEMPTS = str(names.GNOMON_MODEL_CALL_ATTEMPTS)
_CALL_ATTEMPT_EVENT = str(events.GNOMON_MODEL_CALL_ATTEMPT)
_COLLECTION_ERROR = str(events.GNOMON_COLLECTION_ERROR)
_SKILL_LISTS = tuple(
    str(name) for name in (names.GNOMON_SKILLS_PATHS, names.GNOMON_SKILLS_HASHES, names.GNOMON_SKILLS_NAMES)
)
_CONFIG_LISTS = tuple(str(name) for name in (names.GNOMON_CONFIG_PATHS, names.GNOMON_CONFIG_HASHES))


class Records:
    """Rows to write, collected span by span.

    `runs` has one row a run id, already merged; `rows` the rows of the other tables, in which one key
    may stand more than once.
    """

    def __init__(self) -> None:
        self.runs: dict[str, Row] = {}
        self.rows: dict[Table, list[Row]] = {table: [] for table in _SPAN_TABLES}
        # Resources that were read already; holding them keeps their ids from being given again.
        self._resources: dict[tuple[str, int], Mapping[str, Any]] = {}

    def add(self, span: Span) -> None:
        """Sorts one span into its tables."""
        attributes = span.attributes
        run_id = _text(attributes.get(_RUN_ID) or span.resource.get(_RUN_ID) or "") or None
        if run_id is not None:
            self._add_to_run(run_id, span)
        if run_id is not None and span.name == RUN_SPAN:
            self._finish_run(self.runs[run_id], span)
        elif run_id is not None and span.name == WORKER_SPAN:
            self._add_worker(run_id, span)
        elif run_id is not None and (_OUTCOME in attributes or _CASE_STATUS in attributes):
            self._add_result(run_id, span)
        elif run_id is not None and (span.name == ATTEMPT_SPAN or _ATTEMPT_OUTCOME in attributes):
            self._add_attempt(run_id, span)
        elif attributes.get(_OPERATION) in MODEL_CALL_OPERATIONS or _CALL_ATTEMPTS in attributes:
            self._add_model_call(run_id, span)
        else:
            self._add_step(run_id, span)

    def _add_to_run(self, run_id: str, span: Span) -> None:
        run = self.runs.get(run_id)
        if run is None:
            run = self.runs[run_id] = _unfinished_run(run_id)
        if (run_id, id(span.resource)) not in self._resources:
            self._resources[run_id, id(span.resource)] = span.resource
            row, rest = _read(_RUN, span.resource, known=(_RUN_ID, *_SKILL_LISTS, *_CONFIG_LISTS))
            for column, value in {**row, "attributes": rest, "trace_id": span.trace_id}.items():
                if run[column] is None:
                    run[column] = value
            self._add_files(run_id, span.resource)
        # A test may record what is long over: the run began when it says, not when its oldest span did.
        started = span.started_ns if _STARTED not in span.resource else None
        if started and (run["started_ns"] is None or started < run["started_ns"]):
            run["started_ns"] = started
        if not run["complete"] and span.ended_ns and span.ended_ns > (run["ended_ns"] or 0):
            run["ended_ns"] = span.ended_ns

    def _finish_run(self, run: Row, span: Span) -> None:
        attributes = span.attributes
        run |= {
            "complete": True,
            "status": _text(attributes.get(_RUN_STATUS, ""))
            or ("failure" if span.status == "error" else "success"),
            "exit_code": _integer(attributes.get(_EXIT_CODE)),
            "collected": _integer(attributes.get(_COLLECTED)),
            "ended_ns": span.ended_ns or None,
            "suite": run["suite"] or _text(attributes.get(_SUITE, "")) or None,
        }
        if run["sequence"] is None:
            run["sequence"] = _integer(attributes.get(_SEQUENCE))
        if broken := [event.attributes for event in span.events if event.name == _COLLECTION_ERROR]:
            run["attributes"] = {**(run["attributes"] or {}), _COLLECTION_ERROR: broken}

    def _add_files(self, run_id: str, resource: Mapping[str, Any]) -> None:
        paths, hashes, skills = (_texts(resource.get(name)) or [] for name in _SKILL_LISTS)
        for index, (path, digest) in enumerate(zip(paths, hashes, strict=False)):
            name = skills[index] if index < len(skills) else None
            self.rows[schema.run_skills].append(
                {"run_id": run_id, "path": path, "hash": digest, "name": name}
            )
        paths, hashes = (_texts(resource.get(name)) or [] for name in _CONFIG_LISTS)
        self.rows[schema.run_config_files].extend(
            {"run_id": run_id, "path": path, "hash": digest}
            for path, digest in zip(paths, hashes, strict=False)
        )

    def _add_worker(self, run_id: str, span: Span) -> None:
        row, rest = _read(_WORKER, span.attributes, known=_OF_THE_RUN)
        row |= _keys(span) | {"run_id": run_id, "attributes": rest}
        row["worker_id"] = row["worker_id"] or ""
        row["crashed"] = bool(row["crashed"])
        self.rows[schema.workers].append(row)

    def _add_result(self, run_id: str, span: Span) -> None:
        row, rest = _read(_RESULT, span.attributes, known=(*_OF_THE_RUN, _CASE_STATUS))
        row |= _keys(span) | {"run_id": run_id, "attributes": rest}
        row["suite"] = row["suite"] or _text(span.resource.get(_SUITE, "")) or None
        row["case_name"] = row["case_name"] or row["case_id"] or span.name
        row["case_id"] = row["case_id"] or row["case_name"]
        row["outcome"] = row["outcome"] or (
            values.PASSED if span.attributes.get(_CASE_STATUS) == "pass" else values.FAILED
        )
        if row["attempts"] is None:
            row["attempts"] = 0 if row["outcome"] == values.NOT_RUN else 1
        self.rows[schema.results].append(row)

    def _add_attempt(self, run_id: str, span: Span) -> None:
        row, rest = _read(_ATTEMPT, span.attributes, known=_OF_THE_RUN)
        row |= _keys(span) | {"run_id": run_id, "result_span_id": span.parent_id, "attributes": rest}
        row["number"] = row["number"] or 1
        self.rows[schema.attempts].append(row)

    def _add_model_call(self, run_id: str | None, span: Span) -> None:
        row, rest = _read(_MODEL_CALL, span.attributes, known=(*_OF_THE_RUN, *_ORIGIN_NAMES))
        row |= _keys(span) | _origin(span)
        row |= {"run_id": run_id, "parent_span_id": span.parent_id, "attributes": rest}
        tried = [event for event in span.events if event.name == _CALL_ATTEMPT_EVENT]
        row["attempts"] = row["attempts"] or len(tried) or 1
        if row["retries"] is None:
            row["retries"] = row["attempts"] - 1
        if row["error_type"] is None and span.status == "error":
            row["error_type"] = values.OTHER
        self.rows[schema.model_calls].append(row)
        for number, event in enumerate(tried, start=1):
            attempt, _ = _read(_MODEL_CALL_ATTEMPT, event.attributes)
            self.rows[schema.model_call_attempts].append(
                attempt
                | {"trace_id": span.trace_id, "span_id": span.span_id, "number": number}
                | {"time_ns": event.time_ns or None}
            )

    def _add_step(self, run_id: str | None, span: Span) -> None:
        row, rest = _read(_STEP, span.attributes, known=(*_OF_THE_RUN, *_ORIGIN_NAMES, _OPERATION))
        row |= _keys(span) | _origin(span)
        kind = _STEP_KINDS.get(str(span.attributes.get(_OPERATION)), "other")
        if run_id is None and kind == "agent":
            rest = _deployed(span) | (rest or {}) or None
        row |= {
            "run_id": run_id,
            "parent_span_id": span.parent_id,
            "kind": "skill" if kind == "tool" and _SKILL in span.attributes else kind,
            "name": span.name,
            "status": span.status,
            "attributes": rest,
        }
        self.rows[schema.spans].append(row)


def _deployed(span: Span) -> Row:
    """What was deployed where an agent worked outside of test runs, as its resource says."""
    told = {name: _text(span.resource.get(name) or "") for name in _DEPLOYED}
    return {name: value for name, value in told.items() if value}


# A run of tests keeps these with the run; an agent in operation has no other place for them.
_DEPLOYED = (str(names.SERVICE_VERSION), str(names.VCS_REF_HEAD_REVISION))

_SPAN_TABLES = (
    schema.run_skills,
    schema.run_config_files,
    schema.workers,
    schema.results,
    schema.attempts,
    schema.model_calls,
    schema.model_call_attempts,
    schema.spans,
)

# Said by every span of a run and kept with the run.
_OF_THE_RUN = (_RUN_ID, _SEQUENCE)
_ORIGIN_NAMES = tuple(field.attribute for field in _ORIGIN)


def _unfinished_run(run_id: str) -> Row:
    run: Row = dict.fromkeys((column.name for column in schema.runs.columns), None)
    return run | {"run_id": run_id, "status": "aborted", "complete": False}


def _read(
    fields: Sequence[_Field], attributes: Mapping[str, Any], known: Sequence[str] = ()
) -> tuple[Row, Row | None]:
    """The columns that the attributes fill, and the attributes that are left over (`None`: none)."""
    row: Row = {}
    rest = dict(attributes)
    for column, attribute, read in fields:
        value = rest.get(attribute)
        readable = None if value is None else read(value)
        if readable is not None:
            del rest[attribute]
        if row.get(column) is None:
            row[column] = readable
    for attribute in known:
        rest.pop(attribute, None)
    return row, rest or None


def _keys(span: Span) -> Row:
    return {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "started_ns": span.started_ns,
        "ended_ns": span.ended_ns,
    }


def _origin(span: Span) -> Row:
    own, _ = _read(_ORIGIN, span.attributes)
    resource, _ = _read(_ORIGIN, span.resource)
    return {column: resource[column] if value is None else value for column, value in own.items()}
