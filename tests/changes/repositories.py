"""Real git repositories, made by commands as people give them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_BEGIN = 1_750_000_000


class Repo:
    """A repository in a folder. Each commit is made a minute after the one before."""

    def __init__(self, folder: Path, *, made: bool = False) -> None:
        self.folder = folder
        self._minutes = 0
        if not made:
            folder.mkdir(parents=True, exist_ok=True)
            self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        moment = f"{_BEGIN + 60 * self._minutes} +0000"
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=kept
            | {
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "Ada",
                "GIT_AUTHOR_EMAIL": "ada@example.com",
                "GIT_COMMITTER_NAME": "Ada",
                "GIT_COMMITTER_EMAIL": "ada@example.com",
                "GIT_AUTHOR_DATE": moment,
                "GIT_COMMITTER_DATE": moment,
                "GIT_ALLOW_PROTOCOL": "file",
            },
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return done.stdout.decode("utf-8", "replace").strip()

    def put(self, path: str | bytes, content: str | bytes) -> None:
        target = self.folder / os.fsdecode(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str, files: dict[str, str | bytes] | None = None) -> str:
        """Writes the files, and commits whatever differs."""
        for path, content in (files or {}).items():
            self.put(path, content)
        self._minutes += 1
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def move(self, old: str, new: str) -> None:
        (self.folder / new).parent.mkdir(parents=True, exist_ok=True)
        self.git("mv", old, new)


def skill(name: str, body: str = "", description: str = "Does it.") -> str:
    """The text of a SKILL.md that is long enough for git to know it again."""
    lines = "\n".join(f"Step {number} of {name}: look at it twice." for number in range(12))
    return f"---\nname: {name}\ndescription: {description}\n---\n# {name}\n\n{lines}\n{body}"
