"""What each commit did, as JSON; `docs/changes.md` tells the shape."""

from __future__ import annotations

from typing import Any

from gnomon_analysis.attribution import CommitMoves, wording_of_commits


def plain_commit(moves: CommitMoves) -> dict[str, Any]:
    """One commit, or one place where none is blamed; its findings by their ids."""
    known = moves.known
    return {
        "repository": moves.repository,
        "revision": moves.revision,
        "named": moves.is_named,
        "subject": moves.lead.subject if known is None else known.subject,
        "author": moves.lead.author if known is None else known.author,
        "changed_at": moves.changed_at,
        "suspects": moves.suspects,
        "files": () if known is None else known.files,
        "other_files": None if known is None else known.other_files,
        "sentence": wording_of_commits.sentence(moves),
        "findings": [one.impact_id for one in moves.findings],
        "tests": [
            {
                "suite": test.suite,
                "case_id": test.case_id,
                "metric": test.metric,
                "before": test.before,
                "after": test.after,
                "better": test.better,
            }
            for test in moves.tests
        ],
    }
