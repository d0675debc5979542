"""A real repository whose routing suite reads its skills, and whose history is known."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from tests import warm
from tests.plugin.project import OPTIONAL_PLUGINS

# A router that takes the first skill one of whose triggers is in the request. `chance` in a SKILL.md makes it
# pass the skill over, now and then.
ROUTER = """
import os
import random
from pathlib import Path


def route(request):
    for path in sorted(Path(__file__).parents[1].glob("skills/*/SKILL.md")):
        lines = dict(line.split(": ", 1) for line in path.read_text().splitlines() if ": " in line)
        if random.random() < float(lines.get("chance", "0")):
            continue
        if any(word in request for word in lines["triggers"].split(", ")):
            return path.parent.name
    return ""
"""

SUITE = """
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
from router import route

REQUESTS = {
    "money": ("I want my money back", "refunds"),
    "broken": ("it came broken", "refunds"),
    "parcel": ("where is my parcel", "tracking"),
    "cheese": ("which cheese is mild", "advice"),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_routing(case, gnomon_test):
    request, skill = REQUESTS[case]
    gnomon_test.expect(skill=skill, case_id=case)
    answer = route(request)
    gnomon_test.routed(answer)
    assert answer == skill
"""

SETTINGS = """
project: {name: shop}
suites:
  - name: routing
    paths: ["tests/**"]
"""

GOOD = {"refunds": "money, broken", "tracking": "parcel", "advice": "cheese"}


class Shop:
    """A repository that is written to and committed as a person would, and `gnomon` run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder.parent / "home"
        self.home.mkdir(exist_ok=True)
        self.temporary = folder.parent / "tmp"
        self.temporary.mkdir(exist_ok=True)
        folder.mkdir()
        self.state = folder / ".gnomon"
        self.git("init", "--quiet", "--initial-branch", "main")
        self.write(".gitignore", ".gnomon/\n__pycache__/\n.pytest_cache/\n")
        self.write("gnomon.yaml", SETTINGS)
        self.write("pytest.ini", "[pytest]\n")
        self.write("src/router.py", ROUTER)
        self.write("tests/test_routing.py", SUITE)
        self.skills(GOOD)
        self.commits = [self.commit("Begin")]

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")

    def skills(self, triggers: dict[str, str], chance: float = 0.0) -> None:
        for name, words in triggers.items():
            self.write(
                f"skills/{name}/SKILL.md", f"---\nname: {name}\ntriggers: {words}\nchance: {chance}\n---\n"
            )

    def commit(self, subject: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def grow(self, count: int, subject: str = "Say more") -> None:
        """Commits that change nothing of importance."""
        for number in range(count):
            self.write("docs/notes.md", f"{subject} {len(self.commits)} {number}\n")
            self.commits.append(self.commit(f"{subject} {len(self.commits)}"))

    def change(self, subject: str, **triggers: str) -> str:
        """A commit that changes triggers of skills."""
        self.skills(triggers)
        self.commits.append(self.commit(subject))
        return self.commits[-1]

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
        return subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.folder,
            env=self.environment(),
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GNOMON", "OTEL_", "GIT_"))
        }
        unwanted = " ".join(f"-p no:{name}" for name in OPTIONAL_PLUGINS.values())
        return kept | {
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTEST_ADDOPTS": unwanted,
            "TZ": "UTC",
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "gnomon.cli.main", *arguments]

    def gnomon(self, *arguments: str, code: int = 0) -> str:
        """What a command prints, stderr included."""
        done = warm.run(self.command(*arguments), cwd=self.folder, env=self.environment(), together=True)
        assert done.returncode == code, done.stdout
        assert "Traceback" not in done.stdout
        return done.stdout

    def pytest(self, *arguments: str) -> None:
        """A run of the suite in the user's own working tree."""
        command = [sys.executable, "-m", "pytest", "--gnomon", "-q", "tests", *arguments]
        warm.run(command, cwd=self.folder, env=self.environment())

    def untouched(self) -> Sequence[str]:
        """All that must stay as it is: every file outside the state directory, and what git says."""
        said = [
            self.git("status", "--porcelain=v2", "--branch", "--ignored"),
            self.git("rev-parse", "HEAD"),
            self.git("stash", "list"),
            self.git("worktree", "list"),
            self.git("for-each-ref"),
            self.git("config", "--list", "--local"),
        ]
        files = []
        for path in sorted(self.folder.rglob("*")):
            relative = path.relative_to(self.folder)
            if relative.parts[0] == ".gnomon" or not path.is_file():
                continue
            files.append(f"{relative} {hashlib.sha256(path.read_bytes()).hexdigest()}")
        return [*said, *files]
