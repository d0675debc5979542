"""The runs that a board looks at, in PromQL and in SQL, and the measures that several boards share.

Both languages give the same numbers: run points stand at the end of their run, and so does `run_at` in the
views of the results store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.settings import Settings
from gnomon_generators import promql
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import RANGE, AnyLabel, AnyMetric, Expr, Labels, Value, Window

Where = Mapping[AnyLabel, Value]

PASSED: Where = {a.GNOMON_TEST_OUTCOME: "passed"}
FAILED: Where = {a.GNOMON_TEST_OUTCOME: promql.one_of("failed", "error", "crashed")}
DECIDED: Where = {a.GNOMON_TEST_OUTCOME: promql.one_of("passed", "failed", "error", "crashed")}
RIGHT: Where = {a.GNOMON_ROUTING_CORRECT: True}
WRONG: Where = {a.GNOMON_ROUTING_CORRECT: False}

# Measures in SQL over rows of `case_results`.
ACCURACY = "100 * avg(correct::int)"
RIGHT_ANSWERS = "nullif(count(*) FILTER (WHERE correct), 0)"
SKILL = "coalesce(nullif(expected_skill, ''), '(no skill)')"

# The columns of the store's views that hold what a variable chooses; a case without a category is `none`.
_COLUMNS: Mapping[AnyLabel, str] = {
    a.TEST_SUITE_NAME: "suite",
    a.DEPLOYMENT_ENVIRONMENT_NAME: "environment",
    a.GNOMON_TEST_CATEGORY: "coalesce(category, 'none')",
    a.GEN_AI_REQUEST_MODEL: "model",
}


class Runs:
    """What suite, environment (where the settings offer it) and a board's own variables choose.

    `where` is their filter for expressions, `of_suite` that of recorded series. `always` is the same as a
    condition in SQL on the views of the results store, whenever it was; `within` adds the board's time
    range; `suites` keeps to what a run as a whole has: suite and environment.
    """

    def __init__(self, settings: Settings, *own: v.Variable) -> None:
        of_run = (v.suite, *v.environment(settings))
        chosen = [one for one in (*of_run, *own) if one.attribute is not None]
        self.settings = settings
        self.variables = (*of_run, *own)
        self.where: Where = promql.filters(*chosen)
        self.of_suite: Where = promql.filters(*of_run)
        self.always = _condition(chosen)
        self.within = f"$__timeFilter(run_at) AND {self.always}"
        self.suites = _condition(of_run)
        self.goal = v.objective(settings.slo.routing_accuracy_percent)

    def total(
        self, metric: AnyMetric, window: Window = RANGE, by: Labels = (), where: Where | None = None
    ) -> Expr:
        """How much there was of a metric."""
        return promql.total(metric, window, by, {**self.where, **(where or {})})

    def tests(self, outcome: Where | None = None, window: Window = RANGE, by: Labels = ()) -> Expr:
        """Tests, each once; of some outcomes, or of all."""
        return self.total(m.GNOMON_RUN_TESTS, window, by, outcome)

    def answers(self, window: Window = RANGE, by: Labels = (), where: Where | None = None) -> Expr:
        """Routing tests that got an answer."""
        return self.total(m.GNOMON_RUN_ROUTING_VERDICTS, window, by, where)

    def accuracy(self, window: Window = RANGE, by: Labels = ()) -> Expr:
        """Right routes in percent of answers, every answer with the same weight."""
        return promql.percent(self.answers(window, by, RIGHT), self.answers(window, by))

    def pass_rate(self, window: Window = RANGE, by: Labels = ()) -> Expr:
        """Passed tests in percent of those that passed or failed; skipped or never reached is neither."""
        return promql.percent(self.tests(PASSED, window, by), self.tests(DECIDED, window, by))

    def cost(self, window: Window = RANGE, by: Labels = ()) -> Expr:
        """What model calls cost, those without a known price left out."""
        return self.total(m.GNOMON_RUN_COST_USD, window, by)

    def per(
        self, column: str, measure: str, unit: str = "", *, where: str = "TRUE", limit: int = 12
    ) -> v.Query:
        """A measure over `case_results` for each value of a column, the greatest first."""
        return self._grouped(column, measure, unit, where=where, order="value DESC, 1", limit=limit)

    def newest(self, column: str, measure: str, unit: str = "", *, limit: int = 12) -> v.Query:
        """The same, the value of the newest run first."""
        return self._grouped(column, measure, unit, where="TRUE", order="max(run_at) DESC, 1", limit=limit)

    def _grouped(
        self, column: str, measure: str, unit: str, *, where: str, order: str, limit: int
    ) -> v.Query:
        return v.sql(
            f"""
            SELECT {column} AS name, {measure} AS value FROM case_results
            WHERE {self.within} AND {column} IS NOT NULL AND {where}
            GROUP BY 1 HAVING {measure} IS NOT NULL ORDER BY {order} LIMIT {limit}
            """,
            unit=unit,
        )

    def ranking(self, title: str, query: v.Query, **common: Any) -> v.Panel:
        """Bars in the order of a query; accuracies are judged by the objective."""
        judged = {"thresholds": self.goal} if query.unit == "%" else {}
        return v.bar_gauge(title, query, **{**judged, **common})

    def trend(self, title: str, *queries: Expr | v.Query, **common: Any) -> v.Panel:
        """Accuracies over time beside their objective, drawn from run to run."""
        shape = {"connect": True, "min": 0, "max": 100, "thresholds": self.goal}
        return v.timeseries(title, *queries, **{**shape, **common})


def _condition(variables: Sequence[v.Variable]) -> str:
    found = ((one, _COLUMNS.get(one.attribute)) for one in variables if one.attribute is not None)
    return " AND ".join(v.chosen(one, column) for one, column in found if column is not None)
