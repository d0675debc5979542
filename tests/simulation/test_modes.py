"""The same scenario, seed and clock give the same calls, as they happen or as they were."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import SCRIPT, clean_environment
from tests.simulation.conftest import arguments
from tests.simulation.simulated import SCENARIO, Simulated, calls_of, simulate
from tests.simulation.telemetry import assert_same, newest, point_rows, span_rows, truth_rows
from tests.spool_reader import read_spans

MINUTE = 60 * 10**9


def without_hours(truth: dict[str, Any]) -> dict[str, Any]:
    # By the clock, tasks that end together come in any order, and sums of floats end in other last digits.
    kept = {name: truth[name] for name in ("totals", "by", "planted", "complete", "simulated")}
    return dict(json.loads(json.dumps(kept), parse_float=lambda text: round(float(text), 6)))


def test_a_simulation_by_the_clock_emits_what_the_past_would_have(tmp_path: Path) -> None:
    """Ten minutes at high speed and ten minutes of the past have the same calls and the same counts."""
    common = ("--rate", "1", "--test-runs", "4")
    # What a call costs is decided by the day of its stamp: so both are of today.
    began = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
    ended = began + timedelta(minutes=10)
    live = simulate(
        tmp_path / "live", *common, "--start", began.isoformat(), "--speed", "120", "--duration", "5s"
    )
    times = ("--from", began.isoformat(), "--to", ended.isoformat())
    past = simulate(tmp_path / "past", *common, *times, "--processes", "1")
    assert live.truth["totals"]["requests"] > 300
    assert without_hours(live.truth) == without_hours(past.truth)
    assert live.truth["spans"] == past.truth["spans"]
    for simulated in (live, past):
        assert_same(span_rows(simulated.spans), truth_rows(simulated.rows))
        assert_same(point_rows(newest(simulated.points)), truth_rows(simulated.rows))
    # What differs between the stamps is when, not how long.
    assert durations(live) == durations(past)


def durations(simulated: Simulated) -> list[tuple[str, int]]:
    # Starts are rounded to the microsecond, and ends follow from them.
    return sorted((span.name, round((span.end - span.start) / 1_000)) for span in simulated.spans)


def test_live_stamps_are_those_of_the_wall(tmp_path: Path) -> None:
    """What is simulated by the clock is stamped with the time at which it was recorded."""
    before = time.time_ns()
    live = simulate(tmp_path, "--rate", "20", "--speed", "20", "--duration", "2s")
    after = time.time_ns()
    roots = [span for span in live.spans if not span.parent_id]
    assert roots
    assert all(before <= span.end <= after for span in roots)
    assert live.truth["complete"] is True


def test_the_same_seed_gives_the_same_calls(past: Simulated, tmp_path: Path) -> None:
    """A second simulation of the same past has the same calls and times, in any number of processes."""
    again = simulate(tmp_path, *arguments()[:6], "--interval", "30m", "--processes", "1")
    assert calls_of(again.spans) == calls_of(past.spans)
    assert {hour: sorted(map(repr, rows)) for hour, rows in again.hours.items()} == {
        hour: sorted(map(repr, rows)) for hour, rows in past.hours.items()
    }
    assert again.truth["runs"] == []


def test_another_seed_gives_other_calls(past: Simulated, tmp_path: Path) -> None:
    """Another seed gives another day."""
    other = simulate(tmp_path, *arguments(), "--seed", "2")
    assert other.truth["totals"] != past.truth["totals"]


def test_points_of_the_past_have_the_times_of_then(past: Simulated) -> None:
    """Metrics lie at whole multiples of the interval, and all of them began where the simulation did."""
    minutes = sorted({point.time // MINUTE for point in past.points})
    began = 1772440800 // 60  # 2026-03-02T08:40:00Z
    assert minutes == [began + step for step in range(5, 31, 5)]
    starts = set()
    for path in (past.spool).glob("sdk-*.metrics.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            starts |= set(_find(json.loads(line), "startTimeUnixNano"))
    assert starts == {str(began * MINUTE)}
    counts: dict[tuple[Any, ...], float] = {}
    for point in sorted(past.points, key=lambda point: point.time):
        series = (point.metric, *sorted(point.attributes.items()))
        assert point.count >= counts.get(series, 0)
        counts[series] = point.count


def _find(node: Any, name: str) -> list[Any]:
    if isinstance(node, list):
        return [found for item in node for found in _find(item, name)]
    if isinstance(node, dict):
        own = [node[name]] if name in node else []
        return own + [found for value in node.values() for found in _find(value, name)]
    return []


@pytest.mark.parametrize(
    ("wanted", "when"),
    [
        (signal.SIGINT, ("--rate", "50")),
        (signal.SIGTERM, ("--from", "-20d", "--per-day", "500000")),
        (signal.SIGINT, ("--from", "-20d", "--per-day", "500000", "--processes", "1")),
    ],
    ids=["by the clock", "the past in several processes", "the past in one"],
)
def test_what_is_stopped_tells_what_it_emitted(
    wanted: signal.Signals, when: tuple[str, ...], tmp_path: Path
) -> None:
    """Stopped by a signal, it ends with that signal's code, and the truth is what the spool holds."""
    (tmp_path / "scenario.yaml").write_text(SCENARIO, "utf-8")
    files = ("--scenario", "scenario.yaml", "--spool", "spool", "--truth", "truth.json")
    running = subprocess.Popen(
        [str(SCRIPT), "simulate", *files, *when],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _wait_for_spans(tmp_path / "spool")
    running.send_signal(wanted)
    output, log = running.communicate(timeout=60)
    assert running.returncode == 128 + wanted, log
    assert "stopped before the end" in output
    left = Simulated(running.returncode, output, log, tmp_path / "spool", tmp_path / "truth.json")
    assert left.truth["complete"] is False
    assert left.spans
    assert_same(span_rows(left.spans), truth_rows(left.rows))
    assert_same(point_rows(newest(left.points)), truth_rows(left.rows))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scenario.yaml", "spool", "truth.json"]
    assert not list((tmp_path / "spool").glob("*.part"))


def _wait_for_spans(spool: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(path.stat().st_size > 20_000 for path in spool.glob("*.traces.jsonl*")):
            return
        time.sleep(0.05)
    raise AssertionError("nothing was recorded")


def test_nothing_goes_into_the_projects_own_spool(tmp_path: Path) -> None:
    """Without --spool it goes to a folder of its own, and the project's backend gets nothing."""
    (tmp_path / "gnomon.yaml").write_text("export: {endpoint: 'http://127.0.0.1:9'}\n", "utf-8")
    done = subprocess.run(
        [str(SCRIPT), "simulate", "--rate", "50", "--duration", "1s", "--speed", "20", "--json"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert said["spool"] == str(tmp_path / ".gnomon" / "simulation")
    assert "telemetry waits" not in done.stderr
    assert not (tmp_path / ".gnomon" / "spool").exists()
    assert len(read_spans(tmp_path / ".gnomon" / "simulation")) == said["spans"]["emitted"] > 0
