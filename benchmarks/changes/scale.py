"""How long a long history takes: 10,000 commits of 200 cases and 5 metrics, in arrays, a store, and git.

Each measurement is a process of its own, so that its peak memory is its own; memory counts the processes that
it starts, too.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.changes import stored
from benchmarks.changes.scores import Figure
from benchmarks.environments import REPOSITORY
from gnomon_analysis.statistics.model import Floats, Kind, Options, Series

COMMITS = 10_000
CASES = 200
METRICS = (
    ("routing accuracy", Kind.PROPORTION),
    ("tool-use accuracy", Kind.PROPORTION),
    ("latency", Kind.DURATION),
    ("cost", Kind.COST),
    ("attempts", Kind.COUNT),
)
EVERY = 500
"""So many commits lie between two that move a tenth of the cases."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a measurement took, and what came of it.

    `seconds` are those of the clock, `processor` those of all its processes together; `count` is that of the
    moves or findings told, or of the commits read.
    """

    seconds: float
    processor: float
    megabytes: float
    count: int


def all_series(commits: int = COMMITS, cases: int = CASES) -> list[Series]:
    """One run of each case at each commit, of each metric; every 500th commit moves a tenth of the cases."""
    rng = np.random.default_rng(7)
    at = np.arange(commits, dtype=np.int64)
    ones, tag = np.ones(commits), np.zeros(commits, dtype=np.int64)
    made = []
    for family, kind in METRICS:
        for case in range(cases):
            state: Floats = np.zeros(commits)
            for step in range(EVERY, commits, EVERY):
                if rng.random() < 0.1:
                    state[step:] = 1 - state[step]
            value: Floats
            if kind is Kind.PROPORTION:
                value = (rng.random(commits) < rng.uniform(0.75, 0.98) - 0.4 * state).astype(np.float64)
            elif kind is Kind.DURATION:
                value = 2.0 * 1.5**state * rng.lognormal(0, 0.4, commits)
            elif kind is Kind.COST:
                value = 0.01 * 1.5**state * rng.gamma(4.0, 0.25, commits)
            else:
                value = 1.0 + rng.poisson(0.1 + state).astype(np.float64)
            made.append(Series(f"{family} {case}", kind, family, at, value, ones, tag))
    return made


def located(commits: int = COMMITS, cases: int = CASES) -> Cost:
    """All series located at once."""
    from gnomon_analysis.statistics import locate  # noqa: PLC0415

    series = all_series(commits, cases)
    began, used = time.perf_counter(), _processor()
    moves = locate(commits, series, Options())
    return Cost(time.perf_counter() - began, _processor() - used, _megabytes(), len(moves))


def read(folder: Path) -> Cost:
    """A repository's history as Gnomon reads it, with the files that each commit changed."""
    from gnomon.settings import load  # noqa: PLC0415
    from gnomon_analysis.changes import Patterns, read_history  # noqa: PLC0415

    began, used = time.perf_counter(), _processor()
    with read_history(folder, Patterns.of(load(start=folder), folder)) as history:
        count = len(history.revisions)
        for position in range(count):
            history.changed_files(position)
    return Cost(time.perf_counter() - began, _processor() - used, _megabytes(), count)


def logged(folder: Path) -> Cost:
    """The same paths by `git log --raw`, its output read and thrown away."""
    from gnomon.settings import load  # noqa: PLC0415
    from gnomon_analysis.changes import Patterns  # noqa: PLC0415

    paths = Patterns.of(load(start=folder), folder).pathspecs
    began, used = time.perf_counter(), _processor()
    command = ["git", "-C", str(folder), "log", "--raw", "--no-abbrev", "--", *paths]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    return Cost(
        time.perf_counter() - began, _processor() - used, _megabytes(), output.count(b"\ncommit ") + 1
    )


def measured(*arguments: str) -> Sequence[Cost]:
    """What one of the measurements says in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.changes.scale", *arguments]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=REPOSITORY).stdout
    return [Cost(**one) for one in json.loads(output)]


def figures(quick: bool = False, rounds: int = 3) -> dict[str, Figure]:
    """All of it; the two readers of the history take turns, and their ratio is the median."""
    commits, cases = (COMMITS // 10, CASES // 10) if quick else (COMMITS, CASES)
    (alone,) = measured("located", str(commits), str(cases))
    whole, *more = measured("stored", str(commits), str(cases))
    with tempfile.TemporaryDirectory(prefix="gnomon-history-") as parent:
        folder = Path(parent) / "repository"
        repository(folder, commits)
        turns = [(*measured("read", str(folder)), *measured("logged", str(folder))) for _ in range(rounds)]
    ratios = sorted(ours.seconds / git.seconds for ours, git in turns)
    return {
        "locate seconds": _one(alone.seconds),
        "locate processor": _one(alone.processor),
        "locate megabytes": _one(alone.megabytes),
        "stored seconds": _one(whole.seconds),
        "stored processor": _one(whole.processor),
        "stored megabytes": _one(whole.megabytes),
        "appended seconds": _one(max(look.seconds for look in more)),
        "appended processor": _one(max(look.processor for look in more)),
        "history ratio": _one(ratios[rounds // 2]),
        "history seconds": _one(sorted(ours.seconds for ours, _ in turns)[rounds // 2]),
    }


def _one(value: float) -> Figure:
    return Figure(value, 0.0, 1)


SKILLS = 50
MODULES = 100


def repository(folder: Path, commits: int = COMMITS) -> None:
    """Makes a repository in which every fifth commit edits a skill, some configuration, most only code."""
    folder.mkdir(parents=True)
    subprocess.run(["git", "-C", str(folder), "init", "--quiet", "--initial-branch=main"], check=True)
    importing = subprocess.Popen(
        ["git", "-C", str(folder), "fast-import", "--quiet"], stdin=subprocess.PIPE, env=_plain_git()
    )
    assert importing.stdin is not None
    rng = np.random.default_rng(11)
    for number in range(commits):
        importing.stdin.write(_commit(rng, number))
    importing.stdin.close()
    if importing.wait() != 0:
        raise RuntimeError("git fast-import failed")
    subprocess.run(["git", "-C", str(folder), "reset", "--quiet", "--hard"], check=True)
    subprocess.run(["git", "-C", str(folder), "repack", "-adq"], check=True)


def _commit(rng: np.random.Generator, number: int) -> bytes:
    kind = rng.random()
    if kind < 0.2:
        skill = int(rng.integers(SKILLS))
        path = f"skills/s{skill:02}/SKILL.md"
        text = f"---\nname: s{skill:02}\ndescription: version {number}\n---\n\n# Skill\n\nText {number}.\n"
    elif kind < 0.25:
        path, text = f"agents/agent{int(rng.integers(5))}.yaml", f"version: {number}\n"
    elif kind < 0.27:
        path, text = "tests/golden_routing.yaml", f"version: {number}\n"
    else:
        path, text = f"source/module{int(rng.integers(MODULES))}.py", f"VERSION = {number}\n"
    message = f"Edit {path}\n".encode()
    content = text.encode()
    who = f"A Developer <developer@example.com> {1_700_000_000 + 600 * number} +0000"
    return b"\n".join(
        [
            b"commit refs/heads/main",
            f"author {who}".encode(),
            f"committer {who}".encode(),
            b"data %d\n%s" % (len(message), message),
            f"M 100644 inline {path}".encode(),
            b"data %d\n%s" % (len(content), content),
            b"",
        ]
    )


def _plain_git() -> dict[str, str]:
    return os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def _processor() -> float:
    """Seconds that this process and those it started have computed."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _megabytes() -> float:
    """Peak memory of this process and of the largest that it started, together."""
    own, children = (
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return (own + children) / 1024


def main() -> None:
    """Runs one measurement and prints what it took as JSON."""
    what, *arguments = sys.argv[1:]
    if what == "located":
        costs = [located(*map(int, arguments))]
    elif what == "stored":
        costs = [
            Cost(look.seconds, look.processor, look.megabytes, look.told)
            for look in stored.looks(*map(int, arguments))
        ]
    else:
        costs = [{"read": read, "logged": logged}[what](Path(arguments[0]))]
    print(json.dumps([asdict(cost) for cost in costs]))


if __name__ == "__main__":
    main()
