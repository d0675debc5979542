"""What plugin and SDK really write bears names of the registry, with the labels that it gives them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from gnomon.registry import lookup
from tests.plugin.project import Project
from tests.sdk import programs
from tests.spool_reader import Point, Span, read_points, read_spans

SUITE = """
    import os, pytest, gnomon

    @pytest.mark.routing(skill="refunds", alternates=["returns"], category="direct", case_id="D01")
    def test_right(gnomon_test):
        with gnomon.agent("triage", department="support"), gnomon.skill("refunds"):
            with gnomon.model_call("claude-haiku-4-5") as call:
                with call.attempt() as attempt:
                    attempt.answered(429)
                with call.attempt():
                    pass
                call.tokens(1000, 100, cache_read=10, cache_write=10, reasoning=5)
        gnomon_test.routed("refunds", confidence=0.9)
        gnomon_test.tools(expected=["a", "b"], matched=["a"])

    @pytest.mark.routing(clarification=True)
    def test_wrong(gnomon_test):
        gnomon_test.routed("refunds")

    @pytest.mark.routing(skill="refunds")
    def test_unanswered(): raise ValueError("no")

    @pytest.mark.flaky(reruns=1)
    def test_again(): assert 0

    def test_dies(): os._exit(1)
    """

SERVICE = """
    import gnomon
    gnomon.configure(service_name="desk", service_version="1", department="support", environment="test")
    with gnomon.workflow("w"), gnomon.agent("a", version="1", model="gpt-4o", conversation="c") as step:
        step.input("question")
        step.output("answer")
        try:
            with gnomon.tool("t", type="function", call_id="1") as tool:
                tool.input({})
                raise TimeoutError("slow")
        except TimeoutError:
            pass
        with gnomon.skill("s", description="d", source_uri="s://t", resource="r", content_hash="0"):
            with gnomon.model_call("unheard-of", provider="example") as call:
                call.tokens(10, 10)
        with gnomon.model_call("gpt-4o-mini") as call:
            with call.attempt() as attempt:
                attempt.answered(503)
            call.input("question", system="be kind")
            call.output("answer")
            list(call.stream([]))
            call.read({"object": "chat.completion", "id": "1", "model": "gpt-4o-mini",
                       "service_tier": "default", "choices": [{"finish_reason": "stop"}],
                       "usage": {"prompt_tokens": 10, "completion_tokens": 10}})
    """


@pytest.fixture
def of_a_run(project: Project) -> Path:
    project.plugins = ("xdist", "rerunfailures")
    project.write("SKILL.md", "---\nname: refunds\n---\n")
    project.write("gnomon.yaml", "routing: {confidence: true}\n")
    project.write("test_routing.py", SUITE)
    project.write("test_broken.py", "import nothing_of_that_name\n")
    project.commit()
    done = project.pytest("-n", "2", "--continue-on-collection-errors", env={"GITHUB_ACTIONS": "true"})
    assert "1 crashed" in done.stdout, done.output
    return project.spool


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", tmp_path / "home")


@pytest.fixture
def of_a_service(tmp_path: Path) -> Path:
    ended = programs.run(tmp_path, SERVICE, GNOMON_CAPTURE_CONTENT="true")
    assert (ended.status, ended.log) == (0, "")
    return ended.spool


@pytest.mark.parametrize("source", ["of_a_run", "of_a_service"])
def test_every_name_that_is_written_is_registered(source: str, request: pytest.FixtureRequest) -> None:
    """Attributes of spans, events and resources, events, metrics and labels: a row of the registry each."""
    spool = request.getfixturevalue(source)
    spans, points = read_spans(spool), read_points(spool)
    assert spans
    assert points
    for name in _attribute_names(spans, points):
        lookup.attribute(name)
    for name in {event.name for span in spans for event in span.events}:
        lookup.event(name)
    for point in points:
        known = {attribute.name for attribute in lookup.metric(point.metric).attributes}
        assert set(point.attributes) <= known, point.metric


def _attribute_names(spans: Iterable[Span], points: Iterable[Point]) -> set[str]:
    names: set[str] = set()
    for span in spans:
        names.update(span.attributes, span.resource)
        for event in span.events:
            names.update(event.attributes)
    for point in points:
        names.update(point.attributes, point.resource)
    return names
