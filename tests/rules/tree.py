"""The rules of this repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
RULE_FILES = [ROOT / "rules/yaml/routing.yaml", ROOT / "alerts/yaml/routing.yaml"]
TEST_FILES = sorted([*(ROOT / "rules/tests").glob("*.yaml"), *(ROOT / "alerts/tests").glob("*.yaml")])
