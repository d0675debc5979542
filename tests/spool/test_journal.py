"""The journal: whole spans survive whatever ends their process, and each file comes out once."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.otlp import encode
from gnomon.spool import Journal, recover
from gnomon.spool.journal import DAMAGED, LINE_BYTES, recorded
from tests.spool_reader import read_spans

RESOURCE = encode.resource({"service.name": "s"})
SCOPE = encode.scope()
HEADER = encode.dumps({"resource": RESOURCE, "scope": SCOPE}) + "\n"

WRITER = """
import os, pathlib, sys, time
from gnomon.otlp import encode
from gnomon.spool import Journal
journal = Journal(
    pathlib.Path(sys.argv[1]), encode.resource({"service.name": "s"}), encode.scope()
)
def span(number):
    return encode.dumps({"traceId": "1" * 32, "spanId": f"{number + 1:016x}", "name": "x" * 500,
                         "startTimeUnixNano": "1", "endTimeUnixNano": "2"})
"""


def span(number: int) -> str:
    return encode.dumps(
        {
            "traceId": "1" * 32,
            "spanId": f"{number + 1:016x}",
            "name": f"span {number}",
            "startTimeUnixNano": "1",
            "endTimeUnixNano": "2",
        }
    )


def numbers(directory: Path) -> list[int]:
    return [int(found.span_id, 16) - 1 for found in read_spans(directory)]


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def writer(path: Path, code: str) -> subprocess.Popen[str]:
    """Starts a process that writes a journal; it says `ready` when told to."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER + textwrap.dedent(code), str(path)], stdout=subprocess.PIPE, text=True
    )


def killed(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.communicate()


def test_a_complete_journal(tmp_path: Path) -> None:
    """The finished file holds every span in order, in lines that a backend takes; the journal is gone."""
    journal = Journal(tmp_path / "a.traces.jsonl", RESOURCE, SCOPE)
    enough = 3 * LINE_BYTES // (2 * len(span(1000)))
    for number in range(enough):
        journal.append(span(number))
    assert journal.complete() == tmp_path / "a.traces.jsonl"
    assert names(tmp_path) == ["a.traces.jsonl"]
    assert numbers(tmp_path) == list(range(enough))
    lines = (tmp_path / "a.traces.jsonl").read_text().splitlines()
    assert len(lines) == 2
    assert all(len(line) < 1.1 * LINE_BYTES for line in lines)
    assert recover(tmp_path) == []


@pytest.mark.parametrize("killed_before_its_end", [False, True])
def test_spans_of_every_size(tmp_path: Path, killed_before_its_end: bool) -> None:
    """A span longer than a whole line of the finished file has a line of its own; none is lost or moved."""
    sizes = [0, LINE_BYTES - 400, 900, 2 * LINE_BYTES, 0, LINE_BYTES, 0, 5 * LINE_BYTES]
    journal = Journal(tmp_path / "a.traces.jsonl", RESOURCE, SCOPE)
    for number, size in enumerate(sizes):
        journal.append(span(number).replace('"name":"', '"name":"' + size * "x", 1))
    if killed_before_its_end:
        journal.abandon()
        assert recover(tmp_path) == [tmp_path / "a.traces.jsonl"]
    else:
        journal.complete()
    assert numbers(tmp_path) == list(range(len(sizes)))
    lengths = [len(line) for line in (tmp_path / "a.traces.jsonl").read_text().splitlines()]
    assert max(lengths) < 5.1 * LINE_BYTES


def test_a_journal_without_spans(tmp_path: Path) -> None:
    """Nothing recorded leaves nothing behind, completed or abandoned."""
    Journal(tmp_path / "a.traces.jsonl", RESOURCE, SCOPE).complete()
    Journal(tmp_path / "b.traces.jsonl", RESOURCE, SCOPE).abandon()
    assert recover(tmp_path) == []
    assert names(tmp_path) == []


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    """Two journals of one name would mix their spans: the second is an error."""
    journal = Journal(tmp_path / "a.traces.jsonl", RESOURCE, SCOPE)
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "a.traces.jsonl", RESOURCE, SCOPE)
    journal.complete()


def test_a_killed_writer(tmp_path: Path) -> None:
    """`kill -9` in the middle of writing leaves every span whose `append` had returned, all whole."""
    process = writer(
        tmp_path / "a.traces.jsonl",
        """
        progress = os.open(sys.argv[1] + ".progress", os.O_RDWR | os.O_CREAT)
        for number in range(10**9):
            journal.append(span(number))
            os.pwrite(progress, f"{number:012}".encode(), 0)
            if number == 200:
                print("ready", flush=True)
        """,
    )
    killed(process)
    assert process.returncode == -signal.SIGKILL
    last = int((tmp_path / "a.traces.jsonl.progress").read_text())
    assert recover(tmp_path) == [tmp_path / "a.traces.jsonl"]
    found = numbers(tmp_path)
    assert found == list(range(len(found)))
    assert len(found) - 1 in (last, last + 1)
    assert not list(tmp_path.glob("*.part"))


def test_recovery_by_many_at_once(tmp_path: Path) -> None:
    """However many processes recover, each dead journal becomes one file, given to one of them."""
    for number in range(20):
        (tmp_path / f"{number}.traces.jsonl.part").write_text(HEADER + span(number) + "\n")
    code = """
        import pathlib, sys
        from gnomon.spool import recover
        print("ready", flush=True)
        sys.stdin.read()
        print(*(path.name for path in recover(pathlib.Path(sys.argv[1]))))
        """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    found = []
    for process in processes:
        assert process.stdout is not None
        found += process.stdout.read().split()
        assert process.wait(60) == 0
    assert sorted(found) == sorted(f"{number}.traces.jsonl" for number in range(20))
    assert sorted(numbers(tmp_path)) == list(range(20))


def test_a_living_journal_is_left_alone(tmp_path: Path) -> None:
    """A journal whose owner lives is nobody else's, in this process and in others."""
    process = writer(
        tmp_path / "a.traces.jsonl",
        """
        journal.append(span(0))
        print("ready", flush=True)
        time.sleep(600)
        """,
    )
    assert process.stdout is not None
    process.stdout.readline()
    own = Journal(tmp_path / "b.traces.jsonl", RESOURCE, SCOPE)
    own.append(span(1))
    assert recover(tmp_path) == []
    process.kill()
    process.communicate()
    assert recover(tmp_path) == [tmp_path / "a.traces.jsonl"]
    own.complete()
    assert numbers(tmp_path) == [0, 1]


def test_a_forked_child_abandons(tmp_path: Path) -> None:
    """A child that lets go of its parent's journal costs the parent nothing, and cannot keep it alive."""
    process = writer(
        tmp_path / "a.traces.jsonl",
        """
        journal.append(span(0))
        child = os.fork()
        if child == 0:
            journal.abandon()
            pathlib.Path(sys.argv[1] + ".abandoned").touch()
            time.sleep(600)
            os._exit(0)
        while not os.path.exists(sys.argv[1] + ".abandoned"):
            time.sleep(0.01)
        journal.append(span(1))
        pathlib.Path(sys.argv[1] + ".child").write_text(str(child))
        print("ready", flush=True)
        time.sleep(600)
        """,
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        assert recover(tmp_path) == []
        process.kill()
        process.wait()
        assert recover(tmp_path) == [tmp_path / "a.traces.jsonl"]
        assert numbers(tmp_path) == [0, 1]
    finally:
        os.kill(int((tmp_path / "a.traces.jsonl.child").read_text()), signal.SIGKILL)
        process.communicate()


def test_the_directory_is_deleted_under_a_journal(tmp_path: Path) -> None:
    """A state directory that a suite deletes costs no span of a journal that is still open."""
    directory = tmp_path / "spool"
    journal = Journal(directory / "a.traces.jsonl", RESOURCE, SCOPE)
    journal.append(span(0))
    shutil.rmtree(directory)
    journal.append(span(1))
    journal.complete()
    assert numbers(directory) == [0, 1]
    assert names(directory) == ["a.traces.jsonl"]


@pytest.mark.parametrize("suffix", ["", ".sent", ".rejected"])
def test_a_crash_between_finishing_and_removing(tmp_path: Path, suffix: str) -> None:
    """A journal whose finished file is there already is removed, not finished or delivered again."""
    finished = tmp_path / f"a.traces.jsonl{suffix}"
    journal = Journal(tmp_path / "a.traces.jsonl", RESOURCE, SCOPE)
    journal.append(span(0))
    journal.complete().rename(finished)
    before = finished.read_bytes()
    (tmp_path / "a.traces.jsonl.part").write_text(HEADER + span(0) + "\n")
    assert recover(tmp_path) == []
    assert names(tmp_path) == [finished.name]
    assert finished.read_bytes() == before


def test_a_journal_that_is_being_born(tmp_path: Path) -> None:
    """A journal without a whole first line may be newly made; an old one holds nothing and goes."""
    part = tmp_path / "a.traces.jsonl.part"
    part.write_text(HEADER[:10])
    assert recover(tmp_path) == []
    assert part.exists()
    old = time.time() - 60
    os.utime(part, (old, old))
    assert recover(tmp_path) == []
    assert names(tmp_path) == []


@pytest.mark.parametrize("header", ["\0" * 100 + "}\n", "{}\n", "[{}\n", '"é": {}}\n'])
def test_a_journal_whose_beginning_is_lost(tmp_path: Path, header: str) -> None:
    """A machine that lost its power may leave rubbish; it is set aside, and others are recovered."""
    (tmp_path / "a.traces.jsonl.part").write_text(header + span(0) + "\n")
    (tmp_path / "b.traces.jsonl.part").write_text(HEADER + span(1) + "\n")
    assert recover(tmp_path) == [tmp_path / "b.traces.jsonl"]
    assert names(tmp_path) == [f"a.traces.jsonl.part{DAMAGED}", "b.traces.jsonl"]
    assert numbers(tmp_path) == [1]


@given(
    st.lists(st.integers(0, 9).map(span) | st.binary(max_size=30), max_size=8),
    st.binary(max_size=30),
)
def test_rubbish_in_a_journal(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str | bytes], end: bytes
) -> None:
    """Whatever else a dead process left in it, a journal gives its whole spans and only those."""
    directory = tmp_path_factory.mktemp("spool")
    rubbish = [line for line in lines if isinstance(line, bytes)]
    content = HEADER.encode() + b"".join(
        (line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines
    )
    (directory / "a.traces.jsonl.part").write_bytes(content + end)
    recover(directory)
    expected = [int(json.loads(line)["spanId"], 16) - 1 for line in lines if isinstance(line, str)]
    assert numbers(directory) == expected, rubbish


def _limit_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))


def test_a_full_disk_spoils_no_other_span(tmp_path: Path) -> None:
    """A span for which there was no room is lost whole: the next one, when there is room, is not."""
    code = """
        import resource
        results = []
        for number in range(4):
            if number == 3:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            try:
                journal.append(span(number))
                results.append("kept")
            except OSError:
                results.append("lost")
        journal.complete()
        print(*results)
        """
    done = subprocess.run(
        [sys.executable, "-c", WRITER + textwrap.dedent(code), str(tmp_path / "a.traces.jsonl")],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=_limit_files,
    )
    assert done.stdout.split() == ["kept", "kept", "lost", "kept"]
    assert numbers(tmp_path) == [0, 1, 3]


def test_reading_while_others_finish_and_send(tmp_path: Path) -> None:
    """A file is read once and whole, though it is renamed between the look at its name and the reading."""
    for turn in range(3):
        folder = tmp_path / str(turn)
        for worker in ("gw0", "gw1"):
            journal = Journal(folder / f"run.{worker}.sdk.traces.jsonl", RESOURCE, SCOPE)
            journal.append(span(0))
            journal.complete()
        found = recorded(folder, lambda name: name.startswith("run."))
        # The names are known when the first span comes; then the other file is sent.
        next(found)
        (folder / "run.gw1.sdk.traces.jsonl").rename(folder / "run.gw1.sdk.traces.jsonl.sent")
        assert len(list(found)) == 1


@pytest.mark.parametrize("suffix", [".part", "", ".sent", ".rejected"])
def test_reading_in_every_state(tmp_path: Path, suffix: str) -> None:
    """What is left of a crash between two states is read once, too."""
    path = tmp_path / "run.gw0.sdk.traces.jsonl"
    journal = Journal(path, RESOURCE, SCOPE)
    journal.append(span(0))
    if suffix == ".part":
        shutil.copy(journal.part, tmp_path / "kept")
        journal.complete()
        shutil.move(tmp_path / "kept", journal.part)
    else:
        journal.complete().rename(path.with_name(path.name + suffix))
    assert len(list(recorded(tmp_path, lambda name: name.startswith("run.")))) == 1
