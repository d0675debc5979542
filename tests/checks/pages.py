"""The pages under docs/checks and the examples in them.

A fence is an example when its information string says `bad` or `good`:

    ```promql bad                 one expression in a stat panel (`panel=timeseries`, `legend={{x}}`,
                                  `role=record` and `role=alert` put it elsewhere)
    ```sql bad, ```traceql bad    one query in a panel
    ```json bad panel             one panel of a dashboard
    ```json bad dashboard         a dashboard
    ```yaml bad file=PATH         that file of the project; so with any other language

A fence with `file=PATH` and neither word is there for every example of its page.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = ROOT / "docs" / "checks"

_FENCE: Final = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_SOURCES: Final = {
    "promql": {"type": "prometheus", "uid": "prometheus"},
    "sql": {"type": "grafana-postgresql-datasource", "uid": "results"},
    "traceql": {"type": "tempo", "uid": "tempo"},
}


@dataclass(frozen=True)
class Example:
    """One fence: what it holds, whether it is wrong, and the files that go with it."""

    check: str
    number: int
    bad: bool
    files: dict[str, str]

    def __str__(self) -> str:
        return f"{self.check}-{self.number}-{'bad' if self.bad else 'good'}"

    def write(self, folder: Path) -> None:
        """Writes the example as a project."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def ids() -> set[str]:
    """The checks that have a page."""
    return {
        path.relative_to(PAGES).with_suffix("").as_posix()
        for path in PAGES.rglob("*.md")
        if path.name != "README.md"
    }


def examples() -> Iterator[Example]:
    """The examples of all pages."""
    for check in sorted(ids()):
        yield from examples_of(check, (PAGES / f"{check}.md").read_text("utf-8"))


def examples_of(check: str, page: str) -> Iterator[Example]:
    """The examples of one page."""
    fences = [(_words(match["info"]), match["body"]) for match in _FENCE.finditer(page)]
    shared = {
        words["file"]: body
        for words, body in fences
        if "file" in words and "bad" not in words and "good" not in words
    }
    for number, (words, body) in enumerate(fences):
        if "bad" in words or "good" in words:
            yield Example(check, number, "bad" in words, {**shared, **_files(words, body)})


def _words(info: str) -> dict[str, str]:
    """The words of an information string; the first, the language, under `language`."""
    first, *rest = shlex.split(info) or [""]
    return {"language": first, **dict(word.partition("=")[::2] for word in rest)}


def _files(words: dict[str, str], body: str) -> dict[str, str]:
    if "file" in words:
        return {words["file"]: body}
    if words.get("role") in ("record", "alert"):
        return {"rules/yaml/example.yaml": _rule(words["role"], body)}
    if "dashboard" in words:
        return {"dashboards/json/example.json": body}
    panel = json.loads(body) if "panel" in words and words["language"] == "json" else _panel(words, body)
    return {"dashboards/json/example.json": json.dumps(_dashboard(panel), indent=2)}


def _rule(role: str, expression: str) -> str:
    name = "example:value" if role == "record" else "Example"
    rule: dict[str, Any] = {role: name, "expr": expression.strip()}
    return yaml.safe_dump({"groups": [{"name": "example", "interval": "1m", "rules": [rule]}]})


def _panel(words: dict[str, str], body: str) -> dict[str, Any]:
    language, text = words["language"], body.strip()
    source = _SOURCES[language]
    target: dict[str, Any] = {"refId": "A", "datasource": source}
    if language == "promql":
        target |= {"expr": text, "legendFormat": words.get("legend", "")}
        target["instant" if words.get("panel") != "timeseries" else "range"] = True
    elif language == "sql":
        target |= {"rawSql": text, "format": words.get("format", "table"), "rawQuery": True}
    else:
        target |= {"query": text, "queryType": "traceql"}
    return {
        "id": 1,
        "type": words.get("panel", "stat" if language == "promql" else "table"),
        "title": "Example",
        "description": "An example.",
        "datasource": source,
        "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": "short"}, "overrides": []},
        "options": {},
        "targets": [target],
    }


def _dashboard(panel: dict[str, Any]) -> dict[str, Any]:
    return {
        "uid": "gnomon-example",
        "title": "Example",
        "description": "A board with one panel.",
        "schemaVersion": 42,
        "editable": False,
        "tags": ["gnomon"],
        "time": {"from": "now-7d", "to": "now"},
        "templating": {"list": []},
        "annotations": {"list": []},
        "links": [],
        "panels": [panel],
    }
