"""`gnomon spool`: what waits on this machine, and sending it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import gnomon
from tests.otlp_sink import http_sink, refusing_port
from tests.spool.test_delivery import metrics, names, traces
from tests.spool.test_journal import HEADER, span


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """The spool of a project whose root is the temporary folder."""
    (tmp_path / "gnomon.yaml").write_text("project:\n  name: jira\n")
    directory = tmp_path / ".gnomon" / "spool"
    directory.mkdir(parents=True)
    return directory


def test_status_of_an_empty_spool(spool: Path, tmp_path: Path) -> None:
    """A spool without files, or not there yet, is no mistake."""
    done = gnomon("spool", "status", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n")[:2] == [f"spool {spool}", "  empty"]
    done = gnomon("spool", "status", "--directory", "nowhere", "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == {"directory": "nowhere", "states": {}}


def test_status_of_every_state(spool: Path, tmp_path: Path) -> None:
    """Files are counted by state, and dead journals completed first."""
    traces(spool, "a", age=7200)
    traces(spool, "b").rename(spool / "b.traces.jsonl.sent")
    traces(spool, "c").rename(spool / "c.traces.jsonl.rejected")
    (spool / "d.traces.jsonl.part").write_text(HEADER + span(0) + "\n")
    (spool / "e.traces.jsonl.part").write_text("")
    done = gnomon("spool", "status", "--json", cwd=tmp_path)
    assert done.returncode == 0
    states = json.loads(done.stdout)["states"]
    assert {state: numbers["files"] for state, numbers in states.items()} == {
        "waiting": 2,
        "sent": 1,
        "refused": 1,
        "being written": 1,
    }
    assert states["sent"]["bytes"] == (spool / "b.traces.jsonl.sent").stat().st_size
    done = gnomon("spool", "status", cwd=tmp_path)
    lines = {line.split("  ")[1]: line for line in done.stdout.splitlines()[1:]}
    assert "2 files" in lines["waiting"]
    assert lines["waiting"].endswith("oldest 2 h ago")
    assert "1 file " in lines["sent"]


def test_replay_without_an_endpoint(spool: Path, tmp_path: Path) -> None:
    """Sending to nobody is 3, with the three ways to name somebody; nothing is touched."""
    traces(spool, "a")
    done = gnomon("spool", "replay", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    for way in ("OTEL_EXPORTER_OTLP_ENDPOINT", "export.endpoint", "--endpoint"):
        assert way in done.stderr
    assert "Traceback" not in done.stderr
    assert names(spool) == ["a.traces.jsonl"]


@pytest.mark.parametrize("way", ["variable", "setting", "option"])
def test_replay_sends_what_waits(spool: Path, tmp_path: Path, way: str) -> None:
    """Everything that waits arrives once, journals of the dead with it; then nothing is left to send."""
    traces(spool, "a", 2)
    metrics(spool, "run")
    (spool / "d.traces.jsonl.part").write_text(HEADER + span(5) + "\n")
    with http_sink() as sink:
        more = ["--endpoint", sink.endpoint] if way == "option" else []
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint} if way == "variable" else {}
        if way == "setting":
            (tmp_path / "gnomon.yaml").write_text(f"export:\n  endpoint: {sink.endpoint}\n")
        done = gnomon("spool", "replay", *more, cwd=tmp_path, **environment)
        assert (done.returncode, done.stdout, done.stderr) == (0, "3 files sent, 0 refused, 0 waiting\n", "")
        done = gnomon("spool", "replay", *more, "--json", cwd=tmp_path, **environment)
        assert done.returncode == 0
        assert json.loads(done.stdout) == {"sent": 0, "refused": 0, "waiting": 0, "why": ""}
    assert len(sink.spans) == 3
    assert len(sink.points) == 1


def test_an_endpoint_that_is_named_wins(spool: Path, tmp_path: Path) -> None:
    """`--endpoint` sends there and only there, by the protocol that goes with it."""
    traces(spool, "a")
    with http_sink() as sink, refusing_port() as port:
        done = gnomon(
            *("spool", "replay", "--endpoint", sink.endpoint, "--protocol", "http/protobuf"),
            cwd=tmp_path,
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
            OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        )
    assert done.returncode == 0
    assert sink.accepted[0].headers["content-type"] == "application/x-protobuf"


@pytest.mark.parametrize("what", ["dead", "refuses"])
def test_replay_that_leaves_something(spool: Path, tmp_path: Path, what: str) -> None:
    """What still waits or was refused is 1, with the reason on stderr and in the JSON."""
    traces(spool, "a")
    with http_sink(behaviour="status", status=400) as sink, refusing_port() as port:
        endpoint = f"http://127.0.0.1:{port}" if what == "dead" else sink.endpoint
        done = gnomon("spool", "replay", "--endpoint", endpoint, cwd=tmp_path)
        assert done.returncode == 1
        expected = "0 refused, 1 waiting" if what == "dead" else "1 refused, 0 waiting"
        assert done.stdout == f"0 files sent, {expected}\n"
        assert endpoint.removeprefix("http://") in done.stderr
        again = gnomon("spool", "replay", "--endpoint", endpoint, "--json", "--again", cwd=tmp_path)
    assert again.returncode == 1
    assert json.loads(again.stdout)["why"]


def test_replay_again(spool: Path, tmp_path: Path) -> None:
    """`--again` gives a new backend what others had or refused; without it, it gets nothing."""
    traces(spool, "a", 2).rename(spool / "a.traces.jsonl.sent")
    traces(spool, "b", 1, first=2).rename(spool / "b.traces.jsonl.rejected")
    with http_sink() as sink:
        gnomon("spool", "replay", "--endpoint", sink.endpoint, cwd=tmp_path)
        assert sink.spans == []
        done = gnomon("spool", "replay", "--endpoint", sink.endpoint, "--again", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "2 files sent, 0 refused, 0 waiting\n")
    assert len(sink.spans) == 3
    assert names(spool) == ["a.traces.jsonl.sent", "b.traces.jsonl.sent"]


def test_prune(spool: Path, tmp_path: Path) -> None:
    """Pruning goes by the settings, and by what the command line says instead."""
    (tmp_path / "gnomon.yaml").write_text("spool:\n  keep_days: 3\n")
    for number in (1, 5):
        traces(spool, str(number), age=number * 86_400).rename(spool / f"{number}.traces.jsonl.sent")
    traces(spool, "w", age=9 * 86_400)
    done = gnomon("spool", "prune", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1 file removed, 0 of them never delivered\n")
    done = gnomon("spool", "prune", "--keep-days", "0.5", cwd=tmp_path)
    assert done.stdout == "1 file removed, 0 of them never delivered\n"
    assert names(spool) == ["w.traces.jsonl"]
    done = gnomon("spool", "prune", "--max-bytes", "0", cwd=tmp_path)
    assert done.stdout == "1 file removed, 1 of them never delivered\n"
    assert names(spool) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay", "--endpoint", "ftp://h"), "no http or https URL"),
        (("replay", "--endpoint", "http://h", "--protocol", "thrift"), "thrift"),
        (("replay", "--deadline", "0"), "deadline"),
        (("prune", "--keep-days", "-1"), "keep-days"),
        (("status", "--directory", "gnomon.yaml"), "directory"),
        (("rewind",), "rewind"),
    ],
)
@pytest.mark.usefixtures("spool")
def test_mistakes(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    """A user's mistake is 2 and a sentence, never a traceback."""
    done = gnomon("spool", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_in_the_headers_file(spool: Path, tmp_path: Path) -> None:
    """The headers file is named with the line that is wrong."""
    traces(spool, "a")
    (tmp_path / "headers").write_text("rubbish\n")
    (tmp_path / "gnomon.yaml").write_text("export:\n  headers_file: headers\n")
    done = gnomon("spool", "replay", "--endpoint", "http://h", cwd=tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path / 'headers'}:1: no header" in done.stderr
