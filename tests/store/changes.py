"""A tracked change and what it did, planted into a store."""

from __future__ import annotations

from sqlalchemy import insert

from gnomon_analysis.store import Store, schema


def plant(store: Store, *, changed_ns: int, revision: str = "c" * 40, suite: str = "routing") -> None:
    """Writes a commit that changed a skill, what it moved, a finding that was withdrawn, a case of each."""
    event = {
        "event_id": f"event-{revision[:9]}",
        "source": "git",
        "repository": "desk",
        "revision": revision,
        "author": "Someone",
        "subject": "Narrow refunds",
        "changed_ns": changed_ns,
        "noticed_ns": changed_ns,
        "kind": "skill",
        "change": "modified",
        "path": "skills/refunds/SKILL.md",
        "skill": "refunds",
        "lines_added": 3,
        "lines_deleted": 1,
        "old_tokens": 400,
        "new_tokens": 420,
        "parts": [{"part": "section", "name": "When to use", "change": "modified"}],
        "summary": "section When to use: 3 lines added, 1 deleted",
        "diff": "-Refunds\n+Refunds of paid orders",
    }
    finding = {
        "repository": "desk",
        "suite": suite,
        "environment": "test",
        "metric": "routing_accuracy",
        "unit": "%",
        "more_is_better": True,
        "scope_kind": "suite",
        "scope": suite,
        "revision": revision,
        "candidates": [{"revision": revision, "share": 0.97}],
        "changed_ns": changed_ns,
        "before": 80.0,
        "after": 91.0,
        "difference": 11.0,
        "difference_low": 6.0,
        "difference_high": 17.0,
        "runs_before": 5,
        "runs_after": 6,
        "cases_moved": 1,
        "p_change": 0.99,
        "p_commit": 0.97,
        "verdict": "improvement",
        "sentence": "The commit raised routing accuracy by 11 points.",
        "found_ns": changed_ns,
        "updated_ns": changed_ns,
    }
    case = {"case_id": "D01", "before": 0.2, "after": 1.0, "runs_before": 5, "runs_after": 6}
    with store.engine.begin() as connection:
        connection.execute(insert(schema.skill_change_events), event)
        for status in ("open", "withdrawn"):
            key = f"{status}-{revision[:9]}"
            connection.execute(insert(schema.change_impacts), {**finding, "impact_id": key, "status": status})
            connection.execute(insert(schema.change_impact_cases), {**case, "impact_id": key})
