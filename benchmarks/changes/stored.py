"""`python -m benchmarks.changes.stored`: the time of `gnomon changes` on a large store.

A repository of N commits, each with one run of K cases that has five metrics: routing accuracy, latency,
retries, tokens, cost. Every two thousand commits a fifth of the cases falls and another recovers. Times are
of this process's processor and of the clock, memory is its peak.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from benchmarks.measure import machine
from gnomon import settings as gnomon_settings
from gnomon.settings import Settings
from gnomon_analysis.attribution import findings, update
from gnomon_analysis.changes import Patterns, read_history
from gnomon_analysis.store import Store, open_store, schema

_SECOND = 1_000_000_000
_START = 1_700_000_000
_SKILLS = 20
_REGIME = 2000
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the store took: seconds of the clock and of the processor, peak MiB, findings told."""

    what: str
    seconds: float
    processor: float
    megabytes: float
    told: int


def main() -> None:
    """Plants, looks at all of it, adds a run, looks again."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.changes.stored", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--cases", type=int, default=200)
    chosen = parser.parse_args()
    print(machine())
    for look in looks(chosen.commits, chosen.cases):
        print(
            f"{look.what}: {look.seconds:.2f} s by the clock, {look.processor:.2f} s of processor, "
            f"peak {look.megabytes:.0f} MiB, {look.told} findings told"
        )


def looks(commits: int, cases: int) -> Iterator[Look]:
    """A look at all runs, and one after each of two more."""
    with tempfile.TemporaryDirectory(prefix="gnomon-stored-") as temporary:
        folder = Path(temporary) / "desk"
        revisions = _repository(folder, commits + 2)
        settings = gnomon_settings.load(folder / "gnomon.yaml")
        with open_store(Path(temporary) / "gnomon.db") as store:
            drawn = np.random.default_rng(1)
            _runs(store, revisions, range(commits), cases, drawn)
            yield _look(store, settings, folder, f"{commits:,} runs of {cases} cases")
            for number in (commits, commits + 1):
                _runs(store, revisions, range(number, number + 1), cases, drawn)
                yield _look(store, settings, folder, "one run more")


def _look(store: Store, settings: Settings, folder: Path, what: str) -> Look:
    began, spent = time.perf_counter(), time.process_time()
    with read_history(folder, Patterns.of(settings, folder)) as history:
        update(store, settings, history, now_ns=time.time_ns())
    seconds, processor = time.perf_counter() - began, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Look(what, seconds, processor, peak, sum(one.told for one in findings(store)))


def _repository(folder: Path, count: int) -> list[str]:
    """Every third commit changes a skill, the others a page."""
    folder.mkdir()
    (folder / "gnomon.yaml").write_text("project: {name: desk}\n")
    stream: list[bytes] = []
    for number in range(count):
        path = f"s{number // 3 % _SKILLS}/SKILL.md" if number % 3 == 0 else "README.md"
        text = f"---\nname: {Path(path).parent.name}\n---\nversion {number}\n".encode()
        said = f"Commit {number}".encode()
        stream += [
            b"commit refs/heads/main\ncommitter Ada <ada@localhost> %d +0000\n" % (_START + number),
            b"data %d\n%s\n" % (len(said), said),
            b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text),
        ]
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
    subprocess.run([*git, "fast-import", "--quiet"], input=b"".join(stream), check=True)
    listed = subprocess.run(
        [*git, "rev-list", "--reverse", "main"], check=True, capture_output=True, text=True
    )
    return listed.stdout.split()


def _runs(store: Store, commits: list[str], numbers: range, cases: int, drawn: np.random.Generator) -> None:
    for first in range(numbers.start, numbers.stop, _AT_ONCE):
        runs: list[dict[str, Any]] = []
        results: list[dict[str, Any]] = []
        calls: list[dict[str, Any]] = []
        for number in range(first, min(numbers.stop, first + _AT_ONCE)):
            began = (_START + 10**6 + number * 60) * _SECOND
            run = {"run_id": f"{number:032x}", "trace_id": f"{number:032x}"}
            runs.append(_run(run, number, began, commits[number]))
            rate = np.where(np.arange(cases) % 5 == number // _REGIME % 5, 0.5, 0.9)
            right = drawn.random(cases) < rate
            seconds, tokens = drawn.lognormal(0, 0.3, cases), drawn.normal(1000, 20, cases).astype(int)
            for case in range(cases):
                key = {**run, "case_id": f"D{case:03}", "started_ns": began}
                results.append(_result(key, case, bool(right[case])))
                calls.append(_call(key, case, float(seconds[case]), int(tokens[case])))
        with store.engine.begin() as connection:
            connection.execute(insert(schema.runs), runs)
            connection.execute(insert(schema.results), results)
            connection.execute(insert(schema.model_calls), calls)


def _run(key: dict[str, str], number: int, began: int, commit: str) -> dict[str, Any]:
    return {
        **key,
        "sequence": number,
        "suite": "routing",
        "status": "failure",
        "complete": True,
        "started_ns": began,
        "ended_ns": began + _SECOND,
        "environment": "test",
        "repository": "desk",
        "revision": commit,
        "golden_set_version": "1",
    }


def _result(key: dict[str, Any], case: int, right: bool) -> dict[str, Any]:
    return {
        **key,
        "span_id": f"{case:016x}",
        "suite": "routing",
        "case_name": key["case_id"],
        "category": f"c{case % 4}",
        "outcome": "passed" if right else "failed",
        "attempts": 1,
        "expected_skill": f"s{case % _SKILLS}",
        "actual_skill": f"s{case % _SKILLS}" if right else "other",
        "correct": right,
    }


def _call(key: dict[str, Any], case: int, seconds: float, tokens: int) -> dict[str, Any]:
    return {
        **key,
        "span_id": f"{case + 2**32:016x}",
        "ended_ns": key["started_ns"] + _SECOND,
        "provider": "vendor",
        "request_model": "m",
        "attempts": 1,
        "retries": int(seconds > 1.5),
        "api_latency": seconds,
        "input_tokens": tokens,
        "output_tokens": 0,
        "cost_usd": tokens * 1e-6,
    }


if __name__ == "__main__":
    main()
