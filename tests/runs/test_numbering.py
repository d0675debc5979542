"""Numbers of runs: one more each time, whatever happens at once."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gnomon.runs.numbering import next_sequence


def test_one_more_each_time(tmp_path: Path) -> None:
    """Each suite counts by itself, from 1, in a state directory that git does not see."""
    state = tmp_path / ".gnomon"
    assert [next_sequence({}, state, "a") for _ in range(3)] == [1, 2, 3]
    assert next_sequence({}, state, "b") == 1
    assert next_sequence({}, state, "a") == 4
    assert (state / ".gitignore").read_text().endswith("*\n")


def test_many_processes_at_once(tmp_path: Path) -> None:
    """Runs that start together get numbers of their own, without a gap."""
    code = """
        import pathlib, sys
        from gnomon.runs.numbering import next_sequence
        print("ready", flush=True)
        sys.stdin.read()
        print(*(next_sequence({}, pathlib.Path(sys.argv[1]), "suite") for _ in range(10)))
        """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
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
        found += [int(word) for word in process.stdout.read().split()]
        assert process.wait(60) == 0
    assert sorted(found) == list(range(1, 61))


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"suite": "x"}', '{"suite": null}', b"\xff\xfe\x00"]
)
def test_a_damaged_count(tmp_path: Path, content: str | bytes) -> None:
    """A count that cannot be read begins anew; a run is never stopped by it."""
    (tmp_path / "sequence.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert next_sequence({}, tmp_path, "suite") == 1
    assert next_sequence({}, tmp_path, "suite") == 2
    assert json.loads((tmp_path / "sequence.json").read_text()) == {"suite": 2}


@pytest.mark.parametrize(
    ("environ", "number"),
    [
        ({"GNOMON_RUN_SEQUENCE": "41"}, 41),
        ({"GNOMON_RUN_SEQUENCE": "41", "GITHUB_ACTIONS": "true", "GITHUB_RUN_NUMBER": "7"}, 41),
        ({"GITHUB_ACTIONS": "true", "GITHUB_RUN_NUMBER": "7"}, 7),
        ({"GITLAB_CI": "true", "CI_PIPELINE_IID": "8"}, 8),
        ({"JENKINS_URL": "http://j", "BUILD_NUMBER": "9"}, 9),
        ({"GITHUB_ACTIONS": "true"}, 1),
        ({"GNOMON_RUN_SEQUENCE": "-3"}, 1),
        ({"GNOMON_RUN_SEQUENCE": "x"}, 1),
    ],
)
def test_numbers_given_by_others(tmp_path: Path, environ: dict[str, str], number: int) -> None:
    """The variable counts first, then the CI system's number, then our own."""
    assert next_sequence(environ, tmp_path, "suite") == number


def test_nowhere_to_count(tmp_path: Path) -> None:
    """Where nothing can be remembered, the number is 0 and the run goes on."""
    (tmp_path / "file").write_text("")
    assert next_sequence({}, tmp_path / "file" / "state", "suite") == 0
