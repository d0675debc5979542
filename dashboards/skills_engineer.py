"""Skills engineer: which change, model or version makes routing better or worse, and for which requests?"""

from __future__ import annotations

from _changes import CHANGE, MARKS, impact
from _runs import ACCURACY, RIGHT_ANSWERS, SKILL, Runs

from gnomon.registry import attributes as a
from gnomon.settings import Settings
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import STEP

NEWEST = (
    "SELECT version FROM run_totals WHERE $__timeFilter(run_at)"
    " GROUP BY version ORDER BY max(run_at) DESC LIMIT 200"
)
# The version before the newest comes first, and so is the one chosen to begin with.
VERSION_A = v.sql_variable("version_a", f"{NEWEST} OFFSET 1", label="Version A (before)")
VERSION_B = v.sql_variable("version_b", NEWEST, label="Version B (after)")

CATEGORY = "coalesce(category, 'none') AS category"
NO_CONFIDENCE = "not recorded: set routing.confidence, and hand it to gnomon_test.routed(...)"


def dashboard(settings: Settings) -> v.Dashboard:
    """For those who write skills: compare changes, models and versions, and see where requests go."""
    runs = Runs(settings, CHANGE, VERSION_A, VERSION_B)
    questions = (impact, models, versions, commits, skills, regressions, confidence, effort)
    return v.Dashboard(
        title="Routing tests: skills engineer A/B",
        description="For those who write skills. Which change, model or version is better, and for what?",
        audience="skills",
        time_from="now-7d",
        refresh="1m",
        variables=runs.variables,
        annotations=[MARKS],
        rows=[row(runs) for row in questions],
    )


def models(runs: Runs) -> v.Row:
    """Models compared on the same tests."""
    by_model = (
        f"FROM case_results WHERE {runs.within} AND model IS NOT NULL AND correct IS NOT NULL GROUP BY 1, 2"
    )
    over_time = f"SELECT $__timeGroup(run_at, $__interval) AS time, model AS metric, {ACCURACY} AS accuracy"
    return v.row(
        "Which model is best?",
        runs.ranking(
            "Accuracy by model",
            runs.per("model", ACCURACY, "%"),
            width=8,
            about="Right routes by the model that the tests called. Below the objective: not for this work.",
        ),
        runs.ranking(
            "Mean duration by model",
            runs.per("model", "avg(duration)", "s"),
            width=8,
            about="Mean time of a test by model. Slower and no better: not worth it.",
        ),
        runs.ranking(
            "Cost per right answer by model",
            runs.per("model", f"sum(cost_usd) / {RIGHT_ANSWERS}", "{USD}"),
            width=8,
            about="What a right route costs with each model. Take the cheapest above the objective.",
        ),
        runs.trend(
            "Model performance over time",
            v.sql(f"{over_time} {by_model} ORDER BY 1", format="time_series"),
            unit="%",
            interval="10m",
            about="Accuracy of each model by interval. One falls alone: its provider changed it.",
        ),
        v.bars(
            "Category accuracy by model",
            v.sql(f"SELECT {CATEGORY}, model, {ACCURACY} AS accuracy {by_model} ORDER BY 1, 2", "accuracy"),
            x="category",
            series="model",
            unit="%",
            about="Accuracy by kind of request and model. Weak in one kind only: it can serve the others.",
        ),
    )


def versions(runs: Runs) -> v.Row:
    """Versions of the skills compared."""

    def side(version: v.Variable) -> str:
        return f"""
            (SELECT {SKILL} AS skill, count(correct) AS answers, {ACCURACY} AS accuracy,
               avg(duration) AS duration FROM case_results
             WHERE {runs.within} AND version = '${{{version.name}}}' AND correct IS NOT NULL
             GROUP BY 1)"""

    return v.row(
        "Which version is best?",
        runs.ranking(
            "Accuracy by skill version",
            runs.newest("version", ACCURACY, "%"),
            width=9,
            about="Accuracy of each release, else commit, the newest first. Worse at the top: compare below.",
        ),
        v.pie(
            "Tests by skill version",
            runs.per("version", "count(*)", "{test}"),
            width=6,
            about="How much each version was tested. A thin slice: its accuracy may be chance, run it again.",
        ),
        v.table(
            "Versions of each skill",
            v.sql(f"""
                SELECT expected_skill AS "Skill", left(skill_hash, 9) AS "SKILL.md",
                  min(run_at) AS "First run", count(correct) AS "Answers", {ACCURACY} AS "Accuracy"
                FROM case_results WHERE {runs.within} AND expected_skill <> '' AND skill_hash IS NOT NULL
                GROUP BY 1, 2 ORDER BY 1, 3 DESC LIMIT 200
            """),
            width=9,
            overrides=[v.override("Accuracy", unit="%", decimals=1, thresholds=runs.goal, cell="color-text")],
            about="Each content of a skill's file, and how its cases did. The newest is worse: revert it.",
        ),
        v.table(
            "Version A beside version B",
            v.sql(f"""
                SELECT skill AS "Skill", old.answers AS "Answers A", new.answers AS "Answers B",
                  old.accuracy AS "Accuracy A", new.accuracy AS "Accuracy B",
                  new.accuracy - old.accuracy AS "Difference", old.duration AS "Time A",
                  new.duration AS "Time B"
                FROM {side(VERSION_A)} AS old FULL JOIN {side(VERSION_B)} AS new USING (skill)
                ORDER BY 6 NULLS LAST, 1
            """),
            width=24,
            overrides=[v.override("/Accuracy/", unit="%", decimals=1), v.override("/Time/", unit="s")],
            about="The versions chosen at the top, skill by skill, the worst first. "
            "Fewer than some dozens of answers: ten points may be chance, run both again.",
        ),
    )


def commits(runs: Runs) -> v.Row:
    """Branches and commits compared."""
    return v.row(
        "Which branch, which commit?",
        runs.ranking(
            "Accuracy by branch",
            runs.newest("coalesce(ref_name, '(detached)')", ACCURACY, "%"),
            about="Accuracy by branch or tag, the one that ran last first. Below main: do not merge it yet.",
        ),
        runs.ranking(
            "Accuracy by commit",
            runs.newest("left(revision, 9) || CASE WHEN dirty THEN '+' ELSE '' END", ACCURACY, "%", limit=20),
            about="Accuracy by commit, the newest run first; + marks changes not committed. Down: see its "
            "diff.",
        ),
    )


def skills(runs: Runs) -> v.Row:
    """Where the requests of each skill go."""
    expected, actual = a.GNOMON_ROUTING_EXPECTED, a.GNOMON_ROUTING_ACTUAL
    return v.row(
        "Which skills go wrong?",
        v.table(
            "Routing accuracy by target skill",
            v.query(runs.accuracy(by=[expected]), "Accuracy"),
            v.query(runs.answers(by=[expected]), "Answers"),
            columns={expected: "Skill"},
            sort="Accuracy",
            width=9,
            overrides=[v.override("Accuracy", thresholds=runs.goal, cell="color-text", decimals=1)],
            about="Requests of each skill that reached it, the worst first (none: no skill should answer). "
            "A bad one: its row of the matrix says where its requests went.",
        ),
        v.table(
            "Misroute confusion matrix",
            v.query(runs.answers(by=[expected, actual]), "Answers"),
            columns={expected: "Expected", actual: "Chosen"},
            series=actual,
            width=15,
            about="Expected skill down, chosen skill across; off the diagonal are wrong routes, alternates "
            "aside. Two skills that swap: tell them apart in their descriptions.",
        ),
    )


def regressions(runs: Runs) -> v.Row:
    """When something broke."""
    return v.row(
        "When did it get worse?",
        runs.trend(
            "Accuracy trend",
            v.legend(runs.accuracy(STEP), "all skills"),
            about="Accuracy by interval, changes marked. A step down right after a mark: look there first.",
        ),
        runs.trend(
            "Accuracy trend by skill",
            runs.accuracy(STEP, by=[a.GNOMON_ROUTING_EXPECTED]),
            about="The same by expected skill. One falls, another rises: the one took the other's requests.",
        ),
    )


def confidence(runs: Runs) -> v.Row:
    """What the router thinks of its own answers; recorded when the settings ask for it."""
    tenth = "to_char(floor(least(confidence, 0.999) * 10) / 10, '0.0')"
    return v.row(
        "How sure is the router?",
        v.histogram(
            "Routing confidence",
            v.sql(f"""
                SELECT CASE WHEN correct THEN confidence END AS "right",
                  CASE WHEN NOT correct THEN confidence END AS "wrong"
                FROM case_results WHERE {runs.within} AND confidence IS NOT NULL
                ORDER BY run_at DESC LIMIT 10000
            """),
            unit="1",
            colors={"right": v.GOOD, "wrong": v.BAD},
            no_value=NO_CONFIDENCE,
            about="The router's own confidence in right and in wrong answers. Both alike: it says nothing.",
        ),
        runs.ranking(
            "Accuracy by confidence",
            runs.per(tenth, ACCURACY, "%", where="confidence IS NOT NULL"),
            no_value=NO_CONFIDENCE,
            about="How often answers of each tenth of confidence are right. Let it ask back below the "
            "objective.",
        ),
    )


def effort(runs: Runs) -> v.Row:
    """What right answers take."""
    routed = "expected_skill IS NOT NULL"
    return v.row(
        "What does a right answer take?",
        runs.ranking(
            "Tokens per right answer by skill",
            runs.per(SKILL, f"sum(tokens) / {RIGHT_ANSWERS}", "{token}", where=routed),
            about="Tokens of a skill's tests by its right answers. High: a long prompt, or many wrong "
            "answers.",
        ),
        runs.ranking(
            "Cost per right answer by skill",
            runs.per(SKILL, f"sum(cost_usd) / {RIGHT_ANSWERS}", "{USD}", where=routed),
            about="US dollars of a skill's tests by its right answers. High: shorten that skill first.",
        ),
    )
