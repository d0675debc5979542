"""Checks of dashboards: the cases beside those on the pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gnomon_generators.checks.finding import Finding, Severity
from tests.checks.trees import board, found, panel, query, write

BOARD = "dashboards/json/board.json"


def in_board(folder: Path, check: str, *panels: dict[str, Any], **more: Any) -> list[Finding]:
    """What the check finds in a board of these panels."""
    return found(folder, {BOARD: board(*panels, **more)}, f"dashboard/{check}")


def at(x: int, y: int, w: int = 12, h: int = 8, number: int = 1, **more: Any) -> dict[str, Any]:
    """A panel at that place."""
    place = {"x": x, "y": y, "w": w, "h": h}
    return {"id": number, "type": "text", "title": f"Panel {number}", "gridPos": place, **more}


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ('up{job=~"$job"}', ["job"]),
        ('up{job=~"${job:regex}"}', ["job"]),
        ('up{job=~"[[job]]"}', ["job"]),
        ('up{job="$suite"}', []),
        ("rate(up_total[$__rate_interval])", []),
        ("rate(up_total[$__rate_intervall])", ["__rate_intervall"]),
        ('up{path=~"/api.*$"}', []),
        ('label_replace(up, "a", "$1", "b", "(.*)")', []),
        ('up{a="$job", b="$job"}', ["job"]),
    ],
)
def test_variables_are_found_in_each_of_grafanas_spellings(
    text: str, unknown: list[str], tmp_path: Path
) -> None:
    """`$name`, `${name:format}` and `[[name]]` are variables; `$` and `$1` of regular expressions are not."""
    variable = {"type": "textbox", "name": "suite"}
    findings = in_board(tmp_path, "variables-defined", panel(query(text)), templating={"list": [variable]})
    assert [finding.message.split("`")[1].lstrip("$") for finding in findings] == unknown


def test_queries_of_annotations_are_checked_in_both_forms(tmp_path: Path) -> None:
    """What stands in `target`, which Grafana asks and Gnomon writes, and what older boards have beside it."""
    sources = {"grafana-postgresql-datasource": "rawSql", "prometheus": "expr", "tempo": "query"}
    wrong = [
        ("prometheus", "sum(gnomon_run_nonsense{foo='x'}", "promql/syntax"),
        ("prometheus", "gnomon_run_nonsense", "contract/metric"),
        ("grafana-postgresql-datasource", "SELECT time FROM nothing LIMIT 9", "sql/table"),
        ("tempo", "{ span.gen_ai.agent.nmae != nil }", "traceql/attribute"),
    ]
    entries = []
    for number, (source, text, _) in enumerate(wrong):
        raw = {sources[source]: text, **({"queryType": "traceql"} if source == "tempo" else {})}
        about = {"datasource": {"type": source, "uid": "x"}}
        entries += [
            {"name": f"{number} now", **about, "target": {"refId": "Anno", **raw}},
            {"name": f"{number} once", **about, **raw},
            {"name": f"{number} both", **about, **raw, "target": {"refId": "Anno", sources[source]: ""}},
        ]
    checks = sorted({check for _, _, check in wrong})
    findings = found(tmp_path, {BOARD: board(annotations={"list": entries})}, *checks)
    told = {(finding.where.annotation, finding.check) for finding in findings}
    assert told == {
        (f"{number} {form}", check)
        for number, (_, _, check) in enumerate(wrong)
        for form in ("now", "once", "both")
    }
    assert len({finding.line for finding in findings}) == len(entries)


def test_a_mistyped_variable_is_underlined_and_the_right_one_told(tmp_path: Path) -> None:
    """The finding marks the name in the query and names what is written almost so."""
    variable = {"type": "textbox", "name": "suite"}
    (finding,) = in_board(
        tmp_path, "variables-defined", panel(query('up{job="$siute"}')), templating={"list": [variable]}
    )
    assert finding.span is not None
    assert 'up{job="$siute"}'[slice(*finding.span)] == "$siute"
    assert finding.advice == "write `$suite`"


def test_macros_of_sql_are_no_unknown_variables(tmp_path: Path) -> None:
    """`$__timeFilter(…)` and its like belong to the data source."""
    source = {"type": "grafana-postgresql-datasource", "uid": "results"}
    text = "SELECT $__timeGroupAlias(t, $__interval) FROM runs WHERE $__timeFilter(t)"
    sql = panel({"refId": "A", "datasource": source, "rawSql": text}, datasource=source)
    assert in_board(tmp_path, "variables-defined", sql) == []


@pytest.mark.parametrize(
    "use",
    [
        {"title": "Runs of $suite"},
        {"repeat": "suite"},
        {"links": [{"title": "More", "url": "/d/gnomon-board?var-suite=${suite:queryparam}"}]},
        {"description": "What `$suite` does."},
        {"options": {"content": "Runs of **$suite**."}},
    ],
    ids=lambda use: next(iter(use)),
)
def test_a_variable_is_used_wherever_it_is_named(use: dict[str, Any], tmp_path: Path) -> None:
    """Titles, repeats, links, descriptions and texts use a variable as queries do."""
    variables = {"list": [{"type": "textbox", "name": "suite"}]}
    assert in_board(tmp_path, "variables-used", panel(query("up"), **use), templating=variables) == []
    assert in_board(tmp_path, "variables-used", panel(query("up")), templating=variables) != []


def test_a_variable_that_names_only_itself_is_not_used(tmp_path: Path) -> None:
    """Its own query and its own values are no use of it; a filter that Grafana applies by itself is."""
    own = {"type": "query", "name": "suite", "query": 'label_values(up{job=~"$suite"}, job)'}
    filters = {"type": "adhoc", "name": "filters"}
    (finding,) = in_board(tmp_path, "variables-used", templating={"list": [own, filters]})
    assert finding.where.variable == "suite"


def test_panels_of_a_folded_row_lie_over_nothing_but_each_other(tmp_path: Path) -> None:
    """They are shown only when the row is opened, and then push the rest down."""
    folded = at(0, 8, 24, 1, 2, type="row", collapsed=True, panels=[at(0, 9, number=3), at(6, 9, number=4)])
    findings = in_board(tmp_path, "grid", at(0, 0), folded, at(0, 9, 24, number=5))
    assert [finding.where.panel_id for finding in findings] == [4]


def test_a_panel_beyond_the_last_column_is_told_once(tmp_path: Path) -> None:
    """A panel of the whole width at column 12 reaches twelve columns too far."""
    (finding,) = in_board(tmp_path, "grid", at(12, 0, 24))
    assert "covers columns 12 to 36" in finding.message


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ([None, 50, 80], None),
        ([0, 50, 80], None),
        ([None, 80, 50], "follows"),
        ([None, 50, 50], "follows"),
        ([10, 50], "begins at 10"),
        ([None, 50, None], "no value"),
    ],
)
def test_steps_must_ascend_from_nothing(steps: list[float | None], wrong: str | None, tmp_path: Path) -> None:
    """The first step has no value or 0, each later one more than the one before."""
    thresholds = {"mode": "absolute", "steps": [{"color": "red", "value": step} for step in steps]}
    config = {"defaults": {"thresholds": thresholds}, "overrides": []}
    findings = in_board(tmp_path, "thresholds", panel(query("up"), fieldConfig=config))
    assert [wrong in finding.message for finding in findings if wrong] == ([True] if wrong else [])
    assert bool(findings) == (wrong is not None)


def test_thresholds_that_a_chart_does_not_draw_are_told_unless_grafana_wrote_them(tmp_path: Path) -> None:
    """Green and red at 80 stand in every new panel; others were meant."""

    def chart(*steps: tuple[str, float | None], **custom: Any) -> dict[str, Any]:
        thresholds = {"steps": [{"color": color, "value": value} for color, value in steps]}
        return panel(
            query("up"),
            type="timeseries",
            fieldConfig={"defaults": {"thresholds": thresholds, "custom": custom}},
        )

    assert in_board(tmp_path, "thresholds", chart(("green", None), ("red", 80))) == []
    assert in_board(tmp_path, "thresholds", chart(("green", None), ("red", 5))) != []
    drawn = chart(("green", None), ("red", 5), thresholdsStyle={"mode": "dashed"})
    assert in_board(tmp_path, "thresholds", drawn) == []


@pytest.mark.parametrize(
    ("unit", "text", "wrong"),
    [
        ("percentunit", "100 * sum(a) / sum(b)", False),
        ("percentunit", "sum(a) / sum(b) * 100", True),
        ("percentunit", "sum(a) / sum(b)", False),
        ("percentunit", "100 * (availability - 0.99)", False),
        ("percent", 'sum(a{ok="yes"}) / sum(a)', True),
        ("percent", "sum(a) / sum(b)", False),
        ("percent", 'sum(a{ok="yes"}) / sum(a) * 100', False),
        ("dateTimeFromNow", "max(a)", True),
        ("dateTimeFromNow", "max(timestamp(a)) * 1000", False),
        ("dateTimeAsIso", "max(backup_last_timestamp_seconds) * 1000", False),
    ],
)
def test_a_scale_is_refused_only_where_the_expression_proves_it(
    unit: str, text: str, wrong: bool, tmp_path: Path
) -> None:
    """A quotient of two metrics may be anything; a part of its whole, or a product with 100, may not."""
    config = {"defaults": {"unit": unit}, "overrides": []}
    assert bool(in_board(tmp_path, "unit-scale", panel(query(text), fieldConfig=config))) == wrong


@pytest.mark.parametrize(
    ("kind", "raw", "told"),
    [
        ("heatmap", {"options": {"yAxis": {"unit": "s"}}}, False),
        ("table", {"fieldConfig": {"overrides": [{"properties": [{"id": "unit", "value": "s"}]}]}}, False),
        ("stat", {"fieldConfig": {"defaults": {"mappings": [{"type": "value"}]}}}, False),
        ("stat", {"options": {"textMode": "name"}}, False),
        ("logs", {}, False),
        ("bargauge", {}, True),
        ("barchart", {}, True),
    ],
)
def test_a_unit_may_stand_where_the_panel_reads_it(
    kind: str, raw: dict[str, Any], told: bool, tmp_path: Path
) -> None:
    """On an axis, in an override, or as words in its place; only numbers need one."""
    assert bool(in_board(tmp_path, "panel-units-rule", panel(query("up"), type=kind, **raw))) == told


def test_links_are_judged_by_what_was_looked_at(tmp_path: Path) -> None:
    """In a whole project a missing dashboard is an error; among files that were named it is worth knowing."""
    link = {"title": "More", "url": "/d/gnomon-elsewhere/with-a-name?orgId=1"}
    files = {BOARD: board(panel(query("up"), links=[link]))}
    (whole,) = found(tmp_path, files, "dashboard/links")
    (named,) = found(tmp_path, files, "dashboard/links", paths=[BOARD])
    assert (whole.severity, named.severity) == (Severity.ERROR, Severity.INFO)
    assert (whole.advice, named.advice) == (
        "name a dashboard that there is",
        "check its file too, if your Grafana has it",
    )


@pytest.mark.parametrize("paths", [[], ["dashboards/json"]], ids=["whole project", "named files"])
def test_a_variable_that_is_not_there_is_an_error_wherever_it_is_known(
    paths: list[str], tmp_path: Path
) -> None:
    """The dashboard at the other end lies there and lacks it; the one that is meant is named."""
    variable = {"type": "textbox", "name": "skill", "query": ""}
    other = board(uid="gnomon-other", templating={"list": [variable]})
    for name, advice in (("skil", "write 'skill'"), ("agent", "set a variable that it has, or leave it out")):
        link = {"title": "More", "url": f"/d/gnomon-other?${{__url_time_range}}&var-{name}=x"}
        files = {BOARD: board(panel(query("up"), links=[link])), "dashboards/json/other.json": other}
        (finding,) = found(tmp_path, files, "dashboard/links", paths=paths)
        assert (finding.severity, finding.advice) == (Severity.ERROR, advice)


@pytest.mark.parametrize(
    ("time_from", "text", "more", "told"),
    [
        ("now-60d", "sum(x)", {"range": True}, "begins 60 days ago"),
        ("now-60d", "sum_over_time(x[$__range])", {"instant": True}, "begins 60 days ago"),
        ("now-1M/M", "x", {"range": True}, "begins 28 days ago"),
        ("now-60d", "sum_over_time(x[7d])", {"instant": True}, ""),
        ("now-14d", "sum_over_time(x[$__range])", {"range": True}, "looks back 28 days"),
        ("now-14d", "sum_over_time(x[$__range])", {"instant": True}, ""),
        ("now-7d", "a[7d] - a[7d] offset 7d", {"instant": True}, ""),
        ("now-7d", "a[7d] - a[7d] offset 7d", {"range": True}, "looks back 21 days"),
        ("now-7d", "a - a offset 30d", {"instant": True}, "looks back 30 days"),
        ("now-7d", "a offset -30d", {"instant": True}, ""),
        ("now-7d", "max_over_time(a[20d:5m])", {"instant": True}, "looks back 20 days"),
        ("now-7d", "a[$window]", {"instant": True}, ""),
        ("now-7d", 'a{b="[90d]"}', {"instant": True}, ""),
        ("2020-01-01", "a[90d]", {"instant": True}, ""),
    ],
)
def test_looking_back_further_than_anything_is_kept(
    time_from: str, text: str, more: dict[str, Any], told: str, tmp_path: Path
) -> None:
    """Fifteen days are kept: the range, its windows and offsets count together, each as the least it is."""
    files = {BOARD: board(panel(query(text, **more)), time={"from": time_from, "to": "now"})}
    findings = found(tmp_path, files, "dashboard/retention")
    assert [told in one.message for one in findings] == ([True] if told else [])


ROWS = 'SELECT suite AS "Suite", tests AS Tests, count(*) AS n FROM run_totals GROUP BY 1, 2'
TRACE = "/explore?panes=${__data.fields[%s]:percentencode}"


@pytest.mark.parametrize(
    ("more", "advice"),
    [
        ({"options": {"sortBy": [{"displayName": "Suite"}]}}, ""),
        ({"options": {"sortBy": [{"displayName": "suite"}]}}, "write 'Suite'"),
        ({"options": {"sortBy": [{"displayName": "tests"}]}}, ""),
        ({"options": {"sortBy": [{"displayName": "Tests"}]}}, "write 'tests'"),
        ({"options": {"sortBy": [{"displayName": "Nobody"}]}}, "its columns are Suite, tests, n"),
        ({"fieldConfig": {"defaults": {"links": [{"url": TRACE % '"Suite"'}]}}}, ""),
        ({"fieldConfig": {"defaults": {"links": [{"url": TRACE % '"Suit"'}]}}}, "write 'Suite'"),
        (
            {
                "options": {"sortBy": [{"displayName": "Count"}]},
                "fieldConfig": {
                    "overrides": [
                        {
                            "matcher": {"id": "byName", "options": "n"},
                            "properties": [{"id": "displayName", "value": "Count"}],
                        },
                    ]
                },
            },
            "",
        ),
        (
            {
                "options": {"sortBy": [{"displayName": "Count"}]},
                "transformations": [{"id": "organize", "options": {"renameByName": {"n": "Count"}}}],
            },
            "",
        ),
        (
            {
                "options": {"sortBy": [{"displayName": "Count"}]},
                "transformations": [{"id": "merge", "options": {}}],
            },
            "",
        ),
        (
            {
                "fieldConfig": {
                    "overrides": [{"matcher": {"id": "byRegexp", "options": "/x/"}, "properties": []}]
                }
            },
            "",
        ),
    ],
)
def test_columns_of_a_table_in_sql(more: dict[str, Any], advice: str, tmp_path: Path) -> None:
    """Those that the query selects, under any name that they are given; what is unknown is let pass."""
    source = {"type": "grafana-postgresql-datasource", "uid": "results"}
    target = {"refId": "A", "datasource": source, "rawSql": ROWS, "format": "table"}
    findings = found(tmp_path, {BOARD: board(panel(target, type="table", **more))}, "dashboard/columns")
    assert [one.advice for one in findings] == ([advice] if advice else [])


def test_what_is_kept_is_a_setting(tmp_path: Path) -> None:
    """With more days kept nothing is told; a panel with its own time range is looked at by itself."""
    far = board(panel(query("a", range=True)), time={"from": "now-60d", "to": "now"})
    near = board(panel(query("a", range=True), timeFrom="24h"), time={"from": "now-60d", "to": "now"})
    late = board(panel(query("a", range=True), timeFrom="30d"), time={"from": "now-1h", "to": "now"})
    told = [bool(found(tmp_path, {BOARD: one}, "dashboard/retention")) for one in (far, near, late)]
    assert told == [True, False, True]
    write(tmp_path, {"gnomon.yaml": "retention:\n  prometheus_days: 90\n"})
    assert not any(found(tmp_path, {BOARD: one}, "dashboard/retention") for one in (far, near, late))


@pytest.mark.parametrize("paths", [[], [BOARD]], ids=["whole project", "named files"])
def test_a_dashboard_that_was_not_generated_is_no_error(paths: list[str], tmp_path: Path) -> None:
    """Definitions make it, ours or the team's: it is worth knowing how to have it here."""
    define(tmp_path, "dashboards/our_queue.py")
    for name in ("qa_engineer", "our_queue"):
        link = {"title": "More", "url": f"/d/gnomon-{name.replace('_', '-')}?${{__url_time_range}}"}
        files = {BOARD: board(panel(query("up"), links=[link]))}
        (finding,) = found(tmp_path, files, "dashboard/links", paths=paths)
        assert finding.severity == Severity.INFO
        assert finding.advice == f"generate it too: `gnomon generate dashboards --only {name}`"


@pytest.mark.parametrize(
    ("uid", "advice"),
    [
        ("gnomon-qa-enginer", 'write to_dashboard("qa_engineer")'),
        ("gnomon-our-que", 'write to_dashboard("our_queue")'),
        ("handmad", "write 'handmade'"),
        ("gnomon-boards", "name a dashboard that there is"),
        ("gnomon-elsewhere", "name a dashboard that there is"),
    ],
)
def test_a_misspelt_dashboard_is_named_as_one_writes_it(uid: str, advice: str, tmp_path: Path) -> None:
    """As in a definition where one makes it; never the board itself, never what only begins alike."""
    define(tmp_path, "dashboards/our_queue.py")
    linked = board(panel(query("up"), links=[{"title": "More", "url": f"/d/{uid}"}]))
    files = {BOARD: linked, "dashboards/json/handmade.json": board(uid="handmade")}
    (finding,) = found(tmp_path, files, "dashboard/links")
    assert finding.advice == advice


def define(folder: Path, name: str) -> None:
    """Writes a definition file that the settings of the project know; only its name matters."""
    write(folder, {"gnomon.yaml": "definitions: own\n", f"own/{name}": ""})


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/d/other",
        "/d/${__data.fields.uid}/x",
        "/explore?panes=%7B%7D",
        "/d/gnomon-board?${__url_time_range}&${__all_variables}&var-suite=routing",
    ],
)
def test_links_that_lead_somewhere_else_or_home_are_right(url: str, tmp_path: Path) -> None:
    """Other sites, addresses from data, Explore, and dashboards that are there."""
    variables = {"list": [{"type": "textbox", "name": "suite"}]}
    linked = panel(query("up"), links=[{"title": "More", "url": url}])
    assert in_board(tmp_path, "links", linked, templating=variables) == []


def test_labels_of_links_are_those_of_the_only_query(tmp_path: Path) -> None:
    """`${__field.labels.x}` in the links of values is a label of the result."""
    links = [{"title": "More", "url": "/d/gnomon-board?var-suite=${__field.labels.suite:percentencode}"}]
    config = {"defaults": {"links": links}, "overrides": []}

    def findings(text: str) -> list[Finding]:
        return in_board(tmp_path, "legend-labels", panel(query(text), fieldConfig=config))

    assert findings("sum by (suite) (runs)") == []
    assert findings("topk(3, sum by (suite, model) (runs))") == []
    assert "names the label `suite`" in findings("sum by (model) (runs)")[0].message


def test_a_refresh_is_measured_by_what_the_board_reads(tmp_path: Path) -> None:
    """Recorded series come at their group's interval, metrics at that of scraping."""
    group = {"name": "g", "interval": "1m", "rules": [{"record": "suite:runs:sum1d", "expr": "sum(runs)"}]}
    files = {"rules/yaml/g.yaml": json.dumps({"groups": [group]})}

    def finds(refresh: str, text: str) -> bool:
        boards = {BOARD: board(panel(query(text)), refresh=refresh)}
        return bool(found(tmp_path, {**files, **boards}, "dashboard/refresh"))

    assert finds("30s", "suite:runs:sum1d")
    assert not finds("1m", "suite:runs:sum1d")
    assert not finds("30s", "runs")
    assert finds("5s", "runs")
    assert not finds("", "runs")


def test_the_rules_of_job_and_instance_run_when_they_are_asked_for(tmp_path: Path) -> None:
    """They are no part of a check without `--only`, nor of one by a glob."""
    files = {BOARD: board(panel(query("up")))}
    rule = "dashboard/target-job-rule"
    assert [one.check for one in found(tmp_path, files, rule)] == [rule]
    assert rule not in {one.check for one in found(tmp_path, files, "dashboard/*")}
    assert rule not in {one.check for one in found(tmp_path, files)}


@pytest.mark.parametrize(
    ("own", "panels", "told"),
    [
        ("1m", "1d", True),
        ("1d", "24h", False),
        ("1d", "1h", False),
        ("", "1d", False),
        ("$step", "1d", False),
        ("1m", None, False),
    ],
)
def test_a_step_below_the_panels_is_told(own: str, panels: str | None, told: bool, tmp_path: Path) -> None:
    """Of two fixed lengths; what is not said, or a variable, proves nothing."""
    asked = panel(query("up", interval=own), **({"interval": panels} if panels else {}))
    assert bool(in_board(tmp_path, "interval", asked)) == told


SPLIT = "sum by (skill, team) (rate(requests_total{{{}}}[$__rate_interval]))"


@pytest.mark.parametrize(
    ("text", "legend", "more", "split"),
    [
        (SPLIT.format(""), "Requests", {}, "skill, team"),
        (SPLIT.format('team="a"'), "Requests", {}, "skill"),
        (SPLIT.format('team="$one", skill=~"$several"'), "Requests", {}, "skill"),
        (SPLIT.format('team="$several", skill=~"$one"'), "Requests", {}, ""),
        (SPLIT.format('team="a", skill=~"$several"'), "Requests", {"repeat": "several"}, ""),
        (SPLIT.format(""), "{{skill}}", {}, ""),
        (SPLIT.format(""), "", {}, ""),
        (SPLIT.format(""), "__auto", {}, ""),
        (SPLIT.format(""), "Requests", {"type": "table"}, ""),
        (SPLIT.format(""), "Requests", {"transformations": [{"id": "reduce", "options": {}}]}, ""),
        (SPLIT.format(""), "Requests", {"type": "stat", "options": {"textMode": "value"}}, ""),
        (
            SPLIT.format(""),
            "Requests",
            {"fieldConfig": {"defaults": {"displayName": "${__field.labels.skill}"}, "overrides": []}},
            "",
        ),
        (f"topk(1, {SPLIT.format('')})", "Busiest", {}, ""),
        (f"topk(3, {SPLIT.format('')})", "Busiest", {}, "skill, team"),
        ("rate(requests_total[$__rate_interval])", "Requests", {}, ""),
        ("sum(rate(requests_total[$__rate_interval]))", "Requests", {}, ""),
    ],
)
def test_a_name_for_all_series_is_found_where_there_are_several(
    text: str, legend: str, more: dict[str, Any], split: str, tmp_path: Path
) -> None:
    """A label that is held to one value by a matcher or a choice of one tells nothing apart."""
    variables = [{"type": "query", "name": "one"}, {"type": "query", "name": "several", "multi": True}]
    shown = panel(query(text, legendFormat=legend), **{"type": "timeseries", **more})
    findings = in_board(tmp_path, "legend-labels", shown, templating={"list": variables})
    assert [f"split by {split}: " in finding.message for finding in findings] == [True] * bool(split)


@pytest.mark.parametrize(
    ("legend", "advice"),
    [("{{suite}}", "write {{test_suite_name}}"), ("{{test_suite_nmae}}", "write {{test_suite_name}}")],
)
def test_the_label_that_a_legend_means_is_told(legend: str, advice: str, tmp_path: Path) -> None:
    """By one of its words, or a slip of the pen."""
    shown = panel(query(BY_SUITE, legendFormat=legend), type="timeseries")
    (finding,) = in_board(tmp_path, "legend-labels", shown)
    assert finding.advice == advice


BY_SUITE = "sum by (test_suite_name) (sum_over_time(gnomon_run_tests[1d]))"


def test_further_labels_of_a_query_are_a_warning_and_none_in_files_of_others(tmp_path: Path) -> None:
    """They may be those of the other query in more words."""
    further = "sum by (test_suite_name, gen_ai_request_model) (sum_over_time(gnomon_run_cost_usd[1d]))"
    table = {"type": "table", "transformations": [{"id": "merge", "options": {}}]}
    shown = panel(query(BY_SUITE, instant=True), query(further, refId="B", instant=True), **table)
    (finding,) = in_board(tmp_path, "table-rows", shown)
    assert finding.severity is Severity.WARNING
    files = {BOARD: board(shown, uid="theirs")}
    assert found(tmp_path, files, "dashboard/table-rows", paths=[BOARD]) == []


@pytest.mark.parametrize(
    ("text", "more", "wrong"),
    [
        ("sum(sum_over_time(gnomon_run_cost_usd[1d]))", {}, 1),
        ("sum by (gen_ai_request_model) (sum_over_time(gnomon_run_cost_usd[1d]))", {}, 1),
        ("sum by (test_suite_name) (sum_over_time(gnomon_run_cost_usd[1d]))", {}, 0),
        ("routing_test:flaky_tests", {}, 0),
        ("sum(sum_over_time(gnomon_run_cost_usd[1d]))", {"type": "timeseries"}, 0),
        ("sum(sum_over_time(gnomon_run_cost_usd[1d]))", {"transformations": []}, 0),
    ],
)
def test_rows_of_a_table_belong_together(text: str, more: dict[str, Any], wrong: int, tmp_path: Path) -> None:
    """All queries of a table that is merged are split by the same labels, as far as these are known."""
    table = {"type": "table", "transformations": [{"id": "merge", "options": {}}], **more}
    shown = panel(query(BY_SUITE, instant=True), query(text, refId="B", instant=True), **table)
    findings = in_board(tmp_path, "table-rows", shown)
    assert [finding.where.query for finding in findings] == ["B"] * wrong
    hidden = panel(query(BY_SUITE), query(text, refId="B", hide=True), **table)
    assert in_board(tmp_path, "table-rows", hidden) == []


@pytest.mark.parametrize(
    ("text", "step", "style", "wrong"),
    [
        ("sum(increase(requests_total[1d]))", None, "bars", 1),
        ("sum(increase(requests_total[1d]))", "1h", "bars", 1),
        ("sum(increase(requests_total[1d]))", "1d", "bars", 0),
        ("sum(increase(requests_total[1d]))", "$step", "bars", 0),
        ("sum(increase(requests_total[1d]))", None, "line", 0),
        ("sum(increase(requests_total[$__interval]))", None, "bars", 0),
        ("sum(rate(requests_total[1d]))", None, "bars", 0),
        ("sum(increase(a_total[1d])) / sum(increase(b_total[1d]))", None, "bars", 0),
        ("sum(increase(a_total[1d])) / 24", None, "bars", 1),
        ("histogram_quantile(0.9, sum by (le) (increase(a_bucket[1d])))", None, "bars", 0),
    ],
)
def test_bars_count_each_thing_once(
    text: str, step: str | None, style: str, wrong: int, tmp_path: Path
) -> None:
    """A total over a fixed window needs a step as long, of the panel or of the query."""
    config = {"defaults": {"custom": {"drawStyle": style}}, "overrides": []}
    for number, (of_panel, of_query) in enumerate(((step, None), (None, step))):
        shown = panel(
            query(text, **({"interval": of_query} if of_query else {})),
            type="timeseries",
            fieldConfig=config,
            **({"interval": of_panel} if of_panel else {}),
        )
        (tmp_path / str(number)).mkdir()
        assert len(in_board(tmp_path / str(number), "overlap", shown)) == wrong
