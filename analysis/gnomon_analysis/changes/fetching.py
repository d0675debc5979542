"""`git fetch` of a repository's own remote, when the user asks for it.

Unlike all else here this talks to a network, and with the user's own configuration of git, for that is
where addresses, proxies and credentials are. It changes nothing but the remote's branches as the clone
knows them (`refs/remotes/…`): no working tree, no branch, no tag.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from gnomon.errors import UserError
from gnomon.settings import Settings
from gnomon_analysis.changes.recording import folders
from gnomon_analysis.changes.repository import Repository

_SECONDS = 300.0

# What a caller such as a hook of git's sets to say which repository it is in.
_OF_A_REPOSITORY = frozenset(
    {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"),
        *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_QUARANTINE_PATH"),
        *("GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_CEILING_DIRECTORIES"),
    }
)


def fetch(settings: Settings) -> list[str]:
    """Fetches for every repository of the settings; gives a sentence for each that could not be."""
    notes = []
    fetched: set[Path] = set()
    for folder in folders(settings):
        try:
            with Repository(folder) as opened:
                place, remote = opened.common_directory, opened.remote
        except UserError:
            continue  # said when changes are recorded
        if remote is None or place in fetched:
            continue
        fetched.add(place)
        if reason := _fetch(place, remote):
            notes.append(f"{folder}: `git fetch {remote}` failed ({reason})")
    return notes


def _fetch(place: Path, remote: str) -> str | None:
    """Fetches into one repository; gives the reason where that failed."""
    command = [
        *("git", "-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", f"--git-dir={place}"),
        *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"),
        *("--no-auto-gc", "--", remote, f"+refs/heads/*:refs/remotes/{remote}/*"),
    ]
    environment = {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}
    process = subprocess.Popen(
        command,
        cwd=place,
        env=environment | {"GIT_TERMINAL_PROMPT": "0", "SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # Nobody is asked for a password on the terminal, and what git started ends with it.
        start_new_session=True,
    )
    try:
        _, errors = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        _end(process)
        return f"no answer within {_SECONDS:.0f} s"
    except BaseException:
        _end(process)
        raise
    if process.returncode == 0:
        return None
    lines = errors.decode("utf-8", "replace").strip().splitlines() or ["no message"]
    return lines[-1]


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()
