"""Queries in TraceQL are read as Tempo reads them, and held against the registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnomon.registry import resources, spans
from gnomon_generators.checks.finding import Finding
from tests.checks.trees import board, found, marked, panel

TEMPO = {"type": "tempo", "uid": "tempo"}


def _in_panel(folder: Path, text: str, uid: str = "gnomon-board") -> list[Finding]:
    target = {"refId": "A", "datasource": TEMPO, "query": text, "queryType": "traceql"}
    name = "dashboards/json/board.json"
    return found(
        folder,
        {name: board(panel(target), uid=uid)},
        "traceql/*",
        paths=[] if uid.startswith("gnomon") else [name],
    )


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{ resource.service.name = "$service" && name =~ "test .*" }',
        "{ status = error } | rate() by (resource.service.name)",
        '{ .gnomon.test.outcome = "failed" } >> { kind = client && duration > ${limit}ms }',
        "{ span.gen_ai.skill.name != nil } | quantile_over_time(duration, .9, .99) by (span:name)",
        "({ span.gnomon.routing.correct = false } && { status = ok }) | avg(duration) > 1s",
        "{ !(span.gnomon.test.attempts > 1) } | select(span.gnomon.test.duration, name) | count() >= 2",
        "{ trace:duration > 2s } with (most_recent=true)",
        '{ status = error } | compare({ span.error.type = "timeout" }, 10)',
        '{ event.gen_ai.evaluation.name = "routing" }',
    ],
)
def test_queries_that_are_right(text: str, tmp_path: Path) -> None:
    """Spansets, structure, stages, intrinsics and attributes of the registry pass."""
    assert _in_panel(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "check", "part"),
    [
        ("{ status = error", "traceql/syntax", "r"),
        ("{ status = error } | nosuch()", "traceql/syntax", "nosuch"),
        ("{ status == error }", "traceql/syntax", "="),
        ('{ span.gnomon.test.outcom = "failed" }', "traceql/attribute", "span.gnomon.test.outcom"),
        ('{ span.service.name = "a" }', "traceql/attribute", "span.service.name"),
        ("{ statusCode = error }", "traceql/intrinsic", "statusCode"),
        ("{ span:nothing = 1 }", "traceql/intrinsic", "span:nothing"),
        ("{ status = failed }", "traceql/value", "status = failed"),
        ('{ span.gnomon.test.outcome = "green" }', "traceql/value", 'span.gnomon.test.outcome = "green"'),
        ('{ kind = "client" }', None, None),
    ],
)
def test_mistakes_are_marked(text: str, check: str | None, part: str | None, tmp_path: Path) -> None:
    """Each mistake is one finding at the word that is wrong."""
    findings = _in_panel(tmp_path, text)
    assert [finding.check for finding in findings] == ([check] if check else [])
    assert marked(findings) == ([part] if part else [])


def test_every_attribute_of_spans_and_resources_may_be_named(tmp_path: Path) -> None:
    """Each attribute is known in its scope."""
    names = {f"span.{row.name}" for span in spans.ALL for row in span.attributes}
    names |= {f"resource.{row.name}" for resource in resources.ALL for row in resource.attributes}
    assert _in_panel(tmp_path, f"{{ {' && '.join(f'{name} != nil' for name in sorted(names))} }}") == []


def test_others_attributes_are_theirs(tmp_path: Path) -> None:
    """In a board that is not ours only names under `gnomon.` must be the registry's."""
    text = "{ span.shop.order = 1 && span.gnomon.nothing = 2 }"
    assert marked(_in_panel(tmp_path, text, "shop")) == ["span.gnomon.nothing"]


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        ('span.gen_ai.agent.name = "$agent"', ['= "$agent"']),
        ("span.gen_ai.agent.name!=`${agent}`", ["!=`${agent}`"]),
        ('span.gen_ai.agent.name =~ "$agent"', []),
        ('span.gen_ai.agent.name !~ "$agent"', []),
        ('span.gen_ai.agent.name = "refunds"', []),
        ('span.gen_ai.agent.name = "$service"', []),
    ],
)
def test_several_values_are_matched_as_several(condition: str, wrong: list[str], tmp_path: Path) -> None:
    """A choice of several, or All, is no text to be equal to; where a row is repeated there is one."""
    target = {"refId": "A", "datasource": TEMPO, "query": f"{{ {condition} }}", "queryType": "traceql"}
    variables = {"list": [{"name": "agent", "type": "query", "includeAll": True}]}
    row = {"id": 9, "type": "row", "title": "Row", "panels": []}
    once, repeated = (
        board({**row, **more}, panel(target), templating=variables) for more in ({}, {"repeat": "agent"})
    )
    name = "dashboards/json/board.json"
    assert marked(found(tmp_path, {name: once}, "traceql/multi-value")) == wrong
    assert found(tmp_path, {name: repeated}, "traceql/multi-value") == []
