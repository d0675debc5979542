"""The rules of this repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
RULE_FILES = sorted(
    path
    for room in ("rules", "alerts")
    for path in (ROOT / room / "yaml").glob("*.yaml")
    if path.stem != "alertmanager"
)
TEST_FILES = sorted([*(ROOT / "rules/tests").glob("*.yaml"), *(ROOT / "alerts/tests").glob("*.yaml")])
