"""docs/dashboards.md has every panel of every board, under its row and in its order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.grafana import BOARDS, OF_OPERATION, board

PAGE = Path(__file__).parents[2] / "docs" / "dashboards.md"
HEADINGS = dict(
    zip(BOARDS, ("Executive summary", "QA engineer", "Skills engineer A/B", "SRE operations"), strict=True)
) | {"fleet": "Agents in operation", "stack": "Gnomon's own stack"}
SOURCES = {"prometheus": "metrics", "grafana-postgresql-datasource": "store", "tempo": "traces"}


@pytest.mark.parametrize("name", [*BOARDS, *OF_OPERATION])
def test_the_page_has_every_panel(name: str) -> None:
    """Its title, and where its numbers come from."""
    section = PAGE.read_text().partition(f"\n## {HEADINGS[name]}\n")[2].partition("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line[:2] == "| "
    ]
    described = [(title, origin) for title, _, origin in cells[1:]]
    assert described == [
        line
        for row in board(name)["panels"]
        for line in ([(f"**{row['title']}**", "")] if row["type"] == "row" else [_line(row)])
        + [_line(panel) for panel in row.get("panels", ())]
    ]


def _line(panel: dict[str, Any]) -> tuple[str, str]:
    origins = dict.fromkeys(SOURCES[target["datasource"]["type"]] for target in panel["targets"])
    return (panel["title"], ", ".join(origins))
