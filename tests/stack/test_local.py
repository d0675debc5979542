"""The stack as processes of this machine, with the real programs."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gnomon.registry import metrics
from gnomon.registry.prometheus import name_of
from gnomon_analysis.store import open_store
from gnomon_generators.stack.local import board as boards
from gnomon_generators.stack.local.board import Board, Line
from gnomon_generators.stack.local.processes import Process, process
from gnomon_generators.stack.local.supervisor import sweep
from tests.stack.otlp import run_point, send
from tests.stack.team import Team, eventually, programs, without
from tests.store.dump import dump
from tests.store.spool_files import varied_run

OPTIONAL = {"tempo", "grafana", "postgres", "alertmanager", "results", "ledger"}


@pytest.fixture
def running(team: Team) -> Team:
    programs()
    team.set(scrape_interval="1s")
    team.up()
    return team


def test_everything_comes_up_and_nothing_stays(running: Team) -> None:
    """All parts answer, Prometheus reads them and knows the rules; after `down` no process is left."""
    status = running.status()
    parts = {part["name"]: part["state"] for part in status["parts"]}
    assert {"prometheus", "collector"} <= parts.keys()
    assert set(parts.values()) == {"healthy"}
    assert parts.keys() | status["missing"].keys() == {"prometheus", "collector", *OPTIONAL}
    for words in status["missing"].values():
        assert "Without it" in words
    jobs = set(parts) - {"postgres", "results"}
    eventually(lambda: {row["metric"]["job"] for row in running.query("up == 1")} == jobs)
    rules = running.get(9090, "/api/v1/rules")
    assert "RoutingAccuracyBelowSLO" in rules
    assert "collector" in running.run("stack", "status")
    assert "ready" in running.run("stack", "logs", "collector")
    assert "stopped" in running.run("stack", "down")
    assert running.processes() == []
    assert "nothing runs here" in running.run("stack", "status", code=1)


def test_what_is_sent_is_found_under_the_name_of_the_registry(running: Team) -> None:
    """A run point that the Collector gets is in Prometheus as queries call it, with its own time."""
    at = time.time_ns() - 3600 * 10**9
    send(f"http://{running.address}:4318", "/v1/metrics", run_point(metrics.GNOMON_RUN_TESTS.name, 7, at))
    name = name_of(metrics.GNOMON_RUN_TESTS)
    rows = eventually(lambda: running.query(f"last_over_time({name}[2h])"), "the point")
    assert rows[0]["value"][1] == "7"
    (moment,) = running.query(f"timestamp(last_over_time({name}[2h] @ {at / 1e9 + 1:.3f}))") or [None]
    assert moment is not None


def test_traces_reach_the_results_store_whatever_dies_on_the_way(running: Team, tmp_path: Path) -> None:
    """What the Collector took while nobody received it is in the store once the receiver is back, once."""
    run = varied_run()
    run.write(tmp_path / "spool")
    with open_store(tmp_path / "gnomon.db") as beside:
        beside.ingest(tmp_path / "spool")
        wanted = dump(beside)
    documents = [json.loads(line) for line in run.lines(3)]
    collector = f"http://{running.address}:4318"
    send(collector, "/v1/traces", documents[0])
    with open_store(running.root / ".gnomon" / "gnomon.db") as store:
        eventually(lambda: store.has_run(run.run_id), "the first of its spans")
        os.kill(running.part("results")["pid"], signal.SIGKILL)
        for document in (*documents, *documents):
            send(collector, "/v1/traces", document)
        os.kill(running.part("collector")["pid"], signal.SIGKILL)
        eventually(lambda: dump(store) == wanted, "all that the run did")


@pytest.mark.parametrize("name", ["prometheus", "collector"])
def test_what_dies_is_started_anew(running: Team, name: str) -> None:
    """A part that was killed runs again, and `status` tells that it had ended, and how."""
    before = running.part(name)
    os.kill(before["pid"], signal.SIGKILL)
    after = eventually(lambda: (now := running.part(name))["state"] == "healthy" and now["restarts"] and now)
    assert (after["restarts"], after["exit_code"]) == (1, -signal.SIGKILL)
    assert after["pid"] != before["pid"]


def test_nothing_outlives_a_supervisor_that_is_killed(running: Team) -> None:
    """After SIGKILL nothing is left at the next `status`, and the stack can be started again."""
    os.kill(running.status()["supervisor"], signal.SIGKILL)
    assert not running.status()["running"]
    assert running.processes() == []
    running.up()
    assert {part["state"] for part in running.status()["parts"]} == {"healthy"}


def test_ctrl_c_ends_all_of_it(team: Team) -> None:
    """In a terminal the parts end with the command, whose exit code is 0."""
    programs()
    team.set()
    with team.foreground() as command:
        assert command.stdout is not None
        for line in command.stdout:
            if "Ctrl-C" in line:
                break
        assert len(team.processes()) >= len(team.status()["parts"]) > 1
        again = team.run("stack", "up", "--local", code=1)
        assert "runs here already" in again
        command.send_signal(signal.SIGINT)
        assert command.wait(60) == 0
    assert team.processes() == []


def test_it_goes_on_without_what_is_optional(team: Team) -> None:
    """Without Alertmanager the rest runs, and what does not work is said."""
    programs()
    team.set()
    team.environment["PATH"] = without(
        team.root / "path", os.environ, "alertmanager", "prometheus-alertmanager"
    )
    told = team.up()
    assert "alertmanager" in team.status()["missing"]
    assert "alerts fire in Prometheus and reach nobody" in " ".join(told.split())
    assert team.part("prometheus")["state"] == "healthy"


def test_without_the_needed_programs_it_says_how_to_get_them(team: Team) -> None:
    """Exit code 3 and a sentence; nothing was started."""
    team.set()
    team.environment["PATH"] = "/nowhere"
    told = team.up(code=3)
    assert "was not found" in told
    assert "install" in told
    assert team.processes() == []


def test_a_port_that_is_taken_is_named_with_its_setting(team: Team) -> None:
    """Before anything is started."""
    programs()
    team.set()
    with socket.create_server((team.address, 9090)):
        told = team.up(code=3)
    assert f"port 9090 of {team.address}" in told
    assert "stack.ports.prometheus" in told
    assert team.processes() == []


def test_a_part_that_cannot_start_ends_all_of_it(team: Team) -> None:
    """What it said last is the reason that is given."""
    programs()
    team.set()
    (team.root / "stack/yaml/prometheus.yaml").write_text("global: {scrape_interval: never}\n")
    told = team.up(code=3)
    assert "prometheus ended with" in told
    assert "never" in told
    assert team.processes() == []


def test_files_are_asked_for_where_there_are_none(team: Team) -> None:
    """One sentence that says how to write them."""
    programs()
    assert "write it with `gnomon generate`" in team.up(code=3)


def test_containers_need_an_engine(team: Team) -> None:
    """Without one `up` says so, and that there are local processes."""
    team.set()
    team.environment["PATH"] = "/nowhere"
    assert "gnomon stack up --local" in team.run("stack", "up", code=3)


# What Docker's Compose and Podman's list, and how `gnomon stack status` ends.
LISTED = (
    ("", 1),
    ('{"Name": "gnomon-results-1", "State": "running", "Health": "healthy"}', 0),
    ('{"Name": "gnomon-collector-1", "State": "running", "Health": ""}', 0),
    ('{"Name": "gnomon-results-1", "State": "running", "Health": "unhealthy"}', 1),
    ('{"Name": "gnomon-results-1", "State": "running", "Health": "starting"}', 1),
    ('{"Name": "gnomon-results-1", "State": "exited", "Health": "", "ExitCode": 0}', 1),
    ('{"Name": "a", "State": "running", "Health": ""}\n{"Name": "b", "State": "restarting"}', 1),
    ('{"Name": "gnomon-collector-state-1", "State": "exited", "ExitCode": 0}', 0),
    ('{"Name": "gnomon-collector-state-1", "State": "exited", "ExitCode": 1}', 1),
    ('[{"Names": ["gnomon_tempo_1"], "State": "running", "Status": "Up 2 minutes (healthy)"}]', 0),
    ('[{"Names": ["gnomon_tempo_1"], "State": "running", "Status": "Up 2 minutes (unhealthy)"}]', 1),
)


def test_the_status_of_containers_is_that_of_the_worst(team: Team) -> None:
    """Where none is there it is the same as for processes."""
    team.set()
    for listed, code in LISTED:
        engine(team, listed)
        team.run("stack", "status", code=code)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere containers see no owners")
def test_containers_are_told_of_files_that_they_could_not_read(team: Team) -> None:
    """As a umask of 077 makes them; the sentence has the command that helps."""
    team.set()
    engine(team)
    (team.root / "stack/yaml").chmod(0o700)
    told = team.run("stack", "up", code=3)
    assert f"{team.root / 'stack/yaml'} can be read by its owner alone" in told
    subprocess.run(told.split("`")[1].split(), cwd=team.root, check=True)
    team.run("stack", "up")


def engine(team: Team, listed: str = "") -> None:
    """A program that is called docker, and lists those containers."""
    docker = team.root / "bin/docker"
    docker.parent.mkdir(exist_ok=True)
    docker.write_text(f"#!/bin/sh\ncase $* in *--format*) cat <<'END'\n{listed}\nEND\nesac\n")
    docker.chmod(0o755)
    team.environment["PATH"] = f"{docker.parent}:/usr/bin:/bin"


def test_secrets_are_made_once_and_nobody_else_gets_at_them(team: Team) -> None:
    """Random, in a folder of their owner's that git does not see."""
    team.set()
    folder = team.root / team.run("stack", "secrets").splitlines()[0]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert len(set(before.values())) == len(before) >= 4
    assert all(len(text) >= 32 for text in before.values())
    team.run("stack", "secrets")
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    subprocess.run(["git", "init", "-q"], cwd=team.root, check=True)
    seen = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=team.root, capture_output=True, text=True, check=True
    )
    assert ".gnomon" not in seen.stdout


def test_a_secret_that_is_referred_to_has_to_be_there(team: Team) -> None:
    """The sentence names the file or the variable, not its content."""
    team.set(token={"file": "no-such-token"})
    assert "no-such-token" in team.run("stack", "secrets", code=3)


@pytest.fixture
def child() -> Callable[[], Process]:
    """Starts a process that is the first of its group, and waits for nobody."""

    def start() -> Process:
        started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], process_group=0)
        found = process(started.pid)
        assert found is not None
        return found

    return start


def test_what_was_left_behind_is_ended_and_nobody_else(team: Team, child: Callable[[], Process]) -> None:
    """Processes of the board of a dead supervisor end; one that only has such a number does not."""
    ours, other = child(), child()
    stranger = Process(other.pid, "started at another time")
    gone = Process(os.getpid(), "started at another time")
    lines = [Line("ours", "", "", process=ours), Line("other", "", "", process=stranger)]
    boards.write(Board(gone, lines), team.root)
    assert sweep(team.root) == ["ours"]
    assert not ours.alive
    assert other.alive
    assert sweep(team.root) == []
    os.kill(other.pid, signal.SIGKILL)
    os.waitpid(other.pid, 0)


def test_a_supervisor_that_lives_keeps_what_it_started(team: Team, child: Callable[[], Process]) -> None:
    """Looking at it ends nothing."""
    ours = child()
    mine = process(os.getpid())
    assert mine is not None
    boards.write(Board(mine, [Line("ours", "", "", process=ours)]), team.root)
    assert sweep(team.root) == []
    assert ours.alive
    os.kill(ours.pid, signal.SIGKILL)
    os.waitpid(ours.pid, 0)
