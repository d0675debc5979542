"""The same definition gives the same bytes, and small changes small differences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from gnomon_generators import vocabulary as v
from tests.vocabulary.boards import ABOUT, COST, board, everything

RENDER = "from tests.vocabulary.boards import everything; from gnomon_generators.vocabulary import render; "


def test_rendering_is_the_same_to_the_byte() -> None:
    """Two processes with other hash seeds write what this one writes."""
    written = v.render(everything(), "everything")
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", f"{RENDER}print(render(everything(), 'everything'), end='')"],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        )
        assert done.stdout == written.encode()
    assert written.endswith("}\n")


def ids(dashboard: v.Dashboard) -> dict[str, int]:
    return {panel["title"]: panel["id"] for panel in v.document(dashboard, "board")["panels"]}


def test_another_panel_leaves_the_ids_of_the_others_alone() -> None:
    """Links to a panel outlive new neighbours: its id comes from its title."""
    panels = [v.stat(title, COST, about=ABOUT) for title in ("A", "B", "C")]
    before = ids(board(*panels))
    after = ids(board(v.stat("New", COST, about=ABOUT), *reversed(panels)))
    assert after.items() >= before.items()
    assert len(set(after.values())) == 4


def test_the_uid_comes_from_the_file() -> None:
    """`qa_engineer.py` is `gnomon-qa-engineer`, whatever its title becomes."""
    assert v.document(board(v.stat("A", COST, about=ABOUT)), "qa_engineer")["uid"] == "gnomon-qa-engineer"


def test_a_dashboard_is_what_grafana_calls_classic() -> None:
    """Schema 42, read-only, the crosshair shared, no key that grafanalib adds for old Grafanas."""
    document: dict[str, Any] = json.loads(v.render(everything(), "everything"))
    assert document["schemaVersion"] == 42
    assert document["editable"] is False
    assert document["graphTooltip"] == 1
    assert document["tags"] == ["gnomon", "qa", "quality"]
    assert not document.keys() & {
        "__inputs",
        "rows",
        "sharedCrosshair",
        "style",
        "hideControls",
        "id",
        "gnetId",
    }
    assert "time_options" not in document["timepicker"]


def test_annotations_are_beside_those_made_by_hand() -> None:
    """Grafana's own come first, then those of the definition, each with its query."""
    by_hand, runs, changes, errors = v.document(everything(), "everything")["annotations"]["list"]
    assert by_hand["builtIn"] == 1
    assert runs["target"]["expr"].startswith("sum(")
    assert (changes["enable"], "rawSql" in changes["target"]) == (False, True)
    assert errors["target"]["queryType"] == "traceql"
