"""Steps that are over are recorded with the times that they had."""

from __future__ import annotations

from pathlib import Path

from tests.sdk.programs import run

BEGAN = 1_767_225_600


def test_a_step_that_is_over_keeps_its_times(tmp_path: Path) -> None:
    """A past step has its own start and end, holds what is recorded inside, and counts by its duration."""
    ended = run(
        tmp_path,
        f"""
        from datetime import datetime, timezone
        import gnomon
        gnomon.configure(service_name="desk")
        with gnomon.agent("triage", department="support").past(start={BEGAN}, duration=4.5):
            start = datetime.fromtimestamp({BEGAN} + 1, timezone.utc)
            with gnomon.tool("search").past(start=start, end={BEGAN} + 1.5) as tool:
                tool.fail("timeout")
            gnomon.record_model_call(
                "claude-haiku-4-5", start={BEGAN} + 2, duration=2.0, time_to_first_chunk=0.25
            )
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    spans = {span.name: span for span in ended.spans}
    agent, tool, call = (
        spans[name] for name in ("invoke_agent triage", "execute_tool search", "chat claude-haiku-4-5")
    )
    assert [(span.start - BEGAN * 10**9, span.end - BEGAN * 10**9) for span in (agent, tool, call)] == [
        (0, 4_500_000_000),
        (1_000_000_000, 1_500_000_000),
        (2_000_000_000, 4_000_000_000),
    ]
    assert {tool.parent_id, call.parent_id} == {agent.span_id}
    assert tool["error.type"] == "timeout"
    assert call["gnomon.department"] == "support"
    sums = {point.metric: point.value for point in ended.points}
    assert sums["gen_ai.invoke_agent.duration"] == 4.5
    assert sums["gen_ai.execute_tool.duration"] == 0.5
    assert sums["gen_ai.client.inference.time_to_first_chunk"] == 0.25


def test_an_exception_in_a_past_step_belongs_to_its_end(tmp_path: Path) -> None:
    """An exception that leaves a past step passes through, and its event lies at the end of the step."""
    ended = run(
        tmp_path,
        f"""
        import gnomon
        gnomon.configure(service_name="desk")
        try:
            with gnomon.agent("triage").past(start={BEGAN}, duration=3.0):
                raise TimeoutError("too late")
        except TimeoutError as error:
            print(error)
        """,
    )
    assert ended.output == "too late\n"
    (span,) = ended.spans
    (event,) = span.events
    assert event.time == span.end == (BEGAN + 3) * 10**9


def test_a_wrong_time_reaches_nobody(tmp_path: Path) -> None:
    """What is no time is logged and left out: the step is recorded as one that lasts."""
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure(service_name="desk")
        with gnomon.agent("triage").past(start="yesterday"):
            print("inside")
        """,
    )
    assert (ended.status, ended.output) == (0, "inside\n")
    assert "reading the times of a step failed" in ended.log
    assert [span.name for span in ended.spans] == ["invoke_agent triage"]
