"""The tables of the results store, one description for SQLite and PostgreSQL.

Rows of spans are keyed by (trace_id, span_id), so that the same span read twice, from whatever file,
is one row. Times are nanoseconds since the Unix epoch, durations seconds, costs US dollars; an empty
string in `expected_skill` and `actual_skill` means "no skill", NULL "not stated". `attributes` keeps
every attribute that has no column of its own.

A change here needs a new revision in `migrations/versions` (a test compares both).
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

# The newest revision in `migrations/versions`.
REVISION = "0001"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def _run_id(*, nullable: bool = False) -> Column[str]:
    return Column("run_id", Text, ForeignKey("runs.run_id", ondelete="CASCADE"), nullable=nullable)


runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("trace_id", Text),
    Column("sequence", BigInteger),
    Column("suite", Text),
    Column("status", Text, nullable=False),
    # Whether the run's own span has arrived; without it the run was killed or is not all there.
    Column("complete", Boolean, nullable=False),
    Column("exit_code", BigInteger),
    Column("collected", BigInteger),
    Column("framework", Text),
    Column("started_ns", BigInteger),
    Column("ended_ns", BigInteger),
    Column("service", Text),
    Column("service_version", Text),
    Column("environment", Text),
    Column("department", Text),
    Column("agent", Text),
    Column("repository", Text),
    Column("repository_url", Text),
    Column("revision", Text),
    Column("ref_name", Text),
    Column("ref_type", Text),
    Column("dirty", Boolean),
    Column("pipeline", Text),
    Column("pipeline_run_id", Text),
    Column("pipeline_run_url", Text),
    Column("pipeline_worker", Text),
    Column("golden_set_version", Text),
    Column("skills_hash", Text),
    Column("config_hash", Text),
    Column("host", Text),
    Column("runtime", Text),
    Column("runtime_version", Text),
    Column("attributes", _Json),
    Index(None, "suite", "started_ns"),
    Index(None, "revision"),
    Index(None, "sequence"),
    Index(None, "trace_id"),
)

run_skills = Table(
    "run_skills",
    metadata,
    Column("run_id", Text, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("name", Text),
    Column("hash", Text, nullable=False),
    Index(None, "hash"),
)

run_config_files = Table(
    "run_config_files",
    metadata,
    Column("run_id", Text, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("hash", Text, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("trace_id", Text, primary_key=True),
    Column("span_id", Text, primary_key=True),
    _run_id(),
    Column("worker_id", Text, nullable=False),
    Column("crashed", Boolean, nullable=False),
    Column("busy_time", Double),
    Column("started_ns", BigInteger),
    Column("ended_ns", BigInteger),
    Column("attributes", _Json),
    Index(None, "run_id"),
)

results = Table(
    "results",
    metadata,
    Column("trace_id", Text, primary_key=True),
    Column("span_id", Text, primary_key=True),
    _run_id(),
    Column("suite", Text),
    Column("case_id", Text, nullable=False),
    Column("case_name", Text, nullable=False),
    Column("category", Text),
    Column("outcome", Text, nullable=False),
    Column("phase", Text),
    Column("attempts", BigInteger, nullable=False),
    Column("duration", Double),
    Column("call_duration", Double),
    Column("worker_id", Text),
    Column("error_type", Text),
    Column("message", Text),
    Column("file", Text),
    Column("line", BigInteger),
    Column("started_ns", BigInteger),
    Column("ended_ns", BigInteger),
    Column("expected_skill", Text),
    Column("alternate_skills", _Json),
    Column("actual_skill", Text),
    Column("correct", Boolean),
    Column("clarification_expected", Boolean),
    Column("clarification_asked", Boolean),
    Column("confidence", Double),
    Column("tools_expected", BigInteger),
    Column("tools_matched", BigInteger),
    Column("tools_missing", _Json),
    Column("skill_hash", Text),
    # What the test itself says about its model calls. Totals are counted in `model_calls`.
    Column("stated_model_calls", BigInteger),
    Column("stated_retries", BigInteger),
    Column("stated_api_latency", Double),
    Column("stated_input_tokens", BigInteger),
    Column("stated_output_tokens", BigInteger),
    Column("stated_cost_usd", Double),
    Column("attributes", _Json),
    Index(None, "run_id", "case_id"),
    Index(None, "suite", "case_id", "started_ns"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("trace_id", Text, primary_key=True),
    Column("span_id", Text, primary_key=True),
    _run_id(),
    Column("result_span_id", Text),
    Column("case_id", Text),
    Column("number", BigInteger, nullable=False),
    Column("outcome", Text),
    Column("error_type", Text),
    Column("started_ns", BigInteger),
    Column("ended_ns", BigInteger),
    Column("attributes", _Json),
    Index(None, "trace_id", "result_span_id"),
    Index(None, "run_id"),
)

model_calls = Table(
    "model_calls",
    metadata,
    Column("trace_id", Text, primary_key=True),
    Column("span_id", Text, primary_key=True),
    Column("parent_span_id", Text),
    _run_id(nullable=True),
    Column("case_id", Text),
    Column("case_name", Text),
    Column("attempt", BigInteger),
    Column("worker_id", Text),
    Column("service", Text),
    Column("environment", Text),
    Column("department", Text),
    Column("agent", Text),
    Column("operation", Text),
    Column("provider", Text),
    Column("request_model", Text),
    Column("response_model", Text),
    Column("response_id", Text),
    Column("started_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("retries", BigInteger, nullable=False),
    Column("api_latency", Double),
    Column("retry_gap", Double),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cache_read_tokens", BigInteger),
    Column("cache_write_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    Column("cost_usd", Double),
    Column("cost_source", Text),
    Column("price_source", Text),
    Column("error_type", Text),
    Column("attributes", _Json),
    Index(None, "run_id", "case_id"),
    Index(None, "started_ns"),
)

model_call_attempts = Table(
    "model_call_attempts",
    metadata,
    Column("trace_id", Text, primary_key=True),
    Column("span_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("time_ns", BigInteger),
    Column("latency", Double),
    Column("gap", Double),
    Column("status_code", BigInteger),
    Column("error_type", Text),
)

# Steps of agents: agent, tool, workflow and skill spans, and whatever else came along in a trace.
spans = Table(
    "spans",
    metadata,
    Column("trace_id", Text, primary_key=True),
    Column("span_id", Text, primary_key=True),
    Column("parent_span_id", Text),
    _run_id(nullable=True),
    Column("case_id", Text),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("service", Text),
    Column("environment", Text),
    Column("department", Text),
    Column("agent", Text),
    Column("agent_version", Text),
    Column("tool", Text),
    Column("skill", Text),
    Column("workflow", Text),
    Column("provider", Text),
    Column("model", Text),
    Column("started_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("error_type", Text),
    Column("attributes", _Json),
    Index(None, "run_id"),
    Index(None, "kind", "started_ns"),
)

# One row a spool file that was read. `source` tells apart equal names in different spools.
ingested_files = Table(
    "ingested_files",
    metadata,
    Column("source", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),
    Column("ingested_ns", BigInteger, nullable=False),
    Column("spans", BigInteger, nullable=False),
)

# Lines that could not be read, with what was wrong with them.
damaged_lines = Table(
    "damaged_lines",
    metadata,
    Column("source", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("text", Text, nullable=False),
)
