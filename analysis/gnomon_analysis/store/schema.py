"""The tables of the results store, one description for SQLite and PostgreSQL.

Rows of spans are keyed by (trace_id, span_id), so that the same span read twice, from whatever file,
is one row. Times are nanoseconds since the Unix epoch, durations seconds, costs US dollars; an empty
string in `expected_skill` and `actual_skill` means "no skill", NULL "not stated". `attributes` keeps
every attribute that has no column of its own.

A change here needs a new revision in `migrations/versions` (a test compares both).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
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
REVISION = "0002"

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

# One row a spool file that was read, and one a machine that traces were sent to. `source` tells apart equal
# names in different spools.
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

# One row a file that a commit changed, and one a change that no commit made (another model, provider,
# environment or golden set, seen in the telemetry): what a movement of a metric can be due to.
skill_change_events = Table(
    "skill_change_events",
    metadata,
    # Hash of what identifies the change, so that noticing it again adds nothing.
    Column("event_id", Text, primary_key=True),
    # Where it was noticed: `git`, or `telemetry` for a change that is in no commit.
    Column("source", Text, nullable=False),
    Column("repository", Text, nullable=False),
    Column("revision", Text),
    Column("parent", Text),
    Column("ref_name", Text),
    Column("author", Text),
    Column("subject", Text),
    Column("authored_ns", BigInteger),
    # When it came into force: the commit's own time, or the first run that showed it.
    Column("changed_ns", BigInteger, nullable=False),
    Column("noticed_ns", BigInteger, nullable=False),
    # What was changed: `skill`, `prompt`, `agent_config`, `model_config`, `tool_config`, `golden_set`,
    # `prices`; `model`, `provider`, `environment` without a commit.
    Column("kind", Text, nullable=False),
    # What was done to it: `added`, `modified`, `deleted`, `renamed`, `switched`.
    Column("change", Text, nullable=False),
    Column("path", Text),
    Column("old_path", Text),
    Column("skill", Text),
    # Ids that git gives the bytes, as in `run_skills`; for a switch the two values.
    Column("old_hash", Text),
    Column("new_hash", Text),
    Column("lines_added", BigInteger),
    Column("lines_deleted", BigInteger),
    Column("old_tokens", BigInteger),
    Column("new_tokens", BigInteger),
    # Parts that differ, as a list of {part, name, change, old, new}: front-matter keys, sections, keys.
    Column("parts", _Json),
    Column("summary", Text),
    Column("diff", Text),
    Column("attributes", _Json),
    Index(None, "repository", "revision"),
    Index(None, "changed_ns"),
    Index(None, "skill", "changed_ns"),
    Index(None, "new_hash"),
)

# One row a metric in a scope that moved, or could not be judged: a finding. It keeps its id when later
# runs move, confirm or withdraw it.
change_impacts = Table(
    "change_impacts",
    metadata,
    Column("impact_id", Text, primary_key=True),
    Column("repository", Text, nullable=False),
    Column("suite", Text),
    Column("environment", Text),
    Column("department", Text),
    Column("agent", Text),
    # `routing_accuracy`, `tool_use_accuracy`, `clarification_rate`, `pass_rate`, `latency`, `attempts`,
    # `retries`, `tokens`, `cost`; of agents, departments and models outside of tests also `success_rate` and
    # `call_latency`.
    Column("metric", Text, nullable=False),
    # UCUM unit of `before`, `after` and `difference…`.
    Column("unit", Text, nullable=False),
    # Whether more of it is better.
    Column("more_is_better", Boolean, nullable=False),
    # `suite`, `skill`, `category`, `case`, `agent`, `department`, `model`; `scope` is its name.
    Column("scope_kind", Text, nullable=False),
    Column("scope", Text, nullable=False),
    # The likeliest commit, outside of tests the deployed version where it names none; NULL where none of them
    # can be named. `candidates` holds [{revision, share}], the most
    # likely first, that together hold the cause with 95 %.
    Column("revision", Text),
    Column("candidates", _Json),
    # The newest run commit that still was as before, and the oldest that was as after.
    Column("before_revision", Text),
    Column("after_revision", Text),
    # When the after-side began.
    Column("changed_ns", BigInteger, nullable=False),
    Column("before", Double),
    Column("after", Double),
    Column("difference", Double),
    # 95 % interval of the difference.
    Column("difference_low", Double),
    Column("difference_high", Double),
    Column("runs_before", BigInteger, nullable=False),
    Column("runs_after", BigInteger, nullable=False),
    Column("cases_moved", BigInteger),
    # Probability that there is a change, and that it is `revision`.
    Column("p_change", Double),
    Column("p_commit", Double),
    # `improvement`, `regression`, `unchanged`, `upstream`, `drift`, `inconclusive`, `not_enough_runs`.
    Column("verdict", Text, nullable=False),
    # `open`, `confirmed` by a rerun or an experiment, `withdrawn` by later data.
    Column("status", Text, nullable=False),
    # How many more runs would decide, where there are not enough.
    Column("runs_needed", BigInteger),
    # The finding in one sentence, what moved or changed at the same place, and what to do next.
    Column("sentence", Text, nullable=False),
    Column("also", _Json),
    Column("advice", Text),
    Column("found_ns", BigInteger, nullable=False),
    Column("updated_ns", BigInteger, nullable=False),
    Column("attributes", _Json),
    Index(None, "repository", "revision"),
    Index(None, "changed_ns"),
    Index(None, "suite", "metric", "changed_ns"),
)

# The cases behind a finding, before and after.
change_impact_cases = Table(
    "change_impact_cases",
    metadata,
    Column(
        "impact_id",
        Text,
        ForeignKey("change_impacts.impact_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("case_id", Text, primary_key=True),
    Column("before", Double),
    Column("after", Double),
    Column("runs_before", BigInteger, nullable=False),
    Column("runs_after", BigInteger, nullable=False),
    Column("old_skill", Text),
    Column("new_skill", Text),
    Index(None, "case_id"),
)

# What the views of the newest revision show: columns and their types. A view is written as SQL in its
# revision; these tables are never created.
views = MetaData()

_Moment = DateTime(timezone=True)


def _like(table: Table) -> list[Column[Any]]:
    return [Column(column.name, column.type) for column in table.columns]


def _of_run() -> list[Column[Any]]:
    return [
        Column("run_id", Text),
        Column("sequence", BigInteger),
        # End of the run, where its points stand in Prometheus; of one that was killed, the last it did.
        Column("run_at", _Moment),
        Column("suite", Text),
        Column("environment", Text),
        Column("department", Text),
        Column("agent", Text),
        Column("repository", Text),
        Column("revision", Text),
        Column("dirty", Boolean),
        Column("ref_name", Text),
        # The service's version, else the tag that was checked out.
        Column("release", Text),
        # The release, else the commit, with a `+` where tracked files differed from it.
        Column("version", Text),
        Column("golden_set_version", Text),
        Column("skills_hash", Text),
        Column("config_hash", Text),
    ]


case_results = Table(
    "case_results",
    views,
    *_of_run(),
    Column("case_id", Text),
    Column("case_name", Text),
    Column("category", Text),
    Column("outcome", Text),
    # True, false, or NULL for an outcome that is neither (skipped, not run …).
    Column("passed", Boolean),
    Column("attempts", BigInteger),
    Column("duration", Double),
    Column("worker_id", Text),
    Column("error_type", Text),
    Column("message", Text),
    Column("expected_skill", Text),
    Column("actual_skill", Text),
    Column("correct", Boolean),
    Column("clarification_expected", Boolean),
    Column("clarification_asked", Boolean),
    Column("confidence", Double),
    Column("tools_expected", BigInteger),
    Column("tools_matched", BigInteger),
    Column("tools_missing", _Json),
    Column("skill_hash", Text),
    # Models that the test called, joined by " + "; NULL for none.
    Column("model", Text),
    # Sums over its model calls; NULL without any, or where none is known.
    Column("retries", BigInteger),
    Column("tokens", BigInteger),
    Column("cost_usd", Double),
    Column("trace_id", Text),
    Column("span_id", Text),
)

run_model_calls = Table(
    "run_model_calls",
    views,
    *_of_run(),
    Column("case_id", Text),
    Column("category", Text),
    Column("model", Text),
    Column("provider", Text),
    Column("operation", Text),
    Column("started_at", _Moment),
    Column("duration", Double),
    Column("attempts", BigInteger),
    Column("retries", BigInteger),
    Column("api_latency", Double),
    Column("retry_gap", Double),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cache_read_tokens", BigInteger),
    Column("cache_write_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    Column("cost_usd", Double),
    Column("cost_source", Text),
    Column("error_type", Text),
    Column("trace_id", Text),
    Column("span_id", Text),
)

run_totals = Table(
    "run_totals",
    views,
    *_of_run(),
    Column("status", Text),
    Column("started_at", _Moment),
    Column("duration", Double),
    Column("host", Text),
    Column("pipeline_run_url", Text),
    Column("trace_id", Text),
    Column("tests", BigInteger),
    Column("passed", BigInteger),
    Column("failed", BigInteger),
    Column("judged", BigInteger),
    Column("correct", BigInteger),
    Column("model_calls", BigInteger),
    Column("retries", BigInteger),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cost_usd", Double),
    Column("models", Text),
)

changes = Table("changes", views, *_like(skill_change_events), Column("changed_at", _Moment))

# Those that were not withdrawn, with what their commit says of itself.
findings = Table(
    "findings",
    views,
    *_like(change_impacts),
    Column("changed_at", _Moment),
    Column("subject", Text),
    Column("author", Text),
)

finding_cases = Table(
    "finding_cases",
    views,
    *_like(change_impact_cases),
    Column("changed_at", _Moment),
    Column("repository", Text),
    Column("revision", Text),
    Column("suite", Text),
    Column("environment", Text),
    Column("metric", Text),
    Column("verdict", Text),
)
