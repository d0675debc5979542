"""The gateway's configuration follows from registry and settings."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gnomon.registry import attributes as a
from gnomon.registry import metrics, spans
from gnomon.settings import Settings
from gnomon_generators import stack_metrics
from gnomon_generators.artefacts.production import produce
from gnomon_generators.programs import PROGRAMS

ROOT = Path(__file__).parents[2]
MESSAGES = {"gnomon.test.message", "exception.message", "exception.stacktrace"}
CONTENT = {row.name for row in a.ALL if row.content} - MESSAGES


def gateway(settings: Settings | None = None) -> Any:
    (document,) = produce(["collector"], settings or Settings(), only=["gateway"])
    return yaml.safe_load(document.text)


def deleted(document: Any) -> dict[str, set[str]]:
    """Which attributes are removed, from spans and from their events."""
    found: dict[str, set[str]] = {"span": set(), "spanevent": set()}
    for group in document["processors"]["transform/content"]["trace_statements"]:
        for statement in group["statements"]:
            if match := re.fullmatch(r'delete_key\((\w+)\.attributes, "(.+)"\)', statement):
                assert match[1] == group["context"]
                found[match[1]].add(match[2])
    return found


@pytest.mark.parametrize(
    ("content", "messages", "removed"),
    [
        (False, True, CONTENT),
        (False, False, CONTENT | MESSAGES),
        (True, False, MESSAGES),
        (True, True, set()),
    ],
)
def test_content_passes_as_the_settings_say(content: bool, messages: bool, removed: set[str]) -> None:
    """What the settings let a process record, and nothing else, passes the Collector."""
    capture = replace(Settings().capture, content=content, failure_messages=messages)
    found = deleted(gateway(replace(Settings(), capture=capture)))
    assert found == {"span": removed, "spanevent": removed}


def test_every_metric_takes_one_way() -> None:
    """Run points pass one filter and everything else the other, for each metric of the registry."""
    processors = gateway()["processors"]
    (dropped,) = processors["filter/services"]["metric_conditions"]
    (kept,) = processors["filter/run_points"]["metric_conditions"]
    assert kept == f"not {dropped}"
    condition = re.fullmatch(r'IsMatch\(metric\.name, "(.+)"\)', dropped)
    assert condition is not None
    pattern = re.compile(condition[1].replace("\\\\", "\\"))
    for row in metrics.ALL:
        assert bool(pattern.search(row.name)) == (row.counting == "run_point"), row.name


def test_run_points_keep_their_time() -> None:
    """On the way of run points there is nothing but the limiter, the filter and the cut of the resource."""
    document = gateway()
    way = document["service"]["pipelines"]["metrics/run_points"]
    assert way == {
        "receivers": ["otlp"],
        "processors": ["memory_limiter", "filter/run_points", "transform/identity"],
        "exporters": ["otlp_http/run_points"],
    }
    queue = document["exporters"]["otlp_http/run_points"]["sending_queue"]
    assert "batch" not in queue
    assert queue["num_consumers"] == 1


def test_span_metrics_are_those_that_queries_know() -> None:
    """Namespace, unit, buckets and labels are the ones of `stack_metrics`; labels are bounded."""
    options = gateway()["connectors"]["span_metrics"]
    assert options["namespace"] == stack_metrics.SPAN_METRICS_NAMESPACE
    assert options["histogram"]["unit"] == stack_metrics.SPAN_METRICS_UNIT
    assert len(options["histogram"]["explicit"]["buckets"]) == len(stack_metrics.SPAN_METRICS_BUCKETS)
    for found, rows in (
        (options["calls_dimensions"], stack_metrics.CALLS_DIMENSIONS),
        (options["histogram"]["dimensions"], stack_metrics.DURATION_DIMENSIONS),
    ):
        assert found == [{"name": row.name} for row in rows]
        assert all(row.bounded for row in rows)
    assert options["resource_metrics_key_attributes"]


def test_one_service_cannot_break_the_budget() -> None:
    """The limit of label sets follows the budget of series: a label set is a counter and a histogram."""
    budgets = replace(Settings().budgets, series=50_000)
    document = gateway(replace(Settings(), budgets=budgets))
    options = document["connectors"]["span_metrics"]
    series = 1 + len(options["histogram"]["explicit"]["buckets"]) + 3
    assert 0.9 * 50_000 < options["aggregation_cardinality_limit"] * series <= 50_000
    assert document["processors"]["delta_to_cumulative"]["max_streams"] == 50_000


def test_no_test_becomes_a_label() -> None:
    """Of the names of spans, only those with a test's id in them are cut."""
    (group,) = gateway()["processors"]["transform/span_names"]["trace_statements"]
    (statement,) = group["statements"]
    found = re.fullmatch(r'set\(span\.name, "(.+)"\) where IsMatch\(span\.name, "(.+)"\)', statement)
    assert found is not None
    fixed, pattern = found.groups()
    cut = {row.id for row in spans.ALL if re.search(pattern, row.name.replace("{", "").replace("}", ""))}
    assert (fixed, cut) == ("routing_test", {spans.ROUTING_TEST.id})


def test_ports_are_of_this_machine_alone() -> None:
    """Every address that the Collector listens on is on the loopback unless a variable says otherwise."""
    document = gateway()
    listening = [
        *(each["endpoint"] for each in document["receivers"]["otlp"]["protocols"].values()),
        document["extensions"]["health_check"]["endpoint"],
        document["service"]["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]["prometheus"]["host"],
    ]
    assert all(address.startswith("${env:GNOMON_COLLECTOR_HOST:-127.0.0.1}") for address in listening)


def test_the_manifest_has_what_the_configuration_uses() -> None:
    """collector/builder.yaml lists what the configurations can use and no others, at one version."""
    document = gateway()
    manifest = yaml.safe_load((ROOT / "collector" / "builder.yaml").read_text())
    called = {"otlp_grpc": "otlp", "otlp_http": "otlphttp", "file_storage": "filestorage"}
    # What `gnomon stack up --local` puts in the place of a Tempo that is not there.
    document["exporters"]["nop"] = {}
    # What the setting stack.token asks for.
    document["extensions"]["bearertokenauth"] = {}
    for kind in ("extensions", "receivers", "processors", "connectors", "exporters"):
        used = {identity.partition("/")[0] for identity in document[kind]}
        modules = [entry["gomod"].split() for entry in manifest[kind]]
        built = {module.rsplit("/", 1)[-1].removesuffix(kind.removesuffix("s")) for module, _ in modules}
        assert built == {called.get(name, name.replace("_", "")) for name in used}
        assert {version for _, version in modules} == {f"v{PROGRAMS['otelcol'].version}"}
    providers = {entry["gomod"].split()[0].rsplit("/", 1)[-1] for entry in manifest["providers"]}
    assert providers == {"envprovider", "fileprovider", "yamlprovider"}
