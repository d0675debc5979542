"""Findings as SARIF 2.1.0 (OASIS), the form that code hosts show beside a change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from gnomon.version import __version__
from gnomon_generators.checks.discovery import Check
from gnomon_generators.checks.finding import Finding, Severity

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_ROOT: Final = "PROJECTROOT"


def sarif(findings: Sequence[Finding], checks: Sequence[Check], root: Path) -> dict[str, Any]:
    """A log with one run: every check is a rule with its page, every finding a result.

    Files inside `root` are given relative to it.
    """
    numbers = {check.id: number for number, check in enumerate(checks)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "gnomon check",
                        "semanticVersion": __version__,
                        "rules": [_rule(check) for check in checks],
                    }
                },
                "originalUriBaseIds": {_ROOT: {"uri": root.resolve().as_uri().rstrip("/") + "/"}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, numbers) for finding in findings],
            }
        ],
    }


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "shortDescription": {"text": check.brief},
        "help": {"text": f"See {check.page}.", "markdown": f"See [{check.id}]({check.page})."},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {"page": check.page},
    }


def _result(finding: Finding, numbers: dict[str, int]) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": _physical(finding)} if finding.path.parts else {}
    if str(finding.where):
        location["logicalLocations"] = [{"fullyQualifiedName": str(finding.where)}]
    properties: dict[str, Any] = {"where": finding.where.as_dict(), "advice": finding.advice}
    if finding.expression is not None:
        properties["expression"] = finding.expression
        properties["span"] = list(finding.span) if finding.span else None
    return {
        "ruleId": finding.check,
        "ruleIndex": numbers[finding.check],
        "level": _LEVELS[finding.severity],
        "message": {"text": _text(finding)},
        "locations": [location],
        "properties": properties,
    }


def _text(finding: Finding) -> str:
    where = f"{finding.where}: " if str(finding.where) else ""
    advice = f" Advice: {finding.advice}." if finding.advice else ""
    return f"{where}{finding.message}{advice}"


def _physical(finding: Finding) -> dict[str, Any]:
    path = finding.path
    artifact = {"uri": path.as_posix(), "uriBaseId": _ROOT}
    if path.is_absolute():
        artifact = {"uri": path.as_uri()}
    physical: dict[str, Any] = {"artifactLocation": artifact}
    if finding.line is not None:
        physical["region"] = {"startLine": finding.line}
    return physical
