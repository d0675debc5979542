"""What was changed and what that did; views for those who ask in SQL."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

VIEWS = ("case_results", "run_model_calls", "run_totals", "changes", "findings", "finding_cases")

# A moment from nanoseconds since 1970, which is the one thing that the two databases write differently.
_MOMENT = {
    "postgresql": "to_timestamp({ns} / 1e9)",
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', {ns} / 1e9, 'unixepoch')",
}
_JOINED = {"postgresql": "string_agg(model, ' + ')", "sqlite": "group_concat(model, ' + ')"}

_OF_RUN = """
    runs.run_id AS run_id,
    runs.sequence AS sequence,
    {run_at} AS run_at,
    {suite} AS suite,
    runs.environment AS environment,
    runs.department AS department,
    runs.agent AS agent,
    runs.repository AS repository,
    runs.revision AS revision,
    coalesce(runs.dirty, FALSE) AS dirty,
    runs.ref_name AS ref_name,
    coalesce(runs.service_version, CASE WHEN runs.ref_type = 'tag' THEN runs.ref_name END) AS release,
    coalesce(
        runs.service_version,
        CASE WHEN runs.ref_type = 'tag' THEN runs.ref_name END,
        substr(runs.revision, 1, 9) || CASE WHEN runs.dirty THEN '+' ELSE '' END
    ) AS version,
    runs.golden_set_version AS golden_set_version,
    runs.skills_hash AS skills_hash,
    runs.config_hash AS config_hash"""

# A case id may be there twice in a run; the node id, where the call knows it, tells them apart.
_ITS_CALLS = """calls.run_id = results.run_id AND calls.case_id = results.case_id
                AND coalesce(calls.case_name, results.case_name) = results.case_name"""

# Sums are asked for one by one, so that a query pays only for the columns and the runs that it reads.
_OF_CASE = "(SELECT {what} FROM model_calls AS calls WHERE {its_calls})"

_CASE_SUMS = {
    name: _OF_CASE.format(what=what, its_calls=_ITS_CALLS)
    for name, what in {
        "retries": "CAST(sum(calls.retries) AS BIGINT)",
        "tokens": "CAST(sum(calls.input_tokens + calls.output_tokens) AS BIGINT)",
        "cost_usd": "sum(calls.cost_usd)",
    }.items()
}

_CASE_RESULTS = """
CREATE VIEW case_results AS
SELECT{of_run},
    results.case_id AS case_id,
    results.case_name AS case_name,
    results.category AS category,
    results.outcome AS outcome,
    CASE
        WHEN results.outcome = 'passed' THEN TRUE
        WHEN results.outcome IN ('failed', 'error', 'crashed') THEN FALSE
    END AS passed,
    results.attempts AS attempts,
    results.duration AS duration,
    results.worker_id AS worker_id,
    results.error_type AS error_type,
    results.message AS message,
    results.expected_skill AS expected_skill,
    results.actual_skill AS actual_skill,
    results.correct AS correct,
    results.clarification_expected AS clarification_expected,
    results.clarification_asked AS clarification_asked,
    results.confidence AS confidence,
    results.tools_expected AS tools_expected,
    results.tools_matched AS tools_matched,
    results.tools_missing AS tools_missing,
    results.skill_hash AS skill_hash,
    (
        SELECT {joined} FROM (
            SELECT DISTINCT coalesce(calls.request_model, calls.response_model) AS model
            FROM model_calls AS calls
            WHERE {its_calls}
            ORDER BY 1
        ) AS named
    ) AS model,
    {retries} AS retries,
    {tokens} AS tokens,
    {cost_usd} AS cost_usd,
    results.trace_id AS trace_id,
    results.span_id AS span_id
FROM results JOIN runs ON runs.run_id = results.run_id
"""

# A call that does not know its run belongs to the run that made the trace, unless several share it; a
# call belongs to the suite of its test, one outside any test to the suite of its run.
_RUN_MODEL_CALLS = """
CREATE VIEW run_model_calls AS
SELECT{of_run},
    calls.case_id AS case_id,
    (
        SELECT min(results.category) FROM results
        WHERE results.run_id = runs.run_id AND results.case_id = calls.case_id
    ) AS category,
    coalesce(calls.request_model, calls.response_model) AS model,
    calls.provider AS provider,
    calls.operation AS operation,
    {started_at} AS started_at,
    CAST(calls.ended_ns - calls.started_ns AS DOUBLE PRECISION) / 1e9 AS duration,
    calls.attempts AS attempts,
    calls.retries AS retries,
    calls.api_latency AS api_latency,
    calls.retry_gap AS retry_gap,
    calls.input_tokens AS input_tokens,
    calls.output_tokens AS output_tokens,
    calls.cache_read_tokens AS cache_read_tokens,
    calls.cache_write_tokens AS cache_write_tokens,
    calls.reasoning_tokens AS reasoning_tokens,
    calls.cost_usd AS cost_usd,
    calls.cost_source AS cost_source,
    calls.error_type AS error_type,
    calls.trace_id AS trace_id,
    calls.span_id AS span_id
FROM (
    SELECT model_calls.run_id AS run_of_call, model_calls.* FROM model_calls
    WHERE model_calls.run_id IS NOT NULL
    UNION ALL
    SELECT traced.run_id AS run_of_call, model_calls.* FROM model_calls
    JOIN runs AS traced ON traced.trace_id = model_calls.trace_id
    WHERE model_calls.run_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM runs AS other
        WHERE other.trace_id = traced.trace_id AND other.run_id <> traced.run_id
    )
) AS calls
JOIN runs ON runs.run_id = calls.run_of_call
"""

_TESTS = "(SELECT {what} FROM results WHERE results.run_id = runs.run_id)"
_CALLS = "(SELECT {what} FROM run_model_calls AS calls WHERE calls.run_id = runs.run_id)"

_RUN_TOTALS = """
CREATE VIEW run_totals AS
SELECT{of_run},
    runs.status AS status,
    {started_at} AS started_at,
    CAST(runs.ended_ns - runs.started_ns AS DOUBLE PRECISION) / 1e9 AS duration,
    runs.host AS host,
    runs.pipeline_run_url AS pipeline_run_url,
    runs.trace_id AS trace_id,
    {tests} AS tests,
    {passed} AS passed,
    {failed} AS failed,
    {judged} AS judged,
    {correct} AS correct,
    {model_calls} AS model_calls,
    {retries} AS retries,
    {input_tokens} AS input_tokens,
    {output_tokens} AS output_tokens,
    {cost_usd} AS cost_usd,
    (
        SELECT {joined} FROM (
            SELECT DISTINCT calls.model AS model FROM run_model_calls AS calls
            WHERE calls.run_id = runs.run_id
            ORDER BY 1
        ) AS named
    ) AS models
FROM runs
"""

_RUN_SUMS = {
    "tests": _TESTS.format(what="count(*)"),
    "passed": _TESTS.format(what="count(*) FILTER (WHERE outcome = 'passed')"),
    "failed": _TESTS.format(what="count(*) FILTER (WHERE outcome IN ('failed', 'error', 'crashed'))"),
    "judged": _TESTS.format(what="count(correct)"),
    "correct": _TESTS.format(what="count(*) FILTER (WHERE correct)"),
    "model_calls": _CALLS.format(what="count(*)"),
    **{
        name: _CALLS.format(what=f"CAST(sum({name}) AS BIGINT)")
        for name in ("retries", "input_tokens", "output_tokens")
    },
    "cost_usd": _CALLS.format(what="sum(cost_usd)"),
}


_CHANGES = """
CREATE VIEW changes AS
SELECT skill_change_events.*, {changed_at} AS changed_at FROM skill_change_events
"""

# Of a commit that changed several files the rows have one subject and one author.
_FINDINGS = """
CREATE VIEW findings AS
SELECT change_impacts.*, {changed_at} AS changed_at,
    (
        SELECT min(events.subject) FROM skill_change_events AS events
        WHERE events.repository = change_impacts.repository AND events.revision = change_impacts.revision
    ) AS subject,
    (
        SELECT min(events.author) FROM skill_change_events AS events
        WHERE events.repository = change_impacts.repository AND events.revision = change_impacts.revision
    ) AS author
FROM change_impacts WHERE change_impacts.status <> 'withdrawn'
"""

_FINDING_CASES = """
CREATE VIEW finding_cases AS
SELECT change_impact_cases.*, findings.changed_at AS changed_at, findings.repository AS repository,
    findings.revision AS revision, findings.suite AS suite, findings.environment AS environment,
    findings.metric AS metric, findings.verdict AS verdict
FROM change_impact_cases JOIN findings ON findings.impact_id = change_impact_cases.impact_id
"""


def upgrade() -> None:
    """Goes to this revision."""

    op.create_table(
        "skill_change_events",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("ref_name", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("authored_ns", sa.BigInteger(), nullable=True),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.Column("noticed_ns", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("old_path", sa.Text(), nullable=True),
        sa.Column("skill", sa.Text(), nullable=True),
        sa.Column("old_hash", sa.Text(), nullable=True),
        sa.Column("new_hash", sa.Text(), nullable=True),
        sa.Column("lines_added", sa.BigInteger(), nullable=True),
        sa.Column("lines_deleted", sa.BigInteger(), nullable=True),
        sa.Column("old_tokens", sa.BigInteger(), nullable=True),
        sa.Column("new_tokens", sa.BigInteger(), nullable=True),
        sa.Column("parts", _JSON, nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("diff", sa.Text(), nullable=True),
        sa.Column("attributes", _JSON, nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_skill_change_events")),
    )
    for columns in (["repository", "revision"], ["changed_ns"], ["skill", "changed_ns"], ["new_hash"]):
        name = f"ix_skill_change_events_{'_'.join(columns)}"
        op.create_index(op.f(name), "skill_change_events", columns)
    op.create_table(
        "change_impacts",
        sa.Column("impact_id", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("more_is_better", sa.Boolean(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("candidates", _JSON, nullable=True),
        sa.Column("before_revision", sa.Text(), nullable=True),
        sa.Column("after_revision", sa.Text(), nullable=True),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Double(), nullable=True),
        sa.Column("after", sa.Double(), nullable=True),
        sa.Column("difference", sa.Double(), nullable=True),
        sa.Column("difference_low", sa.Double(), nullable=True),
        sa.Column("difference_high", sa.Double(), nullable=True),
        sa.Column("runs_before", sa.BigInteger(), nullable=False),
        sa.Column("runs_after", sa.BigInteger(), nullable=False),
        sa.Column("cases_moved", sa.BigInteger(), nullable=True),
        sa.Column("p_change", sa.Double(), nullable=True),
        sa.Column("p_commit", sa.Double(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("runs_needed", sa.BigInteger(), nullable=True),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("also", _JSON, nullable=True),
        sa.Column("advice", sa.Text(), nullable=True),
        sa.Column("found_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.Column("attributes", _JSON, nullable=True),
        sa.PrimaryKeyConstraint("impact_id", name=op.f("pk_change_impacts")),
    )
    for columns in (["repository", "revision"], ["changed_ns"], ["suite", "metric", "changed_ns"]):
        op.create_index(op.f(f"ix_change_impacts_{'_'.join(columns)}"), "change_impacts", columns)
    op.create_table(
        "change_impact_cases",
        sa.Column("impact_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("before", sa.Double(), nullable=True),
        sa.Column("after", sa.Double(), nullable=True),
        sa.Column("runs_before", sa.BigInteger(), nullable=False),
        sa.Column("runs_after", sa.BigInteger(), nullable=False),
        sa.Column("old_skill", sa.Text(), nullable=True),
        sa.Column("new_skill", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["impact_id"],
            ["change_impacts.impact_id"],
            name=op.f("fk_change_impact_cases_impact_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("impact_id", "case_id", name=op.f("pk_change_impact_cases")),
    )
    op.create_index(op.f("ix_change_impact_cases_case_id"), "change_impact_cases", ["case_id"])
    _create_views(op.get_bind().dialect.name)


def _create_views(dialect: str) -> None:
    moment = _MOMENT[dialect].format
    run_at = moment(ns="coalesce(runs.ended_ns, runs.started_ns)")
    suite_of_call = (
        "coalesce((SELECT min(results.suite) FROM results"
        " WHERE results.run_id = runs.run_id AND results.case_id = calls.case_id), runs.suite)"
    )
    joined = _JOINED[dialect]
    for view in (
        _CASE_RESULTS.format(
            of_run=_OF_RUN.format(run_at=run_at, suite="coalesce(results.suite, runs.suite)"),
            joined=joined,
            its_calls=_ITS_CALLS,
            **_CASE_SUMS,
        ),
        _RUN_MODEL_CALLS.format(
            of_run=_OF_RUN.format(run_at=run_at, suite=suite_of_call),
            started_at=moment(ns="calls.started_ns"),
        ),
        _RUN_TOTALS.format(
            of_run=_OF_RUN.format(run_at=run_at, suite="runs.suite"),
            started_at=moment(ns="runs.started_ns"),
            joined=joined,
            **_RUN_SUMS,
        ),
        _CHANGES.format(changed_at=moment(ns="skill_change_events.changed_ns")),
        _FINDINGS.format(changed_at=moment(ns="change_impacts.changed_ns")),
        _FINDING_CASES,
    ):
        op.execute(sa.text(view.replace(":", r"\:")))


def downgrade() -> None:
    """Goes back to the revision before."""

    for view in reversed(VIEWS):
        op.execute(sa.text(f"DROP VIEW {view}"))
    op.drop_table("change_impact_cases")
    op.drop_table("change_impacts")
    op.drop_table("skill_change_events")
