"""Skill and config files in force, each with the id that git gives its content."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from gnomon.record import Record

# Never holds a skill of the project itself, and may hold a hundred thousand files.
_PASSED_OVER = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".tox",
        ".nox",
        ".gnomon",
        "site-packages",
    }
)

# A walk must not hold up a test run on a huge tree; past this many folders it stops.
_MOST_FOLDERS = 20_000


class FileInForce(Record):
    """One file: its path from the root with `/`, its git blob id, and a skill's name (else empty)."""

    path: str
    hash: str
    name: str = ""


def blob_id(content: bytes) -> str:
    """The id that git gives this content: SHA-1 over `blob <length>\\0<content>`, in hex."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def set_hash(files: Iterable[FileInForce]) -> str:
    """SHA-256 over the sorted lines `<path>\\0<hash>\\n`: one id for a whole set of files."""
    lines = sorted(f"{file.path}\0{file.hash}\n" for file in files)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def find(root: Path, patterns: Sequence[str], listing: Iterable[str] | None = None) -> list[FileInForce]:
    """The files below `root` that match any of the glob patterns (`**` crosses folders), by path.

    `listing` holds candidates relative to the root, as git lists them; by default all that is `below` it.
    """
    matchers = [re.compile(expression(pattern)) for pattern in patterns]
    found = []
    for relative in below(root) if listing is None else listing:
        if not any(matcher.fullmatch(relative) for matcher in matchers):
            continue
        path = root / relative
        try:
            content = path.read_bytes()
        except OSError:
            continue
        name = skill_name(content, relative) if path.name == "SKILL.md" else ""
        found.append(FileInForce(relative, blob_id(content), name))
    return sorted(found, key=lambda file: file.path)


def below(root: Path) -> list[str]:
    """All files in a folder and its subfolders, relative to it, with `/`; for what git knows nothing of."""
    found: list[str] = []
    for count, (folder, folders, names) in enumerate(os.walk(root)):
        if count >= _MOST_FOLDERS:
            break
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        inside = "" if count == 0 else f"{os.path.relpath(folder, root)}/".replace(os.sep, "/")
        found.extend(f"{inside}{name}" for name in names)
    return found


def expression(pattern: str) -> str:
    """A glob as a regular expression: `*` and `?` stay within a folder, `**/` is any depth, also none."""
    result = ""
    for token in re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removeprefix("./")):
        match token:
            case "**/":
                result += "(?:.*/)?"
            case "**":
                result += ".*"
            case "*":
                result += "[^/]*"
            case "?":
                result += "[^/]"
            case _:
                result += re.escape(token)
    return result


_NAME = r"""(?m)^name:[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\n#]*?))[ \t]*(?:#.*)?$"""


def skill_name(content: bytes, path: str) -> str:
    """A skill's name: `name` of its front matter, else the name of its folder."""
    head = content[:8192].decode("utf-8", "replace").replace("\r\n", "\n")
    if head.startswith("---\n"):
        front_matter = head[4:].partition("\n---")[0]
        if (match := re.search(_NAME, front_matter)) and (name := next((g for g in match.groups() if g), "")):
            return name.strip()
    return PurePosixPath(path).parent.name


def attributes(skills: Sequence[FileInForce], configs: Sequence[FileInForce]) -> dict[str, Any]:
    """The resource attributes that say which skill and config files were in force."""
    values: dict[str, Any] = {}
    if skills:
        values |= {
            "gnomon.skills.names": [file.name for file in skills],
            "gnomon.skills.paths": [file.path for file in skills],
            "gnomon.skills.hashes": [file.hash for file in skills],
            "gnomon.skills.hash": set_hash(skills),
        }
    if configs:
        values |= {
            "gnomon.config.paths": [file.path for file in configs],
            "gnomon.config.hashes": [file.hash for file in configs],
            "gnomon.config.hash": set_hash(configs),
        }
    return values


def hashes_by_skill(skills: Sequence[FileInForce]) -> Mapping[str, str]:
    """The hash of each skill's file by every name people use for it: its folder's and its own."""
    by_name: dict[str, str] = {}
    for file in skills:
        by_name.setdefault(PurePosixPath(file.path).parent.name, file.hash)
    for file in skills:
        by_name.setdefault(file.name, file.hash)
    return by_name


_VERSION = r"""(?m)^["']?version["']?\s*:\s*["']?([^"'\n,#]+)"""


def golden_set_version(path: Path) -> str | None:
    """The `version` that a golden set states at its top level, else the short id of its content."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if match := re.search(_VERSION, content.decode("utf-8", "replace")):
        return match.group(1).strip()
    return blob_id(content)[:12]
