"""The git state of a folder as OpenTelemetry `vcs.*` attributes.

Git is asked in its own processes, all started at once, so that the host waits for none of them until
the answer is needed. No git, no repository or a broken one: the attributes are simply not there.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from gnomon.repository import repository_name

# No prompt, no lock on the index, no pager, no hook of the user's: reading must not disturb.
_COMMAND = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")

_QUESTIONS: dict[str, tuple[str, ...]] = {
    "state": ("status", "--porcelain=v2", "--branch", "--untracked-files=no"),
    "remote": ("config", "--get", "remote.origin.url"),
}
_BRANCH_LINE = r"(?m)^# branch\.(oid|head) (.+)$"
_TAG = ("tag", "--points-at", "HEAD")


class GitState:
    """The state of the repository that holds `folder`, asked for at construction, read later.

    `patterns` are globs of files below the folder; see `listing`.
    """

    def __init__(self, folder: Path, patterns: Sequence[str] = ()) -> None:
        self._folder = folder
        self._top = next((above for above in (folder, *folder.parents) if (above / ".git").exists()), None)
        self._running: dict[str, subprocess.Popen[str] | None] = {}
        self._answers: dict[str, str | None] = {}
        self._there = False
        if self._top is None and "GIT_DIR" not in os.environ:
            return
        questions = dict(_QUESTIONS)
        if patterns:
            questions["files"] = (
                *("ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"),
                *(f":(glob){pattern.removeprefix('./')}" for pattern in patterns),
            )
        self._running.update({name: _start(folder, question) for name, question in questions.items()})
        self._there = self._running["state"] is not None

    def attributes(self, timeout_seconds: float = 5.0) -> dict[str, Any]:
        """The `vcs.*` attributes that are known within `timeout_seconds`.

        `gnomon.vcs.dirty` says whether a tracked file differs from the commit.
        """
        answers = self._collect(timeout_seconds)
        state = answers.get("state") or ""
        told = dict(re.findall(_BRANCH_LINE, state))
        head = told.get("oid", "")
        if not head or head == "(initial)":
            return {}
        found: dict[str, Any] = {
            "vcs.ref.head.revision": head,
            "gnomon.vcs.dirty": any(not line.startswith("#") for line in state.splitlines()),
        }
        if (branch := told.get("head", "(detached)")) != "(detached)":
            found |= {"vcs.ref.head.name": branch, "vcs.ref.head.type": "branch"}
        elif tags := _answer(_start(self._folder, _TAG), time.monotonic() + timeout_seconds):
            found |= {"vcs.ref.head.name": tags.splitlines()[-1], "vcs.ref.head.type": "tag"}
        return found | repository_attributes(answers.get("remote"), self._top)

    def silence(self) -> str | None:
        """Why git tells nothing of a repository that is there; None where it tells, or where there is none.

        Asked after `attributes`. Images for containers often come without git, and git refuses the
        repository of another user.
        """
        if self._top is None or self._answers.get("state") is not None:
            return None
        if not self._there:
            return "git is not installed"
        return f"git cannot read the repository; `git -C {self._top} status` says why"

    def listing(self, timeout_seconds: float = 5.0) -> list[str] | None:
        """The files that match the patterns, relative to the folder, ignored ones left out.

        None where git cannot tell (no repository, no git): walk the folder then.
        """
        names = self._collect(timeout_seconds).get("files")
        return None if names is None else [name for name in names.split("\0") if name]

    def _collect(self, timeout_seconds: float) -> dict[str, str | None]:
        deadline = time.monotonic() + timeout_seconds
        while self._running:
            name, process = self._running.popitem()
            self._answers[name] = _answer(process, deadline)
        return self._answers


def _start(folder: Path, question: tuple[str, ...]) -> subprocess.Popen[str] | None:
    try:
        return subprocess.Popen(
            (*_COMMAND, *question),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
        )
    except OSError:
        return None


def _answer(process: subprocess.Popen[str] | None, deadline: float) -> str | None:
    if process is None:
        return None
    try:
        output, _ = process.communicate(timeout=max(0.01, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    return output.strip() if process.returncode == 0 else None


def repository_attributes(remote: str | None, top: Path | None) -> dict[str, str]:
    """The `vcs.repository.*` attributes: the remote's name and address, else that of its folder."""
    if remote and (url := without_credentials(remote)):
        name = url.rstrip("/").removesuffix(".git").rpartition("/")[2].rpartition(":")[2]
        return {"vcs.repository.url.full": url, "vcs.repository.name": name}
    return {"vcs.repository.name": repository_name(top)} if top is not None else {}


def without_credentials(remote: str) -> str:
    """A remote's address without user name, password and token; `git@host:path` stays as it is.

    Empty for an address that cannot be read: what in it is secret, cannot be told.
    """
    if "://" not in remote:
        return remote
    try:
        parts = urlsplit(remote)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
