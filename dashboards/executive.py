"""Executive summary: is routing good enough, is it getting better, and what does it cost?"""

from __future__ import annotations

from _changes import MARKS, headlines
from _runs import ACCURACY, DECIDED, FAILED, PASSED, RIGHT, Runs

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.settings import Settings
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import STEP, difference, mean, or_zero, ratio, scaled, shifted, top

# Points of accuracy from one week to the next that are worth an arrow.
NOTICEABLE = 0.5
ARROWS = (
    v.mapping((NOTICEABLE, None), "▲ better", v.GOOD),
    v.mapping((-NOTICEABLE, NOTICEABLE), "▶ as before", v.NEUTRAL),
    v.mapping((None, -NOTICEABLE), "▼ worse", v.BAD),
)
DAYS_A_MONTH = 30


def dashboard(settings: Settings) -> v.Dashboard:
    """For those who decide: quality, direction and cost on one page, each with a way to the details."""
    runs = Runs(settings)
    return v.Dashboard(
        title="Routing tests: executive summary",
        description="For those who decide. Is routing good enough, is it getting better, what does it cost?",
        audience="executive",
        time_from="now-7d",
        variables=runs.variables,
        annotations=[MARKS],
        rows=[quality(runs), direction(runs), money(runs), strengths(runs)],
    )


def quality(runs: Runs) -> v.Row:
    """Where it stands."""
    least = runs.settings.slo.routing_accuracy_percent
    return v.row(
        "Is routing good enough?",
        v.gauge(
            "Overall accuracy",
            runs.accuracy(),
            thresholds=runs.goal,
            links=[v.to_dashboard("qa_engineer", "Which cases fail")],
            about="Answered requests that reached the right skill. Below the objective: the QA engineer's "
            "board has the cases, the skills engineer's what changed.",
        ),
        v.stat(
            "Status",
            runs.accuracy(),
            background=True,
            width=6,
            thresholds=runs.goal,
            mappings=[v.mapping((least, None), "on objective"), v.mapping((None, least), "below objective")],
            about="Whether accuracy meets its objective. Below: the alert RoutingAccuracyBelowSLO says since "
            "when.",
        ),
        v.stat("Total tests", or_zero(runs.tests()), about="Tests of all runs. None: nobody ran the suite."),
        v.stat(
            "Passed", or_zero(runs.tests(PASSED)), about="Far below the total: many failed or did not run."
        ),
        v.stat(
            "Failed",
            or_zero(runs.tests(FAILED)),
            thresholds=v.steps(v.GOOD, (1, v.BAD)),
            links=[v.to_dashboard("qa_engineer", "Failed tests")],
            about="Tests that failed, broke or lost their worker. The QA engineer's board lists them.",
        ),
        v.stat(
            "Response time",
            mean(m.GNOMON_RUN_TEST_DURATION, where=runs.where),
            width=8,
            about="Mean time of a test, so of one answer. Rising: the SRE board tells slow API from slow "
            "tests.",
        ),
        v.stat(
            "Current version",
            v.sql(f"SELECT version, tests FROM run_totals WHERE {runs.suites} ORDER BY run_at DESC LIMIT 1"),
            show="name",
            width=10,
            about="Release, else commit, of the newest run. Unexpected: another branch was tested last.",
        ),
    )


def direction(runs: Runs) -> v.Row:
    """Where it goes."""
    week = runs.accuracy("7d")
    movement = difference(week, shifted(week, "7d"))
    return v.row(
        "Is it getting better?",
        v.stat(
            "Accuracy against the week before",
            v.legend(movement, "points"),
            v.legend(movement, "trend"),
            unit="plain",
            decimals=1,
            width=6,
            height=8,
            thresholds=v.steps(v.BAD, (-NOTICEABLE, v.NEUTRAL), (NOTICEABLE, v.GOOD)),
            overrides=[v.override("trend", mappings=ARROWS)],
            about="Accuracy of the last 7 days less that of the 7 before, in percentage points, whatever the "
            "time range. Down: the skills engineer's board says which change did it.",
        ),
        runs.trend(
            "Accuracy trend",
            v.legend(runs.accuracy(STEP), "accuracy"),
            width=10,
            links=[v.to_dashboard("skills_engineer", "What changed")],
            about="Accuracy of the runs in each interval; dashed: the objective. Look for a change before "
            "each step.",
        ),
        v.bars(
            "Release comparison",
            v.sql(f"""
                SELECT release AS "Release", 100.0 * sum(correct) / nullif(sum(judged), 0) AS "Accuracy",
                  100.0 * sum(passed) / nullif(sum(passed + failed), 0) AS "Pass rate"
                FROM run_totals WHERE release IS NOT NULL AND {runs.suites}
                GROUP BY release ORDER BY max(run_at) DESC LIMIT 2
            """),
            x="Release",
            unit="%",
            width=8,
            no_value="no release yet: set service.version, or test a tag",
            about="The current release beside the one before, over all their runs. Lower: hold it back.",
        ),
        headlines(runs),
    )


def money(runs: Runs) -> v.Row:
    """What it costs."""
    daily = runs.settings.budgets.daily_cost_usd
    return v.row(
        "What does it cost?",
        v.stat(
            "Total cost",
            or_zero(runs.cost()),
            links=[v.to_dashboard("sre_operations", "Cost in detail")],
            about="Cost of the model calls of the runs. Unexpected: the SRE board splits it by model.",
        ),
        v.stat(
            "Monthly projected cost",
            scaled(runs.cost("7d"), DAYS_A_MONTH, per=7),
            thresholds=v.budget(daily * DAYS_A_MONTH),
            about="30 days at the pace of the last 7, whatever the time range. Over the budget: run less "
            "often, take a cheaper model, or raise budgets.daily_cost_usd.",
        ),
        v.gauge(
            "Daily budget used",
            scaled(runs.cost("24h"), 100, per=max(daily, 0.01), unit="%"),
            thresholds=v.budget(100),
            width=4,
            height=4,
            about="Cost of the last 24 hours in percent of the daily budget. At 100 DailyCostExceeded fires: "
            "see on the SRE board which model spent it.",
        ),
        v.stat(
            "Cost per test",
            ratio(runs.cost(), runs.tests()),
            width=6,
            about="Cost divided by tests. A jump: longer prompts, retries, or a dearer model.",
        ),
        v.stat(
            "Cost per right answer",
            ratio(runs.cost(), runs.answers(where=RIGHT)),
            width=6,
            about="What one rightly routed request costs: the return. Rising: accuracy falls, or calls get "
            "dearer.",
        ),
        v.timeseries(
            "Cost trend",
            v.legend(runs.cost(STEP), "cost"),
            style="bars",
            about="Cost by interval; the bars add up to the total. A spike: the SRE board splits it.",
        ),
        v.timeseries(
            "Test volume",
            v.legend(runs.tests(PASSED, STEP), "passed"),
            v.legend(runs.tests(FAILED, STEP), "failed"),
            style="bars",
            stack="normal",
            colors=v.OUTCOMES,
            about="Tests by interval. Gaps: no runs, so nothing is known of that time.",
        ),
    )


def strengths(runs: Runs) -> v.Row:
    """Models, skills, cases."""
    return v.row(
        "Where is it strong and weak?",
        v.stat(
            "Best model",
            runs.per("model", ACCURACY, "%", limit=1),
            show="value_and_name",
            width=6,
            height=8,
            about="Model with the highest accuracy. Others close behind, or few tests: it leads by chance.",
        ),
        runs.ranking(
            "Model comparison",
            runs.per("model", ACCURACY, "%"),
            width=6,
            links=[v.to_dashboard("skills_engineer", "Models in detail")],
            about="Accuracy by model. One below the objective is not ready to be switched to.",
        ),
        v.bar_gauge(
            "Tests by skill",
            top(12, runs.tests(DECIDED, by=[a.GEN_AI_SKILL_NAME])),
            width=6,
            about="How much each expected skill was tested. A short bar: its accuracy says little, add "
            "cases.",
        ),
        v.bar_gauge(
            "Top issues",
            runs.per("case_id", "count(*)", "{test}", where="NOT passed", limit=8),
            thresholds=v.steps(v.MUTED, (1, v.BAD)),
            width=6,
            no_value="nothing failed",
            links=[v.to_dashboard("qa_engineer", "Failures in detail")],
            about="Cases that failed most often. They are where mending pays most.",
        ),
    )
