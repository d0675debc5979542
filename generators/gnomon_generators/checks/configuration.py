"""`gnomon-check.yaml`, beside gnomon.yaml: what is known and accepted, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import yaml

from gnomon.errors import UserError
from gnomon.settings import Duration
from gnomon_generators.checks.finding import Finding
from gnomon_generators.checks.positions import yaml_lines

FILE_NAME: Final = "gnomon-check.yaml"

# What Prometheus scrapes with when its configuration says nothing is a minute; most configurations, and
# Grafana's data source when its "scrape interval" is left empty, say 15 seconds.
_SCRAPE_SECONDS: Final = 15.0
_DURATION: Final = re.compile(r"(\d+(ms|[smhdwy]))+")


@dataclass(frozen=True, slots=True)
class Suppression:
    """Findings that are accepted: of which check, in which files, and why.

    `check` and `path` are globs (`promql/*`, `dashboards/json/*.json`); `panel` is a panel's title or id,
    `rule` a rule's name. `line` is where the entry stands in `file`, relative to the project.
    """

    check: str
    path: str
    reason: str
    panel: str | None
    rule: str | None
    file: Path
    line: int

    def covers(self, finding: Finding, relative: str) -> bool:
        """Whether the finding, in the file of that path relative to the configuration, is accepted."""
        where = finding.where
        return (
            fnmatchcase(finding.check, self.check)
            and fnmatchcase(relative, self.path)
            and (self.panel is None or self.panel in (where.panel, str(where.panel_id)))
            and (self.rule is None or self.rule == where.rule)
        )


@dataclass(frozen=True, slots=True)
class Configuration:
    """What gnomon-check.yaml says, or nothing when there is none.

    `unused_metrics` are emitted metrics (OpenTelemetry's name or a glob of them) that no query needs to name,
    with the reason; None when no such list is kept. `scrape_seconds` is the scrape interval that windows are
    measured against.
    """

    path: Path | None = None
    suppressions: tuple[Suppression, ...] = ()
    unused_metrics: Mapping[str, str] | None = None
    scrape_seconds: float = _SCRAPE_SECONDS


def load(folder: Path) -> Configuration:
    """The configuration of a folder.

    Raises `UserError` when the file cannot be read, has an unknown key, or an entry gives no reason.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return Configuration()
    try:
        text = path.read_text("utf-8")
        document = yaml.safe_load(text) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    return _Reader(path, text).configuration(document)


def _or_none(values: Mapping[str, object], key: str) -> object:
    """The entries under a key; a key without anything behind it has none."""
    value = values.get(key)
    return () if value is None else value


class _Reader:
    """Turns the document of one file into a configuration; every refusal names file and entry."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text

    def configuration(self, document: object) -> Configuration:
        values = self._mapping(document, "the file", {"suppressions", "unused_metrics", "scrape_interval"})
        scrape = values.get("scrape_interval")
        return Configuration(
            self._path,
            tuple(self._suppressions(_or_none(values, "suppressions"))),
            dict(self._unused(_or_none(values, "unused_metrics"))) if "unused_metrics" in values else None,
            _SCRAPE_SECONDS if scrape is None else self._seconds(scrape),
        )

    def _suppressions(self, entries: object) -> Sequence[Suppression]:
        lines = yaml_lines(self._text)
        found = []
        for number, entry in enumerate(self._list(entries, "suppressions")):
            name = f"suppressions[{number}]"
            values = self._mapping(entry, name, {"check", "path", "panel", "rule", "reason"})
            panel = values.get("panel")
            found.append(
                Suppression(
                    self._text_of(values, "check", name),
                    self._text_of(values, "path", name),
                    self._text_of(values, "reason", name),
                    None if panel is None else str(panel),
                    values.get("rule"),
                    Path(FILE_NAME),
                    lines[("suppressions", number)],
                )
            )
        return found

    def _unused(self, entries: object) -> Sequence[tuple[str, str]]:
        found = []
        for number, entry in enumerate(self._list(entries, "unused_metrics")):
            name = f"unused_metrics[{number}]"
            values = self._mapping(entry, name, {"metric", "reason"})
            found.append((self._text_of(values, "metric", name), self._text_of(values, "reason", name)))
        return found

    def _seconds(self, value: object) -> float:
        if not _DURATION.fullmatch(str(value)):
            raise self._refusal(f"scrape_interval is {value!r}", "write a duration such as 15s")
        return Duration(str(value)).seconds

    def _mapping(self, value: object, name: str, known: set[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._refusal(f"{name} is no mapping", f"write {', '.join(sorted(known))}")
        unknown = [str(key) for key in value if key not in known]
        if unknown:
            raise self._refusal(
                f"{name} has the unknown key {unknown[0]}", f"it may have {', '.join(sorted(known))}"
            )
        return value

    def _list(self, value: object, name: str) -> Sequence[object]:
        if not isinstance(value, list | tuple):
            raise self._refusal(f"{name} is no list", "write one entry a line, each beginning with `-`")
        return value

    def _text_of(self, values: Mapping[str, object], key: str, name: str) -> str:
        value = values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self._refusal(f"{name} has no {key}", f"write `{key}: …`, a reason with every entry")
        return value

    def _refusal(self, wrong: str, advice: str) -> UserError:
        return UserError(f"{self._path}: {wrong}; {advice}")
