"""Small projects to check, and what was found in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml

from gnomon import settings
from gnomon_generators.checks.discovery import chosen
from gnomon_generators.checks.finding import Finding
from gnomon_generators.checks.loading import load_tree
from gnomon_generators.checks.runner import run
from gnomon_generators.checks.subjects import Tree

PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}


def query(text: str, **more: Any) -> dict[str, Any]:
    """A target that asks Prometheus."""
    return {"refId": "A", "datasource": PROMETHEUS, "expr": text, **more}


def panel(*targets: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A panel with these queries."""
    return {
        "id": 1,
        "type": "stat",
        "title": "Panel",
        "datasource": PROMETHEUS,
        "targets": list(targets),
        **more,
    }


def board(*panels: Mapping[str, Any], **more: Any) -> str:
    """A dashboard of ours with these panels."""
    return json.dumps({"uid": "gnomon-board", "title": "Board", "panels": list(panels), **more}, indent=2)


def rules(*entries: tuple[Literal["record", "alert"], str, str], interval: str = "1m") -> str:
    """A rule file with one group: kind, name and expression of each rule."""
    group = {
        "name": "example",
        "interval": interval,
        "rules": [{kind: name, "expr": text} for kind, name, text in entries],
    }
    return yaml.safe_dump({"groups": [group]}, sort_keys=False)


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Writes files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def tree(folder: Path, files: Mapping[str, str], paths: Sequence[str] = ()) -> Tree:
    """The tree of a project with these files; with `paths` that of what was named."""
    write(folder, files)
    return load_tree(settings.load(start=folder, environ={}), [folder / path for path in paths])


def found(folder: Path, files: Mapping[str, str], *checks: str, paths: Sequence[str] = ()) -> list[Finding]:
    """What these checks find."""
    return list(run(tree(folder, files, paths), chosen(checks)).findings)


def in_panel(folder: Path, text: str, *checks: str, **more: Any) -> list[Finding]:
    """What these checks find in one expression of a panel."""
    return found(folder, {"dashboards/json/board.json": board(panel(query(text), **more))}, *checks)


def marked(findings: Sequence[Finding]) -> list[str]:
    """The underlined parts."""
    return [
        finding.expression[slice(*finding.span)]
        for finding in findings
        if finding.expression and finding.span
    ]
