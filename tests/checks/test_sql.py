"""Queries in SQL are held against the tables of the results store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known import tables as known_tables
from tests.checks.trees import board, found, marked, panel

RESULTS = {"type": "grafana-postgresql-datasource", "uid": "results"}
ALL = ("sql/syntax", "sql/table", "sql/column", "sql/time-filter", "sql/unbounded")


def _in_panel(folder: Path, text: str, *checks: str, uid: str = "gnomon-board", **more: Any) -> list[Finding]:
    target = {"refId": "A", "datasource": RESULTS, "rawSql": text, "rawQuery": True, **more}
    name = "dashboards/json/board.json"
    return found(
        folder,
        {name: board(panel(target), uid=uid)},
        *checks,
        paths=[] if uid.startswith("gnomon") else [name],
    )


@pytest.mark.parametrize(
    "text",
    [
        "SELECT $__timeGroupAlias(run_at, '1d'), sum(tests) FROM run_totals WHERE $__timeFilter(run_at)"
        " GROUP BY 1",
        "SELECT count(*) FROM run_totals r WHERE $__timeFilter(r.run_at) AND suite IN ($suite)",
        "SELECT count(*) FROM run_totals WHERE $__timeFilter(run_at) AND suite ~ '^(${suite:regex})$'",
        "SELECT a.suite, b.n FROM run_totals a JOIN (SELECT suite, count(*) AS n FROM case_results WHERE"
        " $__timeFilter(run_at) GROUP BY 1) b USING (suite) ORDER BY b.n LIMIT 5",
        "WITH x AS (SELECT suite AS s FROM run_totals WHERE $__timeFilter(run_at) LIMIT 9) SELECT s FROM x",
        "SELECT sum(tests) AS n FROM run_totals WHERE $__timeFilter(run_at) GROUP BY suite"
        " HAVING sum(tests) > 1 ORDER BY n",
        "SELECT suite FROM run_totals r WHERE EXISTS (SELECT 1 FROM case_results c WHERE c.run_id = r.run_id"
        " AND r.suite = c.suite LIMIT 1) AND $__timeFilter(run_at)",
        "SELECT attributes->>'a' AS a FROM runs WHERE $__unixEpochNanoFilter(started_ns) LIMIT 5",
        "SELECT * FROM changes ORDER BY changed_at DESC LIMIT 20",
        "SELECT count(*) FROM case_results WHERE version = '$version'",
        "SELECT DISTINCT suite FROM run_totals WHERE $__timeFilter(run_at)",
        "SELECT avg(cost_usd) OVER (ORDER BY run_at) FROM run_totals WHERE $__timeFilter(run_at) LIMIT 10",
    ],
)
def test_queries_that_are_right(text: str, tmp_path: Path) -> None:
    """Macros, variables, joins, parts of their own and queries inside queries pass."""
    assert _in_panel(tmp_path, text, *ALL) == []


@pytest.mark.parametrize(
    ("text", "check", "part"),
    [
        ("SELECT suite,\n  count(* FROM run_totals", "sql/syntax", None),
        ("DELETE FROM run_totals", "sql/syntax", "DELETE FROM run_totals"),
        ("SELECT 1; SELECT 2", "sql/syntax", "SELECT 1; SELECT 2"),
        ("SELECT suite, FROM run_totals LIMIT 1", "sql/syntax", ","),
        ("SELECT count(*) FROM run_total WHERE $__timeFilter(run_at)", "sql/table", "run_total"),
        ("SELECT sum(r.nosuch) FROM run_totals AS r WHERE $__timeFilter(r.run_at)", "sql/column", "nosuch"),
        ("SELECT sum(tests) FROM run_totals WHERE $__timeFilter(time)", "sql/column", "time"),
        (
            "SELECT x.b FROM (SELECT suite AS a FROM run_totals WHERE $__timeFilter(run_at)) x LIMIT 1",
            "sql/column",
            "b",
        ),
        ("SELECT count(*) FROM case_results", "sql/time-filter", "case_results"),
        ("SELECT case_name FROM case_results WHERE $__timeFilter(run_at)", "sql/unbounded", "case_results"),
    ],
)
def test_mistakes_are_marked(text: str, check: str, part: str | None, tmp_path: Path) -> None:
    """Each mistake is one finding, with the name that is wrong marked."""
    findings = _in_panel(tmp_path, text, *ALL)
    assert [finding.check for finding in findings] == [check]
    if part is not None:
        assert marked(findings)[0].split(".")[-1] == part


def test_others_boards_ask_other_databases(tmp_path: Path) -> None:
    """A table that the store does not have is no mistake in a board that is not ours."""
    assert _in_panel(tmp_path, "SELECT count(*) FROM orders", "sql/*", uid="shop") == []


def test_without_the_store_it_is_said_that_nothing_was_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no distribution knows of tables, one finding says so, and queries are still parsed."""
    monkeypatch.setattr(known_tables, "entry_points", lambda group: [])
    known_tables.tables.cache_clear()
    try:
        findings = _in_panel(tmp_path, "SELECT nosuch FROM nothing LIMIT 1", *ALL)
    finally:
        known_tables.tables.cache_clear()
    assert [(finding.check, finding.severity) for finding in findings] == [("sql/table", Severity.INFO)]


SEVERAL = {"name": "agent", "type": "query", "multi": True}


@pytest.mark.parametrize(
    ("condition", "variable", "wrong"),
    [
        ("agent = '$agent'", {}, ["= '$agent'"]),
        ("agent = '$agent'", {"multi": False}, []),
        ("agent = '$agent'", {"multi": False, "includeAll": True}, ["= '$agent'"]),
        ("agent<>${agent}", {}, ["<>${agent}"]),
        ("agent = '[[agent]]'", {}, ["= '[[agent]]'"]),
        ("agent = '${agent:raw}'", {}, ["= '${agent:raw}'"]),
        ("agent IN ('$agent')", {}, ["'$agent'"]),
        ("agent IN ($agent)", {}, []),
        ("agent IN ($agent)", {"includeAll": True, "allValue": ".*"}, ["$agent"]),
        ("agent IN ($agent)", {"includeAll": True, "allValue": "-1"}, []),
        ("agent IN (${agent:sqlstring})", {}, []),
        ("agent ~ '^(${agent:regex})$'", {}, []),
        ("agent ~ '^(${agent:regex})$'", {"includeAll": True, "allValue": ".*"}, []),
        ("duration >= $agent", {}, []),
        ("agent = '$other'", {}, []),
    ],
)
def test_several_values_are_compared_as_several(
    condition: str, variable: dict[str, Any], wrong: list[str], tmp_path: Path
) -> None:
    """Grafana quotes each value of a variable of several itself, and lists them."""
    text = "SELECT suite FROM run_totals WHERE $__timeFilter(run_at) AND (?) LIMIT 9".replace("?", condition)
    target = {"refId": "A", "datasource": RESULTS, "rawSql": text, "rawQuery": True}
    variables = {"list": [{**SEVERAL, **variable}]}
    once = board(panel(target), templating=variables)
    findings = found(tmp_path, {"dashboards/json/board.json": once}, "sql/multi-value")
    assert marked(findings) == wrong
    # Once for each value there is one, which is quoted all the same.
    repeated = board(panel(target, repeat="agent"), templating=variables)
    findings = found(tmp_path, {"dashboards/json/board.json": repeated}, "sql/multi-value")
    assert marked(findings) == [part for part in wrong if "'" in part and ":" not in part]
