"""A copy of the project's own artefacts, and faults to plant in it.

Every fault is of another kind. `plant` changes the copy and says where the fault must be found; it takes
panels, rules and pipelines as they come, so that the boards may change without the faults.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from gnomon_generators.checks.finding import Finding
from gnomon_generators.checks.loading import GENERATED

ROOT: Final = Path(__file__).parents[2]
_BESIDE: Final = ("docs/runbooks", "docker-compose.yml", "gnomon.yaml", "gnomon-check.yaml")

ALERTS: Final = "alerts/yaml/routing.yaml"
ALERT_TESTS: Final = "alerts/tests/routing.yaml"
RULES: Final = "rules/yaml/routing.yaml"
RULE_TESTS: Final = "rules/tests/routing.yaml"
ALERTMANAGER: Final = "alerts/yaml/alertmanager.yaml"
COLLECTOR: Final = "collector/yaml/gateway.yaml"
PROMETHEUS: Final = "stack/yaml/prometheus.yaml"
DATA_SOURCES: Final = "stack/yaml/grafana/datasources/gnomon.yaml"
COMPOSE: Final = "docker-compose.yml"
EXECUTIVE: Final = "dashboards/json/executive.json"
QA: Final = "dashboards/json/qa_engineer.json"
SKILLS: Final = "dashboards/json/skills_engineer.json"
SRE: Final = "dashboards/json/sre_operations.json"

Json = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """Where a planted fault must be found: a file, and in it a panel, variable or rule where there is one."""

    path: str
    panel: str | None = None
    variable: str | None = None
    rule: str | None = None

    def is_place_of(self, finding: Finding) -> bool:
        """Whether the finding is about this place."""
        where = finding.where
        mine = (self.panel, self.variable, self.rule)
        return finding.path.as_posix() == self.path and mine == (where.panel, where.variable, where.rule)


@dataclass
class Copy:
    """The documents of a copied project, by their path in it; written back by `write`."""

    folder: Path
    documents: dict[str, Any] = field(default_factory=dict)
    taken: list[Any] = field(default_factory=list)

    def open(self, path: str) -> Any:
        """The document of a file, to be changed in place."""
        if path not in self.documents:
            text = (self.folder / path).read_text("utf-8")
            self.documents[path] = json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
        return self.documents[path]

    def write(self) -> None:
        """Writes every document that was opened or made."""
        for path, document in self.documents.items():
            text = json.dumps(document, indent=2) if path.endswith(".json") else yaml.safe_dump(document)
            (self.folder / path).write_text(text, "utf-8")

    def panel(self, path: str, fits: Callable[[Json], bool]) -> Json:
        """A panel that fits, in which nothing was planted yet."""
        for panel in self.open(path)["panels"]:
            if panel["type"] != "row" and fits(panel) and not any(panel is one for one in self.taken):
                self.taken.append(panel)
                return panel  # type: ignore[no-any-return]
        raise LookupError(f"{path} has no panel left to plant this fault in")

    def rules(self, path: str) -> list[Json]:
        """The rules of a file's first group."""
        return self.open(path)["groups"][0]["rules"]  # type: ignore[no-any-return]

    def board(self, name: str, **changes: Any) -> str:
        """A board of one text beside the others; its path."""
        path = f"dashboards/json/{name}.json"
        self.documents[path] = {
            "uid": f"gnomon-{name}",
            "title": f"Seeded {name}",
            "schemaVersion": 42,
            "editable": False,
            "panels": [
                {
                    "id": 1,
                    "type": "text",
                    "title": "Seeded",
                    "gridPos": {"x": 0, "y": 0, "w": 24, "h": 4},
                    "options": {"mode": "markdown", "content": "A board."},
                }
            ],
        } | changes
        return path


@dataclass(frozen=True)
class Seed:
    """A fault of one kind: the check that must find it, once, and how it is planted."""

    check: str
    plant: Callable[[Copy], Found]

    def __str__(self) -> str:
        return self.check


def copied(folder: Path) -> Copy:
    """A copy of the project's artefacts and of what stands beside them."""
    for part in (*GENERATED, *_BESIDE):
        source, target = ROOT / part, folder / part
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    return Copy(folder)


# --- what fits ---------------------------------------------------------------------------------------


def of_prometheus(panel: Json) -> bool:
    """Whether all queries of a panel are PromQL, and there is one."""
    targets = panel.get("targets") or []
    return bool(targets) and all("expr" in target for target in targets)


def single(*kinds: str) -> Callable[[Json], bool]:
    """Panels of these kinds with one query, in PromQL."""
    return lambda panel: panel["type"] in kinds and of_prometheus(panel) and len(panel["targets"]) == 1


def expressions(panel: Json) -> str:
    """The text of all queries of a panel."""
    return " ".join(str(target.get("expr")) for target in panel.get("targets") or [])


def at(path: str, panel: Json) -> Found:
    """The place of a panel."""
    return Found(path, panel=panel["title"])


def _defaults(panel: Json) -> Json:
    return panel["fieldConfig"]["defaults"]  # type: ignore[no-any-return]


# --- dashboards --------------------------------------------------------------------------------------


def _in_panel(check: str, path: str, fits: Callable[[Json], bool], change: Callable[[Json], object]) -> Seed:
    def plant(copy: Copy) -> Found:
        panel = copy.panel(path, fits)
        change(panel)
        return at(path, panel)

    return Seed(check, plant)


def _in_board(check: str, path: str, change: Callable[[Json], object]) -> Seed:
    def plant(copy: Copy) -> Found:
        change(copy.open(path))
        return Found(path)

    return Seed(check, plant)


def _in_variable(check: str, path: str, name: str, **changes: Any) -> Seed:
    def plant(copy: Copy) -> Found:
        rows = copy.open(path)["templating"]["list"]
        next(row for row in rows if row["name"] == name).update(changes)
        return Found(path, variable=name)

    return Seed(check, plant)


def _twin_uid(copy: Copy) -> Found:
    copy.board("seeded-first", uid="gnomon-seeded-twin")
    return Found(copy.board("seeded-second", uid="gnomon-seeded-twin"))


def _twin_id(copy: Copy) -> Found:
    first, second = copy.panel(QA, single("stat")), copy.panel(QA, single("stat"))
    second["id"] = first["id"]
    return at(QA, second)


def _one_over_another(copy: Copy) -> Found:
    first, second = copy.panel(EXECUTIVE, single("stat")), copy.panel(EXECUTIVE, single("stat"))
    second["gridPos"] = dict(first["gridPos"])
    return at(EXECUTIVE, second)


def _unused_choice(copy: Copy) -> Found:
    variable = {"type": "textbox", "name": "never_read", "label": "Never read", "query": "", "current": {}}
    copy.open(SKILLS)["templating"]["list"].append(variable)
    return Found(SKILLS, variable="never_read")


def _unlike_fixed_source(panel: Json) -> None:
    for holder in (panel, *panel["targets"]):
        holder["datasource"] = {"type": "prometheus", "uid": "prometheus-of-ours"}


def _of_another_source(panel: Json) -> None:
    source = {"type": "elasticsearch", "uid": "${datasource}"}
    panel["datasource"] = source
    panel["targets"] = [{"refId": "A", "datasource": source, "query": "queue:*", "timefield": "@timestamp"}]


def _is_in_bars(panel: Json) -> bool:
    style = _defaults(panel).get("custom", {}).get("drawStyle")
    return single("timeseries")(panel) and style == "bars"


def _is_merged(panel: Json) -> bool:
    return of_prometheus(panel) and any(one["id"] == "merge" for one in panel.get("transformations", ()))


def _in_long_bars(copy: Copy) -> Found:
    panel = copy.panel(EXECUTIVE, _is_in_bars)
    panel["targets"][0]["expr"] = "sum(sum_over_time(gnomon_run_finished[1d]))"
    return at(EXECUTIVE, panel)


def _split_otherwise(copy: Copy) -> Found:
    panel = copy.panel(QA, _is_merged)
    panel["targets"][1]["expr"] = "sum(sum_over_time(gnomon_run_finished[$__range]))"
    return at(QA, panel)


def _steps_out_of_order(panel: Json) -> None:
    steps = [("#06B56F", None), ("#BF4A14", 90), ("#D9A300", 70)]
    _defaults(panel)["thresholds"] = {
        "mode": "absolute",
        "steps": [{"color": color, "value": value} for color, value in steps],
    }


def _edit(panel: Json, old: str, new: str) -> None:
    for target in panel["targets"]:
        target["expr"] = target["expr"].replace(old, new)


def _grouped(panel: Json) -> bool:
    return single("timeseries")(panel) and expressions(panel).startswith("sum by")


DASHBOARDS: Final = (
    _in_panel("dashboard/schema", SRE, single("stat"), lambda p: p["options"].update(graphMode="sparkline")),
    _in_panel("dashboard/round-trip", SRE, single("timeseries"), _of_another_source),
    _in_panel(
        "dashboard/old-shapes", SRE, single("stat"), lambda p: p["targets"][0].update(intervalFactor=2)
    ),
    _in_panel("dashboard/schema-version", SRE, single("stat"), lambda p: p.update(datasource="Prometheus")),
    Seed("dashboard/panel-ids", _twin_id),
    _in_panel(
        "dashboard/ref-ids",
        SRE,
        lambda p: of_prometheus(p) and len(p["targets"]) > 1 and not p.get("transformations"),
        lambda p: p["targets"][1].update(refId=p["targets"][0]["refId"]),
    ),
    Seed("dashboard/uid", lambda copy: Found(copy.board("seeded", uid="gnomon seeded"))),
    Seed("dashboard/unique-uid", _twin_uid),
    Seed("dashboard/grid", _one_over_another),
    Seed("dashboard/overlap", _in_long_bars),
    Seed("dashboard/table-rows", _split_otherwise),
    _in_panel(
        "dashboard/links",
        QA,
        single("stat"),
        lambda p: p.update(links=[{"title": "More", "url": "/d/gnomon-nowhere?${__url_time_range}"}]),
    ),
    _in_panel(
        "dashboard/variables-defined",
        QA,
        lambda p: single("stat")(p) and "$suite" in expressions(p),
        lambda p: _edit(p, "$suite", "$siute"),
    ),
    Seed("dashboard/variables-used", _unused_choice),
    _in_panel("dashboard/unit", SRE, single("stat"), lambda p: _defaults(p).update(unit="dollars")),
    _in_panel(
        "dashboard/unit-scale",
        EXECUTIVE,
        lambda p: single("stat")(p) and "time" not in expressions(p).replace("over_time", ""),
        lambda p: _defaults(p).update(unit="dateTimeFromNow"),
    ),
    _in_panel("dashboard/thresholds", SRE, single("stat"), _steps_out_of_order),
    _in_panel(
        "dashboard/legend-labels", SRE, _grouped, lambda p: p["targets"][0].update(legendFormat="{{nobody}}")
    ),
    _in_panel(
        "dashboard/transformations",
        SRE,
        single("stat"),
        lambda p: p.setdefault("transformations", []).append({"id": "organise", "options": {}}),
    ),
    _in_panel(
        "dashboard/columns",
        QA,
        lambda p: p["type"] == "table" and "rawSql" in p["targets"][0],
        lambda p: p["options"].update(sortBy=[{"displayName": "Nobody", "desc": True}]),
    ),
    _in_board("dashboard/retention", SRE, lambda board: board["time"].update({"from": "now-60d"})),
    _in_board("dashboard/refresh", SKILLS, lambda board: board.update(refresh="5s")),
    _in_variable("dashboard/template-datasource-rule", SRE, "datasource", label="Where from"),
    _in_variable(
        "dashboard/template-label-promql-rule", QA, "category", query="label_value(gnomon_test_category)"
    ),
    _in_variable("dashboard/template-on-time-change-reload-rule", EXECUTIVE, "suite", refresh=1),
    _in_board("dashboard/uneditable-dashboard", EXECUTIVE, lambda board: board.update(editable=True)),
    _in_panel("dashboard/panel-datasource-rule", SRE, single("timeseries"), _unlike_fixed_source),
    _in_panel(
        "dashboard/panel-title-description-rule", QA, single("gauge"), lambda p: p.update(description="")
    ),
    _in_panel("dashboard/panel-units-rule", QA, single("bargauge"), lambda p: _defaults(p).pop("unit")),
    _in_panel("dashboard/panel-no-targets-rule", QA, single("piechart"), lambda p: p.update(targets=[])),
    _in_panel(
        "dashboard/target-rate-interval-rule",
        SRE,
        lambda p: single("timeseries")(p) and expressions(p).count("[$__rate_interval]") == 1,
        lambda p: _edit(p, "[$__rate_interval]", "[5m]"),
    ),
)
"""Faults of dashboards."""


# --- rules and alerts --------------------------------------------------------------------------------


def _in_alert(check: str, number: int, change: Callable[[Json], object]) -> Seed:
    def plant(copy: Copy) -> Found:
        rule = copy.rules(ALERTS)[number]
        change(rule)
        return Found(ALERTS, rule=rule["alert"])

    return Seed(check, plant)


def _recorded(copy: Copy, name: str, *, tested: bool, **more: str) -> Found:
    """A new recording rule, with a test of both kinds or without any."""
    copy.rules(RULES).append({"record": name, "expr": "sum(sum_over_time(gnomon_run_finished[1d]))", **more})
    if tested:
        cases = [
            {"expr": name, "eval_time": "1m", "exp_samples": [{"labels": name, "value": 1}]},
            {"expr": name, "eval_time": "0m"},
        ]
        copy.open(RULE_TESTS)["tests"].append({"interval": "1m", "promql_expr_test": cases})
    return Found(RULES, rule=name)


def _said_twice(copy: Copy) -> Found:
    rule = dict(copy.rules(RULES)[0])
    copy.rules(RULES).append(rule)
    return Found(RULES, rule=rule["record"])


def _read_before_recorded(copy: Copy) -> Found:
    rules = copy.rules(RULES)
    number = next(i for i, rule in enumerate(rules) if rule["record"] == "routing_test:flaky_tests")
    rules.insert(number - 1, rules.pop(number))
    return Found(RULES, rule="routing_test:flaky_tests")


def _another_group(copy: Copy) -> Found:
    copy.open(ALERTS)["groups"].append({"name": copy.open(ALERTS)["groups"][0]["name"], "rules": []})
    return Found(ALERTS)


def _strange_key(copy: Copy) -> Found:
    copy.open(ALERTS)["groups"][0]["evaluation_interval"] = "1m"
    return Found(ALERTS)


def _odd_interval(copy: Copy) -> Found:
    copy.open(ALERTS)["groups"][0]["interval"] = "50s"
    return Found(ALERTS)


def _never_fires(copy: Copy) -> Found:
    name = copy.rules(ALERTS)[2]["alert"]
    for test in copy.open(ALERT_TESTS)["tests"]:
        cases = test.get("alert_rule_test") or []
        cases[:] = [case for case in cases if case["alertname"] != name or not case.get("exp_alerts")]
    return Found(ALERTS, rule=name)


RULES_AND_ALERTS: Final = (
    Seed("rule/promtool", lambda copy: _recorded(copy, "seeded:runs:sum1d", tested=True, **{"for": "5m"})),
    Seed("rule/keys", _strange_key),
    Seed("rule/group-name", _another_group),
    Seed("rule/interval", _odd_interval),
    Seed("rule/name", lambda copy: _recorded(copy, "seeded_runs_per_day", tested=True)),
    Seed("rule/duplicate", _said_twice),
    Seed("rule/order", _read_before_recorded),
    Seed("rule/tested", lambda copy: _recorded(copy, "seeded:runs:sum2d", tested=False)),
    _in_alert("alert/annotations", 0, lambda rule: rule["annotations"].pop("summary")),
    _in_alert("alert/severity", 0, lambda rule: rule["labels"].update(severity="urgent")),
    _in_alert("alert/runbook", 1, lambda r: r["annotations"].update(runbook_url="docs/runbooks/Gone.md")),
    _in_alert("alert/for-duration", 1, lambda rule: rule.pop("for")),
    _in_alert("alert/label-value", 2, lambda rule: rule["labels"].update(level="{{ $value }}")),
    _in_alert(
        "alert/template", 1, lambda rule: rule["annotations"].update(description="{{ $labels.nobody }}")
    ),
    Seed("alert/tested", _never_fires),
)
"""Faults of rules and alerts."""


# --- Alertmanager and the Collector ------------------------------------------------------------------


def _cut_short(copy: Copy) -> Found:
    path = "dashboards/json/cut_short.json"
    whole = (copy.folder / EXECUTIVE).read_text("utf-8")
    (copy.folder / path).write_text(whole[: len(whole) // 2], "utf-8")
    return Found(path)


def _in_file(check: str, path: str, change: Callable[[Json], object]) -> Seed:
    def plant(copy: Copy) -> Found:
        change(copy.open(path))
        return Found(path)

    return Seed(check, plant)


def _pipelines(document: Json, *parts: str) -> Iterator[list[str]]:
    """The processors of the pipelines that hold all of these kinds."""
    for pipeline in document["service"]["pipelines"].values():
        names = pipeline.get("processors") or []
        if all(any(name.partition("/")[0] == part for name in names) for part in parts):
            yield names


def _limited_late(document: Json) -> None:
    names = next(names for names in _pipelines(document, "memory_limiter", "redaction"))
    names.append(names.pop(0))


def _summed_before_filtered(document: Json) -> None:
    names = next(names for names in _pipelines(document, "filter", "delta_to_cumulative"))
    names.insert(1, names.pop(names.index("delta_to_cumulative")))


def _under_its_elder_name(document: Json) -> None:
    text = json.dumps(document).replace('"otlp_grpc/tempo"', '"otlp/tempo"')
    document.clear()
    document.update(json.loads(text))


def _queue_in_memory(document: Json) -> None:
    exporters = (raw for raw in document["exporters"].values() if "sending_queue" in (raw or {}))
    next(exporters)["sending_queue"].pop("storage")


def _literal_header(document: Json) -> None:
    exporters = [raw for raw in document["exporters"].values() if "sending_queue" in (raw or {})]
    exporters[-1].setdefault("headers", {})["authorization"] = "Bearer seeded"


def _source(document: Json, kind: str) -> Json:
    return next(source["jsonData"] for source in document["datasources"] if source["type"] == kind)


def _believed_slower(document: Json) -> None:
    _source(document, "prometheus")["timeInterval"] = "3m"


def _mapped_nowhere(document: Json) -> None:
    _source(document, "tempo")["serviceMap"]["datasourceUid"] = "seeded"


OF_THE_STACK: Final = (
    _in_file(
        "alertmanager/amtool", ALERTMANAGER, lambda file: file["route"].update(group_wait="half a minute")
    ),
    _in_file(
        "alertmanager/receivers",
        ALERTMANAGER,
        lambda file: file["route"].setdefault("routes", []).append({"receiver": "seeded"}),
    ),
    _in_file(
        "alertmanager/secret",
        ALERTMANAGER,
        lambda file: file.setdefault("global", {}).update(opsgenie_api_key="seeded"),
    ),
    _in_file(
        "collector/components",
        COLLECTOR,
        lambda file: next(_pipelines(file, "redaction")).append("filter/nowhere"),
    ),
    _in_file("collector/memory-limiter", COLLECTOR, _limited_late),
    _in_file("collector/order", COLLECTOR, _summed_before_filtered),
    _in_file("collector/queue", COLLECTOR, _queue_in_memory),
    _in_file("collector/secret", COLLECTOR, _literal_header),
    _in_file("collector/names", COLLECTOR, _under_its_elder_name),
    _in_file(
        "collector/validate",
        COLLECTOR,
        lambda file: file["processors"]["memory_limiter"].update(limit_procent=1),
    ),
    _in_file(
        "stack/secret",
        COMPOSE,
        lambda file: file["services"]["grafana"]["environment"].update(
            GF_SECURITY_ADMIN_PASSWORD="${SEEDED:-admin}"
        ),
    ),
    # The first is that of another fault: named, so that it is not one of this kind, too.
    _in_file(
        "stack/rule-files",
        PROMETHEUS,
        lambda file: file["rule_files"].extend(
            f"../../rules/yaml/{name}.yaml" for name in ("seeded", "nowhere")
        ),
    ),
    _in_file("stack/scrape-interval", DATA_SOURCES, _believed_slower),
    _in_file(
        "stack/otlp", PROMETHEUS, lambda file: file["otlp"].update(translation_strategy="NoTranslation")
    ),
    _in_file("stack/data-source", DATA_SOURCES, _mapped_nowhere),
    Seed("file/syntax", _cut_short),
)
"""Faults of configurations."""

SEEDS: Final[tuple[Seed, ...]] = (*DASHBOARDS, *RULES_AND_ALERTS, *OF_THE_STACK)
"""All faults, each of another kind."""
