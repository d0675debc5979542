"""Faults to plant in queries: PromQL, SQL and TraceQL, and what they name."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

from tests.checks.seeded import EXECUTIVE, QA, SKILLS, SRE, Copy, Found, Json, Seed, at
from tests.checks.seeded import RULES as OUR_RULES

RULES: Final = "rules/yaml/seeded.yaml"
RULE_TESTS: Final = "rules/tests/seeded.yaml"
ACCEPTED: Final = "gnomon-check.yaml"

_TEXTS: Final = ("expr", "rawSql", "query")


def _in_query(check: str, path: str, pattern: str, replacement: str, count: int = 1) -> Seed:
    """A fault made by changing the text of a panel's first query that the pattern fits."""

    def plant(copy: Copy) -> Found:
        panel = copy.panel(path, lambda panel: any(_fits(target, pattern) for target in _targets(panel)))
        target = next(target for target in _targets(panel) if _fits(target, pattern))
        key = _key(target)
        changed = re.sub(pattern, replacement, target[key], count=count, flags=re.DOTALL)
        assert changed != target[key]
        target[key] = changed
        return at(path, panel)

    return Seed(check, plant)


def _in_twin(check: str, path: str, pattern: str, replacement: str) -> Seed:
    """The same in a new panel at the end of the board, like the one that the pattern fits."""

    def plant(copy: Copy) -> Found:
        panels = copy.open(path)["panels"]
        model = next(panel for panel in panels if any(_fits(one, pattern) for one in _targets(panel)))
        number = max(panel["id"] for panel in panels) + 1
        bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
        twin = deepcopy(model) | {"id": number, "title": f"Seeded {check}"}
        twin["gridPos"] = {**model["gridPos"], "x": 0, "y": bottom}
        for target in _targets(twin):
            target[_key(target)] = re.sub(pattern, replacement, target[_key(target)], count=1)
        panels.append(twin)
        copy.taken.append(twin)
        return at(path, twin)

    return Seed(check, plant)


def _targets(panel: Json) -> list[Json]:
    return [target for target in panel.get("targets") or [] if _key(target)]


def _key(target: Json) -> str:
    return next((key for key in _TEXTS if isinstance(target.get(key), str)), "")


def _fits(target: Json, pattern: str) -> bool:
    return re.search(pattern, target[_key(target)], re.DOTALL) is not None


def _in_rules(check: str, name: str, text: str, series: str, value: str) -> Seed:
    """A fault in a new recording rule, which has its test: of a sample of the series it makes the value."""

    def plant(copy: Copy) -> Found:
        group = {"name": "seeded_rules", "interval": "1m", "rules": []}
        copy.documents.setdefault(RULES, {"groups": [group]})["groups"][0]["rules"].append(
            {"record": name, "expr": text}
        )
        tests = copy.documents.setdefault(
            RULE_TESTS, {"rule_files": ["../yaml/seeded.yaml"], "evaluation_interval": "1m", "tests": []}
        )
        some = {"expr": name, "eval_time": "0m", "exp_samples": [{"labels": value, "value": 1}]}
        tests["tests"] += [
            {
                "interval": "1m",
                "input_series": [{"series": series, "values": "1"}],
                "promql_expr_test": [some],
            },
            {"interval": "1m", "promql_expr_test": [{"expr": name, "eval_time": "0m"}]},
        ]
        return Found(RULES, rule=name)

    return Seed(check, plant)


def _in_a_circle(copy: Copy) -> Found:
    """Two rules that leave series out by each other, which changes none of their values."""
    first, other = "routing_test:answers:1h", "routing_test:runs:1d"
    for rule in copy.rules(OUR_RULES):
        for name, from_ in ((first, other), (other, first)):
            if rule["record"] == name:
                rule["expr"] = f"{rule['expr']} unless on (test_suite_name) ({from_} > 1e12)"
    return Found(OUR_RULES, rule=first)


def _in_list(check: str, change: Callable[[dict[str, list[Any]]], object]) -> Seed:
    """A fault in the list of what is accepted."""

    def plant(copy: Copy) -> Found:
        change(copy.open(ACCEPTED))
        return Found(ACCEPTED)

    return Seed(check, plant)


def _in_a_small_budget(copy: Copy) -> Found:
    copy.documents["gnomon.yaml"] = {"budgets": {"series": 50}}
    return Found("gnomon.yaml")


def _accept_nothing(document: dict[str, list[Any]]) -> None:
    entry = {"check": "promql/rate", "path": "rules/yaml/*.yaml", "reason": "It only grows."}
    document.setdefault("suppressions", []).append(entry)


CONTRACT: Final = (
    _in_query("contract/metric", SRE, "gnomon_run_tokens", "gnomon_run_token", count=0),
    _in_query("contract/suffix", SRE, "gnomon_run_duration_seconds", "gnomon_run_duration_seconds_total", 0),
    _in_query("contract/label", SRE, 'error_type="rate_limited"', 'error="rate_limited"', count=0),
    _in_query("contract/value", SRE, 'gen_ai_token_type="output"', 'gen_ai_token_type="outputs"'),
    _in_query(
        "contract/recorded", QA, r"^count\((.*)routing_test:flaky_tests", r"count(\1routing_test:flaky"
    ),
    _in_query(
        "contract/join",
        SKILLS,
        r"sum by \(gnomon_routing_expected\)(?=.*\[\$__interval\])",
        "sum by (gnomon_routing_actual)",
    ),
    Seed("contract/cycle", _in_a_circle),
    _in_list("contract/unused", lambda document: document["unused_metrics"].pop()),
    Seed("contract/series", _in_a_small_budget),
)
"""Faults of what queries name."""

PROMQL: Final = (
    _in_query(
        "promql/syntax",
        SRE,
        r"gnomon_run_worker_busy_time_seconds(.*)\)$",
        r"gnomon_run_worker_busy_time_seconds\1",
    ),
    _in_query(
        "promql/rate",
        SRE,
        r"\(otelcol_exporter_queue_size\)",
        "(increase(otelcol_exporter_queue_size[$__rate_interval]))",
    ),
    _in_query("promql/run-point", SRE, r"sum_over_time(?=\(gnomon_run_tests\{[^}]*\}\[24h)", "increase"),
    _in_query("promql/level-function", SRE, r"rate(?=\(otelcol_receiver_accepted_metric_points)", "delta"),
    _in_query(
        "promql/lifetime", SRE, r"rate\((otelcol_receiver_accepted_spans)\[\$__rate_interval\]\)", r"\1"
    ),
    _in_query(
        "promql/span-count",
        EXECUTIVE,
        r"sum_over_time\(gnomon_run_tests\{[^}]*\}",
        r'increase(traces_spanmetrics_calls_total{span_name=~"test .+"}',
    ),
    _in_query("promql/window", SRE, r"(?<=otelcol_process_cpu_seconds\[)\$__rate_interval", "20s"),
    _in_rules(
        "promql/edge",
        "seeded:runs:1m",
        "sum(sum_over_time(gnomon_run_finished[1m]))",
        "gnomon_run_finished",
        "seeded:runs:1m",
    ),
    _in_query("promql/division", QA, r"(?<=\]\)\)) > 0", ""),
    _in_query(
        "promql/dropped-label",
        EXECUTIVE,
        r"sum by \(gen_ai_skill_name\) \((sum_over_time\(.*?\]\))\)",
        r"sum by (gen_ai_skill_name) (sum by (gnomon_test_outcome) (\1))",
    ),
    _in_query("promql/le", SRE, r"(?<=histogram_quantile\(0\.95, sum) by \(le\)(?=.*\[\$__range)", ""),
    _in_rules(
        "promql/topk",
        "seeded:skills:1d",
        "topk(5, sum by (gen_ai_skill_name) (sum_over_time(gnomon_run_tests[1d])))",
        'gnomon_run_tests{gen_ai_skill_name="refunds"}',
        'seeded:skills:1d{gen_ai_skill_name="refunds"}',
    ),
    _in_query("promql/average", QA, r"max(?=\(last_over_time\(tool_use_accuracy)", "avg"),
    _in_query("promql/quantile", SRE, r"^(histogram_quantile\(0\.99.*\[\$__range\].*)$", r"avg(\1)"),
    _in_query(
        "promql/regexp",
        EXECUTIVE,
        r"(?<=gnomon_run_cost_usd\{)(?=[^}]*\}\[\$__range)",
        'gen_ai_request_model=~".*", ',
    ),
    _in_query("promql/multi-value", EXECUTIVE, r'=~(?="\$suite"\}\[7d)', "="),
    _in_query(
        "promql/selector",
        SRE,
        r'gnomon_test_outcome="passed"',
        'gnomon_test_outcome="passed", gnomon_test_outcome="failed"',
    ),
    _in_query("promql/impossible", QA, r"^(100 \* .*gnomon_run_clarifications.*)$", r"(\1) > 100"),
    _in_query(
        "promql/without", SRE, r"sum by \(gen_ai_request_model\)(?=.*\[\$__range)", "sum without (model)"
    ),
)
"""Faults of how expressions read."""

OTHERS: Final = (
    _in_query("sql/syntax", SKILLS, " FROM ", " FORM "),
    _in_query("sql/table", SKILLS, "FROM case_results", "FROM case_result"),
    _in_query("sql/column", SKILLS, r"count\(correct\)", "count(was_right)"),
    _in_query("sql/time-filter", SRE, r"\$__timeFilter\(run_at\)", "run_at IS NOT NULL"),
    _in_query("sql/unbounded", SRE, r" ORDER BY run_at LIMIT \d+$", ""),
    _in_query(
        "sql/multi-value", QA, r"coalesce\(suite, ''\) ~ '\^\(\$\{suite:regex\}\)\$'", "suite IN ('$suite')"
    ),
    _in_twin("traceql/multi-value", QA, r"resource\.test\.suite\.name =~", "resource.test.suite.name ="),
    _in_twin("traceql/syntax", QA, r'(?<="\$suite") && ', " and "),
    _in_twin("traceql/attribute", QA, "resource.test.suite.name", "resource.test.suite"),
    _in_twin("traceql/intrinsic", QA, "(?<=&& )name =~", "spanName =~"),
    _in_query("traceql/value", QA, "= false", '= "wrong"'),
)
"""Faults of queries in other languages."""

QUERIES: Final[tuple[Seed, ...]] = (
    *CONTRACT,
    *PROMQL,
    *OTHERS,
    _in_list("suppression/unused", _accept_nothing),
)
"""All faults of queries, each of another kind."""
