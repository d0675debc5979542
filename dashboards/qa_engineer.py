"""QA engineer: which tests fail, why, which cannot be trusted, and are the right things tested?"""

from __future__ import annotations

from _changes import MARKS
from _runs import DECIDED, FAILED, PASSED, WRONG, Runs, Where

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.settings import Settings
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import (
    RANGE,
    STEP,
    Expr,
    at_least,
    buckets,
    counted,
    difference,
    last_moment,
    latest,
    mean,
    none_of,
    or_zero,
    percent,
    recorded,
)

CASE, CATEGORY, OUTCOME = a.GNOMON_TEST_CASE_ID, a.GNOMON_TEST_CATEGORY, a.GNOMON_TEST_OUTCOME
NEITHER: Where = {OUTCOME: none_of("passed", "failed", "error", "crashed")}
NO_QUESTION = "no test expects a question back"
NO_COMMANDS = "no test expects commands"
ONE_IS_BAD = v.steps(v.GOOD, (1, v.BAD))


def dashboard(settings: Settings) -> v.Dashboard:
    """For those who keep the suite: what fails, what is flaky, what is not tested."""
    runs = Runs(settings, v.label_variable(CATEGORY))
    questions = (summary, categories, failures, flakiness, clarification, durations, tool_use, traces)
    return v.Dashboard(
        title="Routing tests: QA engineer",
        description="For those who keep the suite. Which tests fail and why, which cannot be trusted?",
        audience="qa",
        time_from="now-6h",
        refresh="1m",
        variables=runs.variables,
        annotations=[MARKS],
        rows=[row(runs) for row in questions],
    )


def summary(runs: Runs) -> v.Row:
    """The suite at a glance."""
    return v.row(
        "How did the tests do?",
        v.stat("Total tests", or_zero(runs.tests()), about="Tests of all runs. None: the suite has not run."),
        v.stat("Passed", or_zero(runs.tests(PASSED)), about="Passed at whichever attempt; see the reruns."),
        v.stat(
            "Failed",
            or_zero(runs.tests(FAILED)),
            thresholds=ONE_IS_BAD,
            about="Failed, broke or lost their worker. Each stands in the table of failures below.",
        ),
        v.stat(
            "Neither",
            or_zero(runs.tests(NEITHER)),
            about="Skipped, expected to fail, never reached. Growing: the suite proves less than it seems.",
        ),
        v.stat(
            "Unanswered",
            or_zero(runs.total(m.GNOMON_RUN_ROUTING_UNANSWERED)),
            thresholds=ONE_IS_BAD,
            about="Routing tests without an answer, which accuracy leaves out. Their traces show why.",
        ),
        v.stat(
            "Reruns",
            or_zero(runs.total(m.GNOMON_RUN_RERUNS)),
            about="Attempts beyond a test's first. Many: reruns hide tests that are flaky.",
        ),
        v.gauge(
            "Pass rate",
            runs.pass_rate(),
            thresholds=runs.goal,
            about="Passed in percent of passed and failed. Below the objective: see the failures below.",
        ),
        v.gauge(
            "Routing accuracy",
            runs.accuracy(),
            thresholds=runs.goal,
            about="Right routes in percent of answers. Unlike the pass rate: tests fail for other reasons.",
        ),
        v.stat(
            "Mean duration",
            mean(m.GNOMON_RUN_TEST_DURATION, where=runs.where),
            width=6,
            height=8,
            about="Mean time of a test over all its attempts. Rising: see the slowest tests below.",
        ),
        v.stat(
            "Last run",
            last_moment(m.GNOMON_RUN_FINISHED, where=runs.where),
            unit="ago",
            width=6,
            about="How long ago the newest run ended. Long: does the pipeline still run the suite?",
        ),
        v.stat(
            "Newest run",
            latest(m.GNOMON_RUN_SEQUENCE_NUMBER, where=runs.where),
            unit="plain",
            width=6,
            about="Its number, for `gnomon show`. It jumps back: another state directory counts.",
        ),
    )


def categories(runs: Runs) -> v.Row:
    """What kinds of request go wrong."""
    return v.row(
        "Which kinds of request go wrong?",
        v.bars(
            "Results by category",
            runs.tests(by=[CATEGORY, OUTCOME]),
            x=CATEGORY,
            series=OUTCOME,
            stack="normal",
            colors=v.OUTCOMES,
            about="Tests by category and outcome. A short bar: too few cases to judge the category by.",
        ),
        v.bar_gauge(
            "Pass rate by category",
            runs.pass_rate(by=[CATEGORY]),
            thresholds=runs.goal,
            about="One below the others: descriptions overlap there, or its cases expect the wrong thing.",
        ),
        v.timeseries(
            "Test results over time",
            runs.tests(window=STEP, by=[OUTCOME]),
            style="bars",
            stack="normal",
            colors=v.OUTCOMES,
            about="Tests by interval and outcome. Failures from one moment on: something changed there.",
        ),
        runs.trend(
            "Accuracy of each run",
            v.legend(latest(m.ROUTING_ACCURACY, STEP, where=runs.where), "routing"),
            v.legend(latest(m.TOOL_USE_ACCURACY, STEP, where=runs.where), "tool use"),
            about="Run by run, the best where several end together. One out of line: look at that run first.",
        ),
    )


def failures(runs: Runs) -> v.Row:
    """What failed, with what was expected and what came."""
    return v.row(
        "What failed, and how?",
        v.table(
            "Failed tests",
            v.sql(f"""
                SELECT run_at AS "Run", case_id AS "Case", category AS "Category",
                  expected_skill AS "Expected", actual_skill AS "Chosen", error_type AS "Error",
                  message AS "Message", model AS "Model", duration AS "Duration",
                  left(revision, 9) AS "Commit", trace_id AS "Trace"
                FROM case_results WHERE {runs.within} AND (NOT passed OR NOT correct)
                ORDER BY run_at DESC, case_id LIMIT 200
            """),
            width=18,
            no_value="nothing failed",
            overrides=[
                v.override("Duration", unit="s"),
                v.override("Message", width=360),
                v.override("Trace", links=[v.to_trace(v.field("Trace"))]),
            ],
            about="Failed, or routed wrongly: both skills side by side. The trace shows what was asked.",
        ),
        v.pie(
            "Routing mismatches",
            runs.answers(by=[a.GNOMON_ROUTING_ACTUAL], where=WRONG),
            width=6,
            no_value="no wrong route",
            about="Where wrongly routed requests went. One takes most: its description claims too much.",
        ),
    )


def flakiness(runs: Runs) -> v.Row:
    """Tests that are right at one time and wrong at another."""
    flaky, by = runs.settings.flaky, [a.TEST_SUITE_NAME, CASE]
    rate = recorded("routing_test:flaky_tests", where=runs.of_suite, by=by, unit="1")
    decided = runs.total(m.GNOMON_RUN_CASE_TESTS, flaky.window, by, DECIDED)
    failed = last_moment(m.GNOMON_RUN_CASE_TESTS, flaky.window, by, {**runs.where, **FAILED})
    worst = f"SELECT case_id FROM case_results WHERE {runs.within} AND NOT passed GROUP BY 1"
    return v.row(
        "Which tests cannot be trusted?",
        v.stat(
            "Flaky tests",
            or_zero(counted(rate)),
            height=8,
            thresholds=v.steps(v.GOOD, (1, v.WARN)),
            about=f"Cases that pass {flaky.above:.0%} to {flaky.below:.0%} of {flaky.minimum_runs} runs or "
            f"more in {flaky.window}. Rerun them at one commit before blaming a change.",
        ),
        v.table(
            "Flaky tests by name",
            v.query(rate, "Pass rate"),
            v.query(at_least(decided, rate, 0), "Runs"),
            v.query(at_least(failed, rate, 0), "Last failure", unit="ago"),
            columns={CASE: "Case", a.TEST_SUITE_NAME: "Suite"},
            sort="Pass rate",
            width=10,
            no_value="no flaky test",
            links=[
                v.to_traces(f'{{ span.{CASE.name} = "{v.field("Case")}" && status = error }}', "Its failures")
            ],
            about="The same cases. Near a half: the request is ambiguous, or two skills claim it.",
        ),
        v.table(
            "Stability of each test",
            v.sql(f"""
                SELECT case_id AS "Case", count(*) AS "Runs", avg(passed::int) AS "Pass rate",
                  count(*) FILTER (WHERE passed <> before) AS "Flips",
                  max(run_at) FILTER (WHERE NOT passed) AS "Last failure"
                FROM (SELECT *, lag(passed) OVER (PARTITION BY suite, case_id ORDER BY run_at) AS before
                      FROM case_results WHERE {runs.within} AND passed IS NOT NULL) AS runs
                GROUP BY suite, case_id ORDER BY "Flips" DESC, "Pass rate", "Case" LIMIT 200
            """),
            width=10,
            overrides=[v.override("Pass rate", unit="1", cell="gauge", min=0, max=1)],
            about="The least stable test first. One flip between pass and fail: a change; many: flaky.",
        ),
        v.state_timeline(
            "Tests over time",
            v.sql(
                f"""
                SELECT run_at AS time, case_id AS metric, passed::int AS passed FROM case_results
                WHERE {runs.within} AND passed IS NOT NULL
                  AND case_id IN ({worst} ORDER BY count(*) DESC LIMIT 20) ORDER BY 1 LIMIT 5000
                """,
                format="time_series",
            ),
            mappings=[v.mapping(1, "passed", v.GOOD), v.mapping(0, "failed", v.BAD)],
            no_value="nothing failed",
            about="The tests that failed most, run by run. Bands that begin together have one cause.",
        ),
    )


def clarification(runs: Runs) -> v.Row:
    """Tests whose right answer is a question back."""
    expected, asked = a.GNOMON_ROUTING_CLARIFICATION_EXPECTED, a.GNOMON_ROUTING_CLARIFICATION_ASKED

    def asked_back(when: bool) -> Expr:
        answers = runs.total(m.GNOMON_RUN_CLARIFICATIONS, where={expected: when})
        return percent(runs.total(m.GNOMON_RUN_CLARIFICATIONS, where={expected: when, asked: True}), answers)

    return v.row(
        "Does it ask back when it should?",
        v.gauge(
            "Asked when it should",
            asked_back(True),
            thresholds=runs.goal,
            no_value=NO_QUESTION,
            about="Ambiguous requests answered by a question. Low: the agent guesses; write when to ask.",
        ),
        v.gauge(
            "Asked when it should not",
            asked_back(False),
            thresholds=v.budget(100 - runs.settings.slo.routing_accuracy_percent),
            about="Clear requests answered by a question. High: descriptions are too narrow.",
        ),
        v.table(
            "Tests that expect a question",
            v.sql(f"""
                SELECT case_id AS "Case", avg(passed::int) AS "Pass rate",
                  avg(clarification_asked::int) AS "Asked", count(clarification_asked) AS "Answers",
                  string_agg(DISTINCT nullif(actual_skill, ''), ', ') AS "Chosen instead"
                FROM case_results WHERE {runs.within} AND clarification_expected
                GROUP BY suite, case_id ORDER BY "Asked", "Case" LIMIT 100
            """),
            no_value=NO_QUESTION,
            overrides=[v.override("/Asked|Pass rate/", unit="1", decimals=0)],
            about="How often each was asked back, and what was chosen instead: narrow that skill.",
        ),
    )


def durations(runs: Runs) -> v.Row:
    """How long tests take."""
    return v.row(
        "How long do tests take?",
        v.histogram(
            "Duration distribution",
            buckets(m.GNOMON_RUN_TEST_DURATION, RANGE, where=runs.where),
            about="Tests by duration. A second hump far to the right: retries, or waiting for time-outs.",
        ),
        runs.ranking(
            "Slowest tests",
            runs.per("case_id", "avg(duration)", "s", limit=10),
            about="Mean duration of the slowest tests. One far above: look at its traces for retries.",
        ),
    )


def tool_use(runs: Runs) -> v.Row:
    """Whether the expected commands were used."""
    expected, matched = runs.total(m.GNOMON_RUN_TOOL_USE_EXPECTED), runs.total(m.GNOMON_RUN_TOOL_USE_MATCHED)
    by = [a.GEN_AI_SKILL_NAME]
    by_skill = (
        runs.total(one, by=by) for one in (m.GNOMON_RUN_TOOL_USE_MATCHED, m.GNOMON_RUN_TOOL_USE_EXPECTED)
    )
    return v.row(
        "Are the right commands used?",
        v.gauge(
            "Tool use accuracy",
            percent(matched, expected),
            thresholds=runs.goal,
            no_value=NO_COMMANDS,
            about="Expected commands that were used. Low: the skill is found but not followed.",
        ),
        v.stat(
            "Commands matched",
            or_zero(matched),
            about="Expected commands that were used. None: no test asks.",
        ),
        v.stat(
            "Commands missing",
            or_zero(difference(expected, matched)),
            thresholds=ONE_IS_BAD,
            about="Expected commands that were not used. The table beside names them.",
        ),
        v.bar_gauge(
            "Tool use by skill",
            percent(*by_skill),
            thresholds=runs.goal,
            width=5,
            no_value=NO_COMMANDS,
            about="One below the others: its steps are unclear, or its commands changed.",
        ),
        v.table(
            "Commands most often missing",
            v.sql(f"""
                SELECT command AS "Command", expected_skill AS "Skill", count(*) AS "Missing"
                FROM case_results, jsonb_array_elements_text(tools_missing) AS command
                WHERE {runs.within} GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 50
            """),
            width=9,
            no_value="no command was missing",
            about="Expected commands that the skill did not use. In one skill only: mend its steps.",
        ),
    )


def traces(_runs: Runs) -> v.Row:
    """Single tests, with everything that happened in them."""
    ours = f'resource.{a.TEST_SUITE_NAME.name} =~ "$suite" && name =~ "routing_test_.*|test_case"'
    route = f"span.{CASE.name}, span.{a.GNOMON_ROUTING_EXPECTED.name}, span.{a.GNOMON_ROUTING_ACTUAL.name}"
    return v.row(
        "What happened in a test?",
        v.traces(
            "Recent test traces",
            v.traceql(f"{{ {ours} }} | select(span.{CASE.name}, span.{OUTCOME.name})", spans=True),
            about="Tests as they ran. A slow or failed one: its id leads to attempts, model calls and tools.",
        ),
        v.traces(
            "Wrong answers",
            v.traceql(
                f"{{ {ours} && span.{a.GNOMON_ROUTING_CORRECT.name} = false }} | select({route})", spans=True
            ),
            about="Tests that were routed wrongly. Open one to see its calls, and what was said if recorded.",
        ),
    )
