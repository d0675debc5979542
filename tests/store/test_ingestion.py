"""Ingestion: the same spans give the same rows, however they come."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from gnomon.otlp import encode
from gnomon.spool import Journal, files
from gnomon_analysis.store import Store, open_store, schema
from tests.store.dump import dump
from tests.store.spool_files import SECOND, START, Run, line, model_call, span, varied_run

SERVICE = {
    "service.name": "triage",
    "deployment.environment.name": "production",
    "gnomon.department": "support",
}


def service_spans() -> list[str]:
    """Spans of a fleet: a workflow, its agent, a tool, a skill and a model call."""
    steps = {
        "workflow": {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "triage"},
        "agent": {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "sorter",
            "gen_ai.agent.version": "2",
        },
        "tool": {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"},
        "skill": {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "Skill",
            "gen_ai.skill.name": "alpha",
        },
        "other": {"http.request.method": "GET"},
    }
    return [
        *(span(f"{key} span", trace="service", key=key, attributes=values) for key, values in steps.items()),
        model_call(trace="service", key="call", parent="agent"),
    ]


def reference(tmp_path: Path, lines: list[str]) -> dict[str, list[dict[str, object]]]:
    """What a store holds that read the lines from one file."""
    spool = tmp_path / "reference-spool"
    files.write(spool / "all.traces.jsonl", lines)
    with open_store(tmp_path / "reference.db") as store:
        store.ingest(spool)
        return dump(store)


def test_every_outcome_is_kept(store: Store, spool: Path) -> None:
    """What was planted is what the rows say: outcomes, attempts, routes, tokens, cost, retries."""
    run = varied_run()
    run.write(spool)

    report = store.ingest(spool)

    assert (report.new_runs, report.new_results, len(report.read)) == (1, 14, 1)
    (row,) = store.runs()
    assert (row.run_id, row.sequence, row.suite, row.status) == (run.run_id, 1, "routing", "failure")
    assert (row.complete, row.exit_code, row.commit, row.dirty) == (True, 1, "c" * 40, False)
    assert (row.collected, row.duration, row.golden_set_version) == (len(run.tests), 100.0, "7")
    assert row.tally.outcomes == {
        "passed": 5, "failed": 3, "error": 1, "skipped": 1,
        "xfailed": 1, "xpassed": 1, "crashed": 1, "not_run": 1,
    }  # fmt: skip
    assert (row.tally.judged, row.tally.correct, row.tally.unanswered, row.tally.reruns) == (3, 2, 1, 2)
    assert (row.tally.tools_expected, row.tally.tools_matched) == (3, 2)
    calls = row.calls
    assert (calls.calls, calls.retries, calls.input_tokens, calls.output_tokens) == (3, 3, 300, 60)
    assert (calls.cost_usd, calls.unpriced, calls.api_latency) == (0.02, 1, 2.25)
    assert calls.cache_read_tokens == 180


def test_a_result_knows_its_route_and_its_calls(store: Store, spool: Path) -> None:
    """Per test: expected and actual skill, verdict, attempts, tools, its own model calls."""
    run = varied_run()
    run.write(spool)
    store.ingest(spool)

    rows = {row.case_id: row for row in store.results(run.run_id)}

    assert (rows["right"].expected, rows["right"].actual, rows["right"].correct) == ("alpha", "alpha", True)
    assert (rows["right"].calls.calls, rows["right"].calls.cost_usd) == (2, 0.02)
    assert (rows["wrong"].actual, rows["wrong"].correct, rows["wrong"].calls.cost_usd) == (
        "beta",
        False,
        None,
    )
    assert (rows["silent"].actual, rows["silent"].correct) == (None, None)
    assert (rows["none"].expected, rows["none"].actual, rows["none"].correct) == ("", "", True)
    assert rows["plain-passed"].expected is None
    assert (rows["rerun"].attempts, rows["rerun"].outcome) == (3, "passed")
    assert (rows["plain-not_run"].attempts, rows["plain-not_run"].outcome) == (0, "not_run")
    assert rows["tools"].tools_missing == ("git log",)
    assert [(worker.worker_id, worker.crashed, worker.busy_time) for worker in store.workers(run.run_id)] == [
        ("gw0", False, 2.5),
        ("gw1", True, 2.5),
    ]
    assert [(skill.name, skill.path, skill.hash[0]) for skill in store.skills(run.run_id)] == [
        ("alpha", "alpha/SKILL.md", "1"),
        ("beta", "beta/SKILL.md", "2"),
    ]
    assert [file.path for file in store.config_files(run.run_id)] == ["CLAUDE.md"]


def test_steps_of_agents_are_told_apart(store: Store, spool: Path) -> None:
    """Agent, tool, workflow, skill and other spans keep their kind, origin and unknown attributes."""
    files.write(spool / "sdk-triage-20231114T221320Z-1-1.traces.jsonl", [line(SERVICE, service_spans())])
    store.ingest(spool)

    rows = {row["name"].split()[0]: row for row in dump(store)["spans"]}

    assert {name: row["kind"] for name, row in rows.items()} == {
        "workflow": "workflow", "agent": "agent", "tool": "tool", "skill": "skill", "other": "other",
    }  # fmt: skip
    assert (rows["agent"]["agent"], rows["agent"]["agent_version"], rows["tool"]["agent"]) == (
        "sorter",
        "2",
        None,
    )
    assert (rows["skill"]["skill"], rows["skill"]["tool"]) == ("alpha", "Skill")
    assert {row["department"] for row in rows.values()} == {"support"}
    assert rows["other"]["attributes"] == {"http.request.method": "GET"}
    (call,) = dump(store)["model_calls"]
    assert (call["run_id"], call["service"], call["environment"]) == (None, "triage", "production")
    assert store.runs() == []


def test_names_of_earlier_conventions_are_read(store: Store, spool: Path) -> None:
    """Model calls of other instrumentations count with the provider and tokens that they state."""
    call = span(
        "chat m", trace="old", key="call",
        attributes={
            "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "m",
            "gen_ai.usage.prompt_tokens": 7, "gen_ai.usage.completion_tokens": 3,
            "gen_ai.usage.cache_creation.input_tokens": 2,
        },
        error=True,
    )  # fmt: skip
    files.write(spool / "old.traces.jsonl", [line(SERVICE, [call])])
    store.ingest(spool)

    (row,) = dump(store)["model_calls"]

    assert (row["provider"], row["input_tokens"], row["output_tokens"]) == ("openai", 7, 3)
    assert (row["cache_write_tokens"], row["attempts"], row["retries"]) == (2, 1, 0)
    assert (row["error_type"], row["cost_usd"], row["attributes"]) == ("_OTHER", None, None)


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[Any, str]], Any]:
    """Spans with their resources, and what is stored of them when they come once and in order."""
    first, second = varied_run("a"), varied_run("b", sequence=2, commit=None, started=50.0, finished=False)
    orphan = model_call(trace="a", key="orphan", parent="right")
    spans = [
        *((first.resource, text) for text in first.spans()),
        *((second.resource, text) for text in second.spans()),
        *((SERVICE, text) for text in [*service_spans(), orphan]),
    ]
    lines = [line(resource, [text]) for resource, text in spans]
    return spans, reference(tmp_path_factory.mktemp("whole"), lines)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_order_split_or_repetition_matters(
    tmp_path_factory: pytest.TempPathFactory, divided: tuple[list[tuple[Any, str]], Any], data: st.DataObject
) -> None:
    """Any division of spans over files, repeated and read in any order, gives the same store."""
    folder = tmp_path_factory.mktemp("split")
    spans, wanted = divided
    randomly = random.Random(data.draw(st.integers(0, 2**32)))
    count = data.draw(st.integers(1, 6))
    contents: list[list[str]] = [[] for _ in range(count)]
    for resource, text in spans:
        for place in randomly.choices(range(count), k=randomly.choice((1, 1, 2, 3))):
            contents[place].append(line(resource, [text] * randomly.choice((1, 1, 2))))
    states = ["", ".sent", ".rejected"]

    with open_store(folder / "split.db") as store:
        for number, lines in enumerate(contents):
            randomly.shuffle(lines)
            files.write(
                folder / "spool" / f"{randomly.random()}-{number}.traces.jsonl{randomly.choice(states)}",
                lines,
            )
            if randomly.random() < 0.5:
                store.ingest(folder / "spool")
        store.ingest(folder / "spool")
        assert dump(store) == wanted


def test_what_is_long_over_does_not_move_the_run_it_was_recorded_in(store: Store, spool: Path) -> None:
    """A run began when it says, also where a test recorded a model call of last year."""
    run = Run(started=1000).test("a")
    old = model_call(trace=run.key, key="old", attributes={"gnomon.run.id": run.run_id}, started=-31_536_000)
    files.write(spool / "run.traces.jsonl", run.lines())
    files.write(spool / "run.sdk.traces.jsonl", [line(run.resource, [old])])
    store.ingest(spool)
    (found,) = store.runs()
    assert found.started_at is not None
    assert found.started_at.timestamp() == START / SECOND + 1000
    assert found.calls.calls == 1


def test_impossible_numbers_of_tokens_overflow_no_sum(store: Store, spool: Path) -> None:
    """What no call can have used is kept as it was told, and counted as not told."""
    run = Run().test("a")
    calls = [
        model_call(
            trace=run.key,
            key=f"call{number}",
            attributes={"gnomon.run.id": run.run_id, "gen_ai.usage.input_tokens": tokens},
        )
        for number, tokens in enumerate([2**62, 2**62, 2**63 - 1, -5, 100])
    ]
    files.write(spool / "run.traces.jsonl", run.lines())
    files.write(spool / "run.sdk.traces.jsonl", [line(run.resource, calls)])
    store.ingest(spool)
    (found,) = store.runs()
    assert (found.calls.calls, found.calls.input_tokens) == (5, 100)


def test_a_file_read_before_is_not_read_again(store: Store, spool: Path) -> None:
    """Nothing new means nothing to do, also after the file was delivered."""
    path = varied_run().write(spool)
    store.ingest(spool)
    before = dump(store)

    assert (store.ingest(spool).read, store.ingest(spool).known) == ([], 1)
    files.settle(path, ".sent")
    assert (store.ingest(spool).read, store.ingest(spool).known) == ([], 1)
    assert dump(store) == before


def test_a_file_under_another_name_adds_nothing(store: Store, spool: Path) -> None:
    """A renamed file and a copy in another spool are read and found to be known."""
    path = varied_run().write(spool)
    store.ingest(spool)
    before = dump(store)
    path.rename(spool / "other-name.traces.jsonl")
    elsewhere = spool.parent / "elsewhere"
    shutil.copytree(spool, elsewhere)

    renamed, copied = store.ingest(spool), store.ingest(elsewhere)

    assert (len(renamed.read), renamed.new_runs, renamed.new_results) == (1, 0, 0)
    assert (len(copied.read), copied.new_results) == (1, 0)
    assert dump(store) == before


def test_a_rewritten_file_is_read_again(store: Store, spool: Path) -> None:
    """A file that was cut short and later put right gives what it lacked, and its complaint is gone."""
    run = varied_run()
    path = run.write(spool)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert len(store.ingest(spool).damaged) == 1
    path.write_bytes(whole)

    report = store.ingest(spool)

    assert (report.new_results, report.damaged) == (14, [])
    with store.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(schema.damaged_lines)).scalar() == 0


def test_a_killed_run_is_aborted_until_its_end_arrives(store: Store, spool: Path) -> None:
    """Without its own span a run is `aborted`; the span fills what was not known, and nothing else moves."""
    run = varied_run(finished=False)
    run.write(spool)
    store.ingest(spool)
    (killed,) = store.runs()
    assert (killed.status, killed.complete, killed.exit_code, killed.collected) == (
        "aborted",
        False,
        None,
        None,
    )
    assert (killed.commit, killed.tally.tests, killed.duration) == ("c" * 40, 14, 19.5)

    files.write(spool / "late.traces.jsonl", [line(run.resource, [run.run_span()])])
    store.ingest(spool)

    (ended,) = store.runs()
    assert (ended.status, ended.complete, ended.exit_code, ended.collected) == (
        "failure",
        True,
        1,
        len(run.tests),
    )
    assert (ended.duration, ended.tally) == (100.0, killed.tally)


def test_an_abandoned_journal_is_completed_and_read(store: Store, spool: Path) -> None:
    """What a killed process had written counts."""
    run = varied_run()
    script = (
        "import json, os, sys\nfrom pathlib import Path\nfrom gnomon.spool import Journal\n"
        "work = json.load(sys.stdin)\n"
        "journal = Journal(Path(work['path']), work['resource'], {'name': 'gnomon'})\n"
        "for span in work['spans']: journal.append(span)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    work = {
        "path": str(spool / "run-x.traces.jsonl"),
        "resource": encode.resource(run.resource),
        "spans": run.tests,
    }
    done = subprocess.run(
        [sys.executable, "-c", script], input=encode.dumps(work).encode(), timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL

    report = store.ingest(spool)

    assert (report.new_results, store.runs()[0].status) == (14, "aborted")


def test_a_journal_being_written_is_left_alone(store: Store, spool: Path) -> None:
    """A run that is still going is not read before its file is finished."""
    run = varied_run()
    journal = Journal(spool / "run-x.traces.jsonl", encode.resource(run.resource), encode.scope())
    for text in run.spans():
        journal.append(text)
    assert store.ingest(spool).read == []

    journal.complete()

    assert store.ingest(spool).new_results == 14


def test_damaged_lines_are_reported_and_kept_aside(store: Store, spool: Path) -> None:
    """Each line that cannot be read is named by file and line, and everything else is stored."""
    run = varied_run()
    bad_span = span("x", trace="x", key="x").replace('"spanId":"', '"spanId":"zz')
    path = spool / "run-x.traces.jsonl"
    content: list[bytes] = [
        *(text.encode() for text in run.lines(size=4)),
        b"{half a line",
        b"[1, 2]",
        b'{"resourceMetrics": []}',
        b'{"resourceSpans": [{"scopeSpans": 3}, 7]}',
        b"\xff\xfe\x00 bytes",
        b'{"resourceSpans":' + b"[" * 100_000,
        line(run.resource, [bad_span, span("good", trace="x", key="good")]).encode(),
        b"",
        b"   ",
    ]
    path.write_bytes(b"\n".join(content))

    report = store.ingest(spool)

    first_bad = len(run.lines(size=4)) + 1
    assert [(item.file, item.line) for item in report.damaged] == [(path, first_bad + n) for n in range(7)]
    assert str(report.damaged[0]).startswith(f"{path}:{first_bad}: not JSON")
    assert "spanId" in report.damaged[-1].reason
    assert report.new_results == 14
    assert [row["name"] for row in dump(store)["spans"]] == ["good"]
    with store.engine.connect() as connection:
        kept = connection.execute(
            select(schema.damaged_lines.c.text).order_by(schema.damaged_lines.c.line)
        ).all()
    assert [row.text[:12] for row in kept][:2] == ["{half a line", "[1, 2]"]
    assert store.ingest(spool).damaged == []


def test_values_that_no_database_takes_are_made_harmless(store: Store, spool: Path) -> None:
    """NUL, lone surrogates, numbers that are none, huge integers, deep structures, odd types."""
    deep: dict[str, object] = {"kvlistValue": {"values": []}}
    for _ in range(200):
        deep = {"kvlistValue": {"values": [{"key": "k", "value": deep}]}}
    values = {
        "test.case.name": {"stringValue": "a\x00b\ud800c"},
        "gnomon.test.duration": {"doubleValue": "NaN"},
        "gnomon.test.attempts": {"intValue": str(2**70)},
        "gnomon.routing.confidence": {"doubleValue": "Infinity"},
        "gnomon.routing.correct": {"stringValue": "yes"},
        "gnomon.test.outcome": {"stringValue": "passed"},
        "gnomon.test.category": {"arrayValue": {"values": [{"stringValue": "x"}, {}]}},
        "code.line.number": {"intValue": 12},
        "blob": {"bytesValue": "AAAA"},
        "deep": deep,
        "nothing": {},
        "wrong": {"intValue": "twelve"},
        "from.the.future": {"someValue": 1},
    }
    run = Run()
    text = span("test_case", trace="a", key="odd")
    data = text.replace(
        '"attributes":[]',
        f'"attributes":{encode.dumps([{"key": k, "value": v} for k, v in values.items()])}',
        1,
    )
    files.write(spool / "odd.traces.jsonl", [line(run.resource, [data])])

    report = store.ingest(spool)

    assert report.damaged == []
    (row,) = store.results(run.run_id)
    assert (row.case_name, row.duration, row.attempts, row.line) == ("a\ufffdb\ufffdc", None, 1, 12)
    assert (row.confidence, row.correct, row.category) == (None, None, None)
    (stored,) = dump(store)["results"]
    assert stored["attributes"]["gnomon.routing.correct"] == "yes"
    assert stored["attributes"]["gnomon.test.category"] == ["x"]
    assert stored["attributes"]["blob"] == "AAAA"


@given(st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["resourceSpans", "resource", "scopeSpans", "spans", "attributes", "key", "value",
                         "traceId", "spanId", "name", "events", "status", "stringValue", "arrayValue"]),
        inner, max_size=4),
    max_leaves=30,
))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_no_line_upsets_the_reader(value: object) -> None:
    """Whatever a line holds, it is read or named as damaged."""
    import json

    from gnomon_analysis.store.otlp_lines import DamageError, parse_line
    from gnomon_analysis.store.records import Records

    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    records = Records()
    try:
        found = list(parse_line(text))
    except DamageError:
        return
    for item in found:
        if not isinstance(item, DamageError):
            records.add(item)


WORKER = """
import sys
from pathlib import Path
from typing import Any
from gnomon_analysis.store import open_store
print("ready", flush=True)
sys.stdin.readline()
with open_store(sys.argv[1]) as store:
    for spool in sys.argv[2:]:
        report = store.ingest(Path(spool))
        print(report.new_runs, report.new_results, len(report.read), flush=True)
"""


def start_worker(url: str, *spools: Path) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, url, *map(str, spools)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    return worker


def go(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()


def test_many_processes_may_open_and_fill_one_new_store(url: str, tmp_path: Path) -> None:
    """Processes that make, migrate and fill the same store at once neither collide nor count twice."""
    spools = [tmp_path / "one" / "spool", tmp_path / "two" / "spool"]
    runs = [varied_run(f"run{number}", sequence=number, started=number) for number in range(12)]
    for spool in spools:
        for run in runs:
            run.write(spool)
    workers = [start_worker(url, *(spools if number % 2 else reversed(spools))) for number in range(4)]
    for worker in workers:
        go(worker)
    outputs = [worker.communicate(timeout=120) for worker in workers]

    assert [(worker.returncode, error) for worker, (_, error) in zip(workers, outputs, strict=True)] == [
        (0, "")
    ] * 4
    counted = [tuple(map(int, row.split())) for output, _ in outputs for row in output.splitlines()]
    assert sum(results for _, results, _ in counted) == 12 * 14
    assert sum(read for _, _, read in counted) == 24
    with open_store(url) as store:
        assert {run.run_id for run in store.runs()} == {run.run_id for run in runs}
        assert {run.tally.tests for run in store.runs()} == {14}
        assert dump(store) == reference(tmp_path, [text for run in runs for text in run.lines()])


def test_killed_in_the_middle_nothing_is_lost_or_doubled(new_url: Callable[[], str], tmp_path: Path) -> None:
    """After `kill -9` each file is in the store whole or not at all; the next call adds the rest."""
    spool = tmp_path / "spool"
    runs = []
    for number in range(6):
        run = Run(key=f"kill{number}", sequence=number)
        for case in range(1500):
            run.test(f"case{case}", expected="alpha", actual="alpha", calls=1 if case % 3 == 0 else 0)
        run.write(spool)
        runs.append(run)
    url = new_url()
    interrupted = 0
    for delay in (0.02, 0.1, 0.2, 0.3, 0.45, 0.6):
        worker = start_worker(url, spool)
        go(worker)
        time.sleep(delay)
        os.kill(worker.pid, signal.SIGKILL)
        output, _ = worker.communicate(timeout=60)
        interrupted += not output
        with open_store(url) as store:
            assert {run.tally.tests for run in store.runs()} <= {1500}
            with store.engine.connect() as connection:
                read = connection.execute(
                    select(func.count()).select_from(schema.ingested_files)
                ).scalar_one()
            assert read == len(store.runs())
    assert interrupted, "no kill hit an ingestion; the delays are too long"

    with open_store(url) as store:
        store.ingest(spool)
        assert store.ingest(spool).read == []
        assert dump(store) == reference(tmp_path, [text for run in runs for text in run.lines()])


def test_a_spool_that_is_not_there_is_empty(store: Store, tmp_path: Path) -> None:
    """Nothing was recorded yet: that is no mistake."""
    assert store.ingest(tmp_path / "nowhere") == type(store.ingest(tmp_path / "nowhere"))()


def test_a_file_that_may_not_be_read_is_named(store: Store, spool: Path) -> None:
    """One file that the system refuses does not keep the others out."""
    refused = spool / "run-0.traces.jsonl"
    refused.mkdir()  # as unreadable as it gets, for root too
    varied_run("b").write(spool)

    report = store.ingest(spool)

    assert [path for path, _ in report.unreadable] == [refused]
    assert report.new_runs == 1
