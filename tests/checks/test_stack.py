"""Checks that run programs of others, and those of Alertmanager's and the Collector's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gnomon.errors import ExitCode, UserError
from gnomon_generators.checks.discovery import chosen
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.runner import run
from tests.checks.trees import found, tree

RULES = "rules/yaml/rules.yaml"
ALERTMANAGER = "alerts/yaml/alertmanager.yaml"
COLLECTOR = "collector/yaml/gateway.yaml"

NO_PROGRAM = "/nowhere"


def collector(**more: Any) -> dict[str, Any]:
    """A configuration with one pipeline from and to OTLP."""
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {}}}},
        "exporters": {"otlp_grpc": {"endpoint": "tempo:4317"}},
        "service": {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlp_grpc"]}}},
        **more,
    }


def in_collector(folder: Path, check: str, **more: Any) -> list[Finding]:
    """What the check finds in such a configuration."""
    return found(folder, {COLLECTOR: yaml.safe_dump(collector(**more))}, f"collector/{check}")


@pytest.mark.parametrize(
    ("check", "file", "text"),
    [
        ("rule/promtool", RULES, "groups: [{name: g, rules: []}]"),
        ("alertmanager/amtool", ALERTMANAGER, "{route: {receiver: a}, receivers: [{name: a}]}"),
        ("collector/validate", COLLECTOR, yaml.safe_dump(collector())),
    ],
)
def test_a_missing_program_is_one_sentence_on_how_to_get_it(
    check: str, file: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the program one line says so and how to get it; asked for, its lack is exit code 3."""
    monkeypatch.setenv("PATH", NO_PROGRAM)
    (finding,) = found(tmp_path, {file: text}, check)
    assert finding.severity == Severity.INFO
    assert "was not found" in finding.message
    asked = tree(tmp_path, {file: text})
    asked.require_programs = True
    with pytest.raises(UserError) as refused:
        run(asked, chosen((check,)))
    assert refused.value.exit_code == ExitCode.MISSING


@pytest.mark.parametrize(
    ("keys", "value", "secret"),
    [
        (("exporters", "otlp_grpc", "headers", "authorization"), "Bearer abc", True),
        (("exporters", "otlp_grpc", "headers", "authorization"), "Bearer ${env:TOKEN}", False),
        (("exporters", "otlp_grpc", "headers", "x-api-key"), "abc", True),
        (("exporters", "otlp_grpc", "headers", "x-scope-orgid"), "team", False),
        (("exporters", "otlp_grpc", "endpoint"), "https://us:pass@tempo.example.com", True),
        (("extensions", "basicauth", "client_auth", "password"), "${file:/run/secrets/p}", False),
        (("extensions", "basicauth", "client_auth", "password"), "hunter2", True),
        (("processors", "attributes", "actions"), [{"key": "password", "action": "delete"}], False),
    ],
)
def test_a_secret_is_told_by_its_key(keys: tuple[str, ...], value: Any, secret: bool, tmp_path: Path) -> None:
    """A literal is refused, a reference to the environment or a file is not, nor what removes secrets."""
    document = collector()
    inner = document
    for key in keys[:-1]:
        inner = inner.setdefault(key, {})
    inner[keys[-1]] = value
    findings = found(tmp_path, {COLLECTOR: yaml.safe_dump(document)}, "collector/secret")
    assert bool(findings) == secret
    assert all(str(value) not in finding.message + finding.advice for finding in findings)


def test_a_connector_belongs_to_two_pipelines(tmp_path: Path) -> None:
    """It is an exporter of one and a receiver of another; what comes from one needs no memory_limiter."""
    traces = {"receivers": ["otlp"], "exporters": ["otlp_grpc", "span_metrics"]}
    metrics = {"receivers": ["span_metrics"], "exporters": ["otlp_grpc"]}
    connectors: dict[str, Any] = {"span_metrics": {}}
    half = {"pipelines": {"traces": traces}}
    both = {"pipelines": {"traces": traces, "metrics": metrics}}
    (finding,) = in_collector(tmp_path, "components", connectors=connectors, service=half)
    assert "no receiver of any pipeline" in finding.message
    assert in_collector(tmp_path, "components", connectors=connectors, service=both) == []
    (finding,) = in_collector(tmp_path, "memory-limiter", connectors=connectors, service=both)
    assert finding.where.part == "pipeline traces"


def test_a_component_that_is_almost_there_is_named(tmp_path: Path) -> None:
    """The advice is the name that was meant."""
    service = {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlp_grcp"]}}}
    wrong, unused = in_collector(tmp_path, "components", service=service)[::-1]
    assert wrong.advice == "write otlp_grpc"
    assert unused.severity == Severity.WARNING


@pytest.mark.parametrize(
    ("exporter", "says"),
    [
        ({}, "lives in memory"),
        ({"sending_queue": {"storage": "file_storage/none"}}, "no extension that is defined"),
        ({"sending_queue": {"storage": "file_storage"}}, "five minutes"),
        (
            {"sending_queue": {"storage": "file_storage"}, "retry_on_failure": {"max_elapsed_time": "0s"}},
            None,
        ),
    ],
)
def test_a_queue_must_outlive_the_process(exporter: dict[str, Any], says: str | None, tmp_path: Path) -> None:
    """Stored, in a storage that is there, and without an end of patience."""
    findings = in_collector(
        tmp_path, "queue", exporters={"otlp_grpc": exporter}, extensions={"file_storage": {}}
    )
    assert [says in finding.message for finding in findings if says] == ([True] if says else [])
    assert bool(findings) == (says is not None)
