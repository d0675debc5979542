"""What is handed over or set wrongly, or cannot be read, costs itself and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sdk.programs import run


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slo: 5\n", "goes on without it"),
        ("prices:\n  file: missing.yaml\n", "shipped prices"),
    ],
)
def test_a_mistake_in_the_settings_does_not_stop_the_program(tmp_path: Path, text: str, words: str) -> None:
    """The mistake is logged in a sentence, and recording goes on with defaults."""
    (tmp_path / "gnomon.yaml").write_text(text)
    ended = run(tmp_path, "import gnomon; gnomon.configure()\nwith gnomon.agent('a'): pass")
    assert ended.status == 0
    assert words in ended.log
    assert len(ended.spans) == 1


def test_a_mistake_costs_its_own_key_and_no_other(tmp_path: Path) -> None:
    """What is written rightly holds beside it: messages that were switched off stay out of the spool."""
    (tmp_path / "gnomon.yaml").write_text(
        "slo:\n  routing_accuracy_percent: much\ncapture:\n  failure_messages: false\n"
        "environment: production\n"
    )
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure()
        try:
            with gnomon.agent("a"): raise ValueError("of Ada Example")
        except ValueError: pass
        """,
    )
    assert "slo.routing_accuracy_percent" in ended.log
    (span,) = ended.spans
    assert span.resource["deployment.environment.name"] == "production"
    assert "Ada Example" not in "".join(path.read_text() for path in ended.spool.iterdir())


def test_what_is_handed_over_wrongly_costs_no_record(tmp_path: Path) -> None:
    """None, text, numbers of other libraries and impossible ones raise nothing, and are added up nowhere."""
    ended = run(
        tmp_path,
        """
        import decimal, fractions
        import gnomon
        gnomon.configure()

        class Whole:  # as numpy's integers are
            def __init__(self, value): self.value = value
            def __index__(self): return self.value

        class Closed(TimeoutError):
            @property
            def response(self): raise RuntimeError("closed")

        with gnomon.model_call(None) as call:
            call.tokens(input=None, output="many", cache_read=-1, cache_write=10**30, reasoning=float("nan"))
            call.cost_usd(None)
            call.fail(None)
        with gnomon.model_call("m") as call:
            with call.attempt() as attempt: attempt.answered("429")
            with call.attempt() as attempt: attempt.answered(Whole(503))
            with call.attempt() as attempt: attempt.answered("fine")
            call.tokens(input=Whole(12), output=7.0, reasoning=fractions.Fraction(3))
            call.cost_usd(decimal.Decimal("0.5"))
            call.fail(Closed())
        for usd in ("1", float("inf"), float("nan"), -1):
            with gnomon.model_call("m") as call: call.cost_usd(usd)
        for odd in (
            {"attempts": [{"latency": None, "status": "503"}, {"latency": 1}]},
            {"attempts": 3},
            {"start": "yesterday", "duration": 1},
            {"start": 1_767_225_600_000, "duration": 1},
            {"duration": float("nan")},
            {"usage": {"input": 5, "output": 2}},
            {"usage": 5},
            {"error_type": "something of my own"},
        ):
            gnomon.record_model_call("past", **odd)
        answer = {"type": "message", "usage": {"input_tokens": 9, "output_tokens": 1}}
        for odd in ({"start": "yesterday", "duration": 1.5}, {"duration": "long"}):
            gnomon.record_response(answer, **odd)
        """,
    )
    assert ended.status == 0
    calls = [span for span in ended.spans if span.kind == 3]
    assert len(calls) == 16
    assert [span["gen_ai.usage.input_tokens"] for span in calls[14:]] == [9, 9]
    assert [span["gnomon.model_call.api_latency"] for span in calls[14:]] == [1.5, 0.0]
    kinds = ("input", "output", "reasoning.output")
    counted = [[span[f"gen_ai.usage.{kind}_tokens"] for kind in kinds] for span in calls[:2]]
    assert counted == [[0, 0, 0], [12, 7, 3]]
    statuses = [event.attributes.get("http.response.status_code") for event in calls[1].events[:3]]
    assert statuses == [429, 503, None]
    assert [span.get("error.type") for span in calls[:2]] == ["other", "timeout"]
    assert [span.get("gnomon.cost.usd") for span in calls[:6]] == [None, 0.5, None, None, None, None]
    past = calls[6:]
    assert (past[0]["gnomon.model_call.attempts"], past[0]["gnomon.model_call.api_latency"]) == (2, 1.0)
    assert past[5]["gen_ai.usage.input_tokens"] == 5
    assert past[7]["error.type"] == "other"


def test_content_and_exceptions_that_cannot_be_read_cost_no_record(tmp_path: Path) -> None:
    """What cannot be put into words is left out, the rest is recorded, and the host gets its own error."""
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure()
        class Mute(Exception):
            def __str__(self): raise RuntimeError
            @property
            def code(self): raise RuntimeError
        ring = []
        ring.append(ring)
        for content in ({(1, 2): 3}, ring):
            with gnomon.model_call("m") as call:
                call.read({"type": "message", "content": content,
                           "usage": {"input_tokens": 3, "output_tokens": 1}})
        for step in (gnomon.tool("t"), gnomon.model_call("m")):
            try:
                with step: raise Mute
            except Mute: print("mine")
        try:
            with gnomon.model_call("m") as call, call.attempt(): raise Mute
        except Mute: print("mine")
        """,
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="true",
    )
    assert (ended.status, ended.output) == (0, "mine\n" * 3)
    assert len(ended.spans) == 5
    read = [span for span in ended.spans if span.get("gen_ai.usage.input_tokens") == 3]
    assert [span.get("gen_ai.output.messages") for span in read] == [None, None]
    failed = [span for span in ended.spans if span.status == 2]
    told = [event.attributes for span in failed for event in span.events if event.name == "exception"]
    assert [one["exception.type"] for one in told] == ["__main__.Mute"] * 3
    assert all("exception.message" not in one for one in told)


def test_a_decorator_without_its_name(tmp_path: Path) -> None:
    """`@gnomon.tool` in place of `@gnomon.tool("…")` takes the function's name, which works as before."""
    ended = run(
        tmp_path,
        """
        import asyncio, gnomon
        gnomon.configure()
        @gnomon.workflow
        def monday(x): return triage(x)
        @gnomon.agent
        def triage(x): return asyncio.run(search(x))
        @gnomon.tool
        async def search(x): return refunds(x)
        @gnomon.skill
        def refunds(x): return x + 1
        assert monday(1) == 2 and search.__name__ == "search"
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    assert [span.name for span in ended.spans] == [
        "execute_tool skill refunds",
        "execute_tool search",
        "invoke_agent triage",
        "invoke_workflow monday",
    ]


def test_attributes_that_are_set_early(tmp_path: Path) -> None:
    """What is said of a step before its block is recorded with it; where nothing records it is no matter."""
    ended = run(
        tmp_path,
        """
        import gnomon
        early = gnomon.tool("search")
        early.set("index", "orders")
        with early: early.set("hits", 1)
        gnomon.configure()
        with early: early.set("hits", 2)
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    (span,) = ended.spans
    assert (span["index"], span["hits"]) == ("orders", 2)
