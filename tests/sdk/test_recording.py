"""What a program records of itself: spans, attributes, parents, metrics."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.programs import run


def test_a_fleet_step_by_step(tmp_path: Path) -> None:
    """Workflow, agent, skill, tool and model call nest, and hand department and agent down."""
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure(service_name="fleet", environment="production")
        with gnomon.workflow("refund"):
            with gnomon.agent("triage", department="support", version="2.1", provider="anthropic", model="m"):
                with gnomon.skill("pdf", source_uri="https://example.com/skills", content_hash="abc"):
                    pass
                with gnomon.tool("search", type="function", call_id="c1") as step:
                    step.input({"query": "a secret"})
                with gnomon.model_call("claude-opus-4-5", provider="anthropic") as call:
                    call.input([{"role": "user", "content": "a secret"}])
                    call.tokens(1000, 100, cache_read=800, reasoning=10)
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    spans = {span.name: span for span in ended.spans}
    workflow, agent = spans["invoke_workflow refund"], spans["invoke_agent triage"]
    skill, tool = spans["execute_tool skill pdf"], spans["execute_tool search"]
    call = spans["chat claude-opus-4-5"]
    assert len(spans) == 5
    assert {span.trace_id for span in spans.values()} == {workflow.trace_id}
    assert agent.parent_id == workflow.span_id
    assert skill.parent_id == tool.parent_id == call.parent_id == agent.span_id
    for span in (agent, skill, tool, call):
        assert span["gnomon.department"] == "support"
        assert span["gen_ai.agent.name"] == "triage"
    assert workflow.get("gnomon.department") is None
    assert skill["gen_ai.skill.name"] == "pdf"
    assert skill["skill.md.hash"] == "abc"
    assert tool["gen_ai.tool.type"] == "function"
    assert call.kind == 3
    assert call["gen_ai.usage.input_tokens"] == 1000
    assert call["gen_ai.usage.cache_read.input_tokens"] == 800
    assert call["gnomon.cost.usd"] == pytest.approx((200 * 5 + 800 * 0.5 + 100 * 25) / 1e6)
    assert call["gnomon.model_call.attempts"] == 1
    assert call.resource["service.name"] == "fleet"
    assert call.resource["deployment.environment.name"] == "production"
    assert "a secret" not in "".join(path.read_text() for path in ended.spool.iterdir())


@pytest.mark.parametrize("way", ["variable", "settings"])
def test_content_is_recorded_on_request(tmp_path: Path, way: str) -> None:
    """Prompts and answers are kept only where the setting or the standard variable asks for them."""
    if way == "settings":
        (tmp_path / "gnomon.yaml").write_text("capture:\n  content: true\n")
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure()
        with gnomon.model_call("m") as call:
            call.input([{"role": "user", "content": "question"}], system="be kind")
            call.read({"type": "message", "content": [{"text": "answer"}],
                       "usage": {"input_tokens": 1, "output_tokens": 1}})
        with gnomon.tool("t") as step:
            step.input("in")
            step.output("x" * 100_000)
        """,
        **({"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"} if way == "variable" else {}),
    )
    tool, call = sorted(ended.spans, key=lambda span: span.name, reverse=True)[0], ended.spans[0]
    assert "question" in call["gen_ai.input.messages"]
    assert "answer" in call["gen_ai.output.messages"]
    assert call["gen_ai.system_instructions"] == "be kind"
    assert tool["gen_ai.tool.call.arguments"] == "in"
    assert len(tool["gen_ai.tool.call.result"]) == 65_536


def test_attempts_become_events(tmp_path: Path) -> None:
    """Each attempt has an event with its number, latency, gap, status and reason."""
    ended = run(
        tmp_path,
        """
        import time, gnomon
        gnomon.configure()
        with gnomon.model_call("gpt-5") as call:
            with call.attempt() as attempt:
                attempt.answered(429)
            try:
                with call.attempt():
                    raise TimeoutError
            except TimeoutError:
                time.sleep(0.01)
            with call.attempt() as attempt:
                time.sleep(0.01)
                attempt.answered(200)
        """,
    )
    (call,) = ended.spans
    assert call["gnomon.model_call.attempts"] == 3
    assert call["gnomon.model_call.retries"] == 2
    assert call["http.response.status_code"] == 200
    events = [event.attributes for event in call.events]
    assert [event["gnomon.model_call.attempt.number"] for event in events] == [1, 2, 3]
    assert [event.get("error.type") for event in events] == ["rate_limited", "timeout", None]
    assert [event.get("http.response.status_code") for event in events] == [429, None, 200]
    assert events[2]["gnomon.model_call.attempt.gap"] >= 0.01
    assert events[2]["gnomon.model_call.attempt.latency"] >= 0.01
    assert call["gnomon.model_call.retry_gap"] == pytest.approx(
        sum(event["gnomon.model_call.attempt.gap"] for event in events)
    )
    assert [event.time for event in call.events] == sorted(event.time for event in call.events)
    assert call.get("error.type") is None


def test_exceptions_pass_through_and_are_recorded(tmp_path: Path) -> None:
    """The host gets its own exception; the spans say its kind, place and, bounded, its text."""
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure()
        class Trouble(Exception): pass
        try:
            with gnomon.agent("a"), gnomon.tool("t"):
                raise Trouble("x" * 5000)
        except Trouble:
            print("mine")
        """,
    )
    assert ended.output == "mine\n"
    assert [span["error.type"] for span in ended.spans] == ["Trouble", "Trouble"]
    assert [span.status for span in ended.spans] == [2, 2]
    event = ended.spans[0].events[0]
    assert event.name == "exception"
    assert event.attributes["exception.type"] == "__main__.Trouble"
    assert len(event.attributes["exception.message"]) == 500
    assert "<string>:7 in <module>" in event.attributes["exception.stacktrace"]
    labels = {point.attributes.get("error.type") for point in ended.points if "duration" in point.metric}
    assert labels == {"other", "tool"}


def test_texts_of_exceptions_can_be_kept_out(tmp_path: Path) -> None:
    """With `capture.failure_messages: false` no text of an exception is recorded."""
    (tmp_path / "gnomon.yaml").write_text("capture:\n  failure_messages: false\n")
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure()
        for step in (gnomon.tool("t"), gnomon.model_call("m")):
            try:
                with step:
                    raise ValueError("a secret")
            except ValueError:
                pass
        """,
    )
    assert len(ended.spans) == 2
    assert all(span.events for span in ended.spans)
    assert "a secret" not in "".join(path.read_text() for path in ended.spool.iterdir())


def test_reading_a_response_is_no_latency(tmp_path: Path) -> None:
    """What reading takes, the first time with its imports, is the program's and not the API's."""
    ended = run(
        tmp_path,
        """
        import time
        import gnomon
        gnomon.configure()

        class Slow(dict):
            def get(self, *key):
                time.sleep(0.3)
                return super().get(*key)

        with gnomon.model_call("m") as call:
            call.read(Slow(type="message"))
        """,
    )
    (call,) = ended.spans
    assert call.end - call.start >= 0.3e9
    assert call["gnomon.model_call.api_latency"] < 0.3


def test_the_state_directory_is_hidden_from_git(tmp_path: Path) -> None:
    """What the SDK alone puts beside a project is not offered for a commit."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    run(tmp_path, "import gnomon; gnomon.configure()\nwith gnomon.model_call('m'): pass")
    assert list((tmp_path / ".gnomon" / "spool").glob("*.traces.jsonl"))
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert status.stdout == ""


def test_calls_that_are_over(tmp_path: Path) -> None:
    """A call is recorded with the times, attempts and response that somebody else kept."""
    (tmp_path / "gnomon.yaml").write_text("costs:\n  source: provider\n")
    ended = run(
        tmp_path,
        """
        import gnomon
        from datetime import datetime, UTC
        gnomon.configure()
        start = datetime(2026, 10, 1, 12, 0, 0, tzinfo=UTC)
        call = gnomon.record_model_call(
            "claude-opus-4-5", provider="anthropic", start=start, duration=2.5,
            response={"type": "message", "model": "claude-opus-4-5-20251101",
                      "usage": {"input_tokens": 100, "output_tokens": 10}},
            attempts=[{"latency": 0.5, "status": 529}, {"gap": 1.0, "latency": 1.0, "status": 200}],
        )
        assert call.cost.usd == (100 * 5 + 10 * 25) / 1e6, call.cost
        gnomon.record_model_call("m", provider="p", start=1.79e9, end=1.79e9 + 1, error_type="timeout")
        gnomon.record_response({"type": "result", "usage": {}, "total_cost_usd": 0.3, "modelUsage": {
            "claude-haiku-4-5": {"inputTokens": 5, "outputTokens": 1, "costUSD": 0.1},
            "claude-opus-4-5": {"inputTokens": 5, "outputTokens": 1, "costUSD": 0.2}}})
        message = {"type": "message", "usage": {"input_tokens": 5, "output_tokens": 1}}
        gnomon.record_response(message, duration=1.5)
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    first, second, dear, cheap, message = ended.spans
    assert (first.end - first.start) == 2_500_000_000
    assert first.start == 1_790_856_000 * 10**9
    assert first["gnomon.model_call.retry_gap"] == 1.0
    assert first["gnomon.model_call.api_latency"] == 1.5
    assert [event.time - first.start for event in first.events] == [0, 1_500_000_000]
    assert second["error.type"] == "timeout"
    assert second.end - second.start == 10**9
    assert dear["gnomon.cost.usd"] + cheap["gnomon.cost.usd"] == pytest.approx(0.3)
    assert dear["gnomon.cost.source"] == "provider"
    assert message["gnomon.model_call.api_latency"] == 1.5


def test_metrics_equal_what_happened(tmp_path: Path) -> None:
    """Tokens, retries, cost and durations of planted calls come out exactly, zero-filled where unknown."""
    (tmp_path / "gnomon.yaml").write_text("organisation:\n  agents: [known]\n  departments: [support]\n")
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure()
        for name in ("known", "typo"):
            with gnomon.agent(name, department="support"):
                for _ in range(10):
                    with gnomon.model_call("claude-opus-4-5", provider="anthropic") as call:
                        with call.attempt() as attempt: attempt.answered(429)
                        with call.attempt() as attempt: attempt.answered(200)
                        call.tokens(1000, 100, cache_read=500, cache_write=100, reasoning=20)
                with gnomon.model_call("nobody-knows", provider="house") as call:
                    call.fail("server_5xx")
        with gnomon.skill("pdf"): pass
        """,
    )
    assert (ended.status, ended.log) == (0, "")

    def total(metric: str, **labels: str) -> float:
        found = [
            point.count if point.shape == "histogram" else point.value
            for point in ended.points
            if point.metric == metric
            and all(point.attributes.get(name.replace("__", ".")) == v for name, v in labels.items())
        ]
        assert found, metric
        return sum(found)

    usage = "gen_ai.client.inference.usage"
    assert total(f"{usage}.input_tokens") == 20_000
    assert total(f"{usage}.output_tokens") == 2_000
    assert total(f"{usage}.cache_read.input_tokens") == 10_000
    assert total(f"{usage}.cache_write.input_tokens") == 2_000
    assert total(f"{usage}.reasoning.output_tokens") == 400
    assert total(f"{usage}.input_tokens", gen_ai__token__modality="unknown") == 0
    assert total("gnomon.model_call.retries", error__type="rate_limited") == 20
    assert total("gnomon.model_call.unpriced") == 2
    one = (400 * 5 + 500 * 0.5 + 100 * 6.25 + 100 * 25) / 1e6
    assert total("gnomon.model_call.cost.usd", gnomon__cost__source="estimated") == pytest.approx(20 * one)
    assert total("gen_ai.client.inference.duration") == 22
    assert total("gen_ai.client.inference.duration", error__type="server_5xx") == 2
    assert total("gen_ai.invoke_agent.duration", gen_ai__agent__name="known") == 1
    assert total("gen_ai.invoke_agent.duration", gen_ai__agent__name="_OTHER") == 1
    assert total("gnomon.skill.duration", gen_ai__skill__name="pdf") == 1
    assert total("gnomon.spool.dropped") == 0
    assert {point.metric for point in ended.points}.isdisjoint({"gen_ai.client.token.usage"})
    assert {span["gen_ai.agent.name"] for span in ended.spans if "agent" in span.name} == {"known", "typo"}


def test_names_of_the_generation_before_on_request(tmp_path: Path) -> None:
    """`gen_ai/dup` adds the second generation's metrics and attribute, and takes nothing away."""
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure()
        with gnomon.model_call("claude-opus-4-5") as call:
            call.tokens(10, 2, cache_write=4)
        """,
        OTEL_SEMCONV_STABILITY_OPT_IN="http,gen_ai/dup",
    )
    (call,) = ended.spans
    assert call["gen_ai.usage.cache_creation.input_tokens"] == 4
    assert call["gen_ai.usage.cache_write.input_tokens"] == 4
    metrics = {point.metric for point in ended.points}
    assert {"gen_ai.client.token.usage", "gen_ai.client.operation.duration"} <= metrics
    assert "gen_ai.client.inference.duration" in metrics


def test_without_set_up_everything_returns_values(tmp_path: Path) -> None:
    """Nothing is written, nothing costs a thread, and tokens, cost and attempts are there all the same."""
    ended = run(
        tmp_path,
        """
        import threading, sys, gnomon
        with gnomon.agent("a") as agent, gnomon.tool("t") as tool:
            tool.output("x")
            with gnomon.model_call("claude-opus-4-5") as call:
                call.tokens(1000, 0)
            assert call.cost.usd == 0.005
            assert len(call.attempts) == 1 and call.duration > 0
            assert agent.trace_id == "0" * 32
            assert gnomon.inject({}) == {}
        assert gnomon.tool("f")(lambda x: x)(3) == 3
        assert threading.active_count() == 1
        assert "opentelemetry.sdk.trace" not in sys.modules
        gnomon.shutdown()
        assert gnomon.flush()
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    assert not ended.spool.exists()


def test_a_hosts_own_provider_is_used(tmp_path: Path) -> None:
    """A program with OpenTelemetry set up by itself gets our spans there, without `configure`."""
    ended = run(
        tmp_path,
        """
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
        import gnomon
        exporter = InMemorySpanExporter()
        with gnomon.agent("too early"): pass
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        with trace.get_tracer("theirs").start_as_current_span("request"), gnomon.agent("a"): pass
        ours, theirs = exporter.get_finished_spans()
        assert (ours.name, ours.parent.span_id) == ("invoke_agent a", theirs.context.span_id)
        """,
    )
    assert (ended.status, ended.log) == (0, "")


def test_other_instrumentation_arrives_in_the_spool(tmp_path: Path) -> None:
    """Spans and metrics through OpenTelemetry's global API keep their scope and join our traces."""
    ended = run(
        tmp_path,
        """
        import gnomon
        from opentelemetry import trace, metrics
        gnomon.configure()
        with gnomon.agent("a"), trace.get_tracer("theirs", "9").start_as_current_span("theirs"): pass
        metrics.get_meter("theirs").create_counter("their.counter").add(3)
        """,
    )
    theirs, ours = ended.spans
    assert theirs.parent_id == ours.span_id
    assert '"scope":{"name":"theirs","version":"9"}' in "".join(
        path.read_text() for path in ended.spool.glob("*.traces.jsonl")
    )
    assert sum(point.value for point in ended.points if point.metric == "their.counter") == 3


def test_ids_do_not_touch_random(tmp_path: Path) -> None:
    """A program that seeds `random` has its sequence, and other ids in every process."""
    code = """
        import random, gnomon
        gnomon.configure()
        random.seed(42)
        with gnomon.agent("a"): pass
        with gnomon.model_call("m"): pass
        print(random.random())
        """
    first, second = run(tmp_path, code), run(tmp_path, code)
    assert first.output == second.output == f"{random.Random(42).random()}\n"
    assert len({span.trace_id for span in second.spans}) == 4


def test_telemetry_can_be_switched_off(tmp_path: Path) -> None:
    """`OTEL_SDK_DISABLED=true` records nothing at all."""
    ended = run(
        tmp_path,
        "import gnomon; gnomon.configure()\nwith gnomon.agent('a'): pass",
        OTEL_SDK_DISABLED="true",
    )
    assert ended.status == 0
    assert not ended.spool.exists()


@pytest.mark.parametrize(
    ("variables", "revision"),
    [
        ({"GITHUB_SHA": "a" * 40}, "a" * 40),
        ({"CI_COMMIT_SHA": "B" * 40, "HEROKU_SLUG_COMMIT": ""}, "b" * 40),
        ({"GITHUB_SHA": "a" * 40, "OTEL_RESOURCE_ATTRIBUTES": f"vcs.ref.head.revision={'c' * 40}"}, "c" * 40),
        ({"GIT_COMMIT": "main"}, None),
        ({}, None),
    ],
)
def test_the_commit_that_was_deployed(
    tmp_path: Path, variables: dict[str, str], revision: str | None
) -> None:
    """It is on the resource where the platform says it; what is no commit's id is left out."""
    silent = dict.fromkeys(("GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT"), "")
    environment: dict[str, Any] = {**silent, **variables}
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure(service_name="fleet")
        with gnomon.agent("desk"):
            pass
        """,
        **environment,
    )
    assert ended.spans[0].resource.get("vcs.ref.head.revision") == revision
