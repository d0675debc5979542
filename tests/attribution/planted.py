"""A git repository and a store with runs of its commits, planted from a few words each."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from gnomon.settings import Settings
from gnomon_analysis.changes import History, Patterns, read_history
from gnomon_analysis.store import Store, schema

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
DAY = 86_400 * SECOND

Rate = Mapping[str, float]

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(folder: Path, *arguments: str, feed: bytes | None = None) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=ENVIRONMENT, input=feed, capture_output=True, check=True
    )
    return done.stdout.decode()


class Repository:
    """A repository whose commits are said by what they touch."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        git(folder, "init", "--quiet", "--initial-branch=main")
        self.commits: list[str] = []

    def commit(self, subject: str, *paths: str) -> str:
        """One commit that writes something new into each of the paths."""
        return self.commit_all([(subject, paths)])[0]

    def commit_all(self, commits: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
        """Many commits in one go; each is a subject and the paths that it touches."""
        lines: list[bytes] = []
        for subject, paths in commits:
            number = len(self.commits) + len(lines)
            when = START // SECOND + 60 * (len(self.commits) + 1) + len(lines)
            lines.append(b"".join(self._command(subject, paths, number, when, first=not lines)))
        git(self.folder, "fast-import", "--quiet", feed=b"".join(lines))
        git(self.folder, "reset", "--quiet", "--hard", "main")
        found = git(self.folder, "rev-list", "--first-parent", "--reverse", "main").split()
        new = found[len(self.commits) :]
        self.commits = found
        return new

    def _command(
        self, subject: str, paths: Sequence[str], number: int, when: int, *, first: bool
    ) -> list[bytes]:
        said = subject.encode()
        parts = [
            b"commit refs/heads/main\n",
            b"committer Ada <ada@localhost> %d +0000\n" % when,
            b"data %d\n%s\n" % (len(said), said),
        ]
        if first and self.commits:
            parts.append(b"from %s\n" % self.commits[-1].encode())
        for path in paths:
            name = Path(path).parent.name
            text = f"---\nname: {name}\n---\nversion {number}\n".encode()
            parts += [b"M 100644 inline %s\n" % path.encode(), b"data %d\n%s\n" % (len(text), text)]
        return parts

    def history(self, settings: Settings) -> History:
        return read_history(self.folder, Patterns.of(settings, self.folder))


class Runs:
    """Runs of the repository's commits, written as rows into a store."""

    def __init__(self, store: Store, repository: str, seed: int = 1) -> None:
        self.store = store
        self.repository = repository
        self.chance = random.Random(seed)
        self.count = 0
        self.now_ns = START + 10 * DAY

    def run(
        self,
        commit: str | None,
        rates: Rate,
        *,
        suite: str = "routing",
        skills: Mapping[str, str] | None = None,
        model: str | None = "m-1",
        golden: str | None = "7",
        environment: str = "test",
        dirty: bool = False,
        tokens: float | None = None,
        cost: float | None = None,
        latency: float | None = None,
        retries: int = 0,
        attempts: int = 1,
        judged: bool = True,
        repository: str | None = None,
        count: int = 1,
        part: bool = False,
    ) -> None:
        """Runs a suite `count` times at a commit; `rates` are the cases with their chance of a right answer.

        `skills` are the expected skills by case; a wrong answer goes to the skill "other". A run of a `part`
        says that it was asked for chosen cases alone.
        """
        runs: list[dict[str, Any]] = []
        results: list[dict[str, Any]] = []
        calls: list[dict[str, Any]] = []
        for _ in range(count):
            self.count += 1
            self.now_ns += 60 * SECOND
            run_id = hashlib.sha256(f"{self.repository}{self.count}".encode()).hexdigest()[:32]
            runs.append(
                {
                    "run_id": run_id,
                    "trace_id": run_id,
                    "sequence": self.count,
                    "suite": suite,
                    "status": "success",
                    "complete": True,
                    "started_ns": self.now_ns,
                    "ended_ns": self.now_ns + SECOND,
                    "environment": environment,
                    "repository": repository or self.repository,
                    "revision": commit,
                    "dirty": dirty,
                    "golden_set_version": golden,
                    "department": "support",
                    "agent": "desk",
                    "attributes": {"gnomon.replay.cases": len(rates)} if part else None,
                }
            )
            for number, (case, rate) in enumerate(rates.items()):
                right = self.chance.random() < rate
                skill = (skills or {}).get(case, "alpha")
                key = {"trace_id": run_id, "run_id": run_id, "case_id": case}
                results.append(
                    {
                        **key,
                        "span_id": f"{number:016x}",
                        "suite": suite,
                        "case_name": f"test_route[{case}]",
                        "category": "easy",
                        "outcome": "passed" if right else "failed",
                        "attempts": attempts,
                        "duration": 0.5,
                        "expected_skill": skill if judged else None,
                        "actual_skill": (skill if right else "other") if judged else None,
                        "correct": right if judged else None,
                        "started_ns": self.now_ns,
                    }
                )
                if model is not None and (tokens, cost, latency) != (None, None, None):
                    noise = self.chance.lognormvariate(0, 0.1)
                    calls.append(
                        {
                            **key,
                            "span_id": f"{number + 2**32:016x}",
                            "provider": "vendor",
                            "request_model": model,
                            "started_ns": self.now_ns,
                            "ended_ns": self.now_ns + SECOND,
                            "attempts": 1 + retries,
                            "retries": retries,
                            "api_latency": None if latency is None else latency * noise,
                            "input_tokens": None if tokens is None else round(tokens * noise),
                            "output_tokens": 0,
                            "cost_usd": None if cost is None else cost * noise,
                        }
                    )
        with self.store.engine.begin() as connection:
            connection.execute(insert(schema.runs), runs)
            connection.execute(insert(schema.results), results)
            if calls:
                connection.execute(insert(schema.model_calls), calls)
