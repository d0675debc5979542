"""Rows of `skill_change_events`: one a file that a commit changed."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from gnomon_analysis.changes.history import ChangedFile, History
from gnomon_analysis.changes.log import Revision
from gnomon_analysis.changes.parts import ABSENT, compare
from gnomon_analysis.changes.summary import summarise

GIT, TELEMETRY = "git", "telemetry"


def identity(*parts: str) -> str:
    """One id for what identifies a change."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def event_id(repository: str, revision: Revision, file: ChangedFile) -> str:
    """The id of what a commit did to a file. How it was found out does not matter."""
    return identity(GIT, repository, revision.commit, file.path)


def event(
    history: History, repository: str, position: int, file: ChangedFile, noticed_ns: int
) -> dict[str, Any]:
    """The row of one changed file, its contents compared."""
    revision = history.revisions[position]
    old = history.content(file, new=False) if file.old_hash else None
    new = history.content(file) if file.new_hash else None
    missing = (file.old_hash is not None and old is None) or (file.new_hash is not None and new is None)
    attributes: dict[str, Any] = {}
    if len(revision.parents) > 1:
        attributes["parents"] = list(revision.parents)
    if file.submodule:
        attributes["submodule"] = file.submodule
    row = {
        "event_id": event_id(repository, revision, file),
        "source": GIT,
        "repository": repository,
        "revision": revision.commit,
        "parent": revision.parents[0] if revision.parents else None,
        "ref_name": history.ref_name,
        "author": revision.author,
        "subject": revision.subject,
        "authored_ns": revision.authored_ns,
        "changed_ns": revision.committed_ns,
        "noticed_ns": noticed_ns,
        "kind": file.kind,
        "change": file.change,
        "path": file.path,
        "old_path": file.old_path,
        "skill": file.skill,
        "old_hash": file.old_hash,
        "new_hash": file.new_hash,
    }
    compared = ABSENT if missing else compare(file.path, old, new)
    if compared.left_out:
        attributes["parts_left_out"] = compared.left_out
    return row | {
        "lines_added": compared.lines_added,
        "lines_deleted": compared.lines_deleted,
        "old_tokens": compared.old_tokens,
        "new_tokens": compared.new_tokens,
        "parts": [dataclasses.asdict(part) for part in compared.parts] or None,
        "summary": summarise(file, compared),
        "diff": compared.diff,
        "attributes": attributes or None,
    }
