"""The log: one run, its rules, its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from gnomon.errors import UserError
from gnomon.settings import repository_root
from gnomon.version import __version__
from gnomon_generators.checks.discovery import Check
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.runner import Report
from gnomon_generators.checks.sarif.places import ROOT, Places
from gnomon_generators.checks.sarif.rules import rule
from gnomon_generators.checks.subjects import Tree

Json = dict[str, Any]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_FINGERPRINT: Final = "gnomonCheck/v1"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(report: Report, tree: Tree) -> Json:
    """A log with one run: every check is a rule with its page, every finding a result.

    Files are given relative to the root of the git repository, else of the project. What is accepted is a
    result, too, with the reason.
    """
    top = _top(tree.root)
    places = Places(tree, top)
    numbers = {check.id: number for number, check in enumerate(report.checks)}
    reasons: list[tuple[Finding, str | None]] = [(finding, None) for finding in report.findings]
    reasons += [(one.finding, one.reason) for one in report.accepted]
    fingerprints = _fingerprints([finding for finding, _ in reasons])
    results = [
        _result(finding, reason, numbers[finding.check], places)
        | {"partialFingerprints": {_FINGERPRINT: mark}}
        for (finding, reason), mark in zip(reasons, fingerprints, strict=True)
    ]
    return _log(top, tree.root, report.checks, results, {"executionSuccessful": True})


def failed(error: UserError, checks: Sequence[Check], root: Path) -> Json:
    """The log of a run that could not check anything, with the reason."""
    notification = {"level": "error", "message": {"text": str(error)}}
    invocation = {
        "executionSuccessful": False,
        "exitCode": int(error.exit_code),
        "toolExecutionNotifications": [notification],
    }
    return _log(_top(root), root, checks, [], invocation)


def _log(
    top: Path, root: Path, checks: Sequence[Check], results: Sequence[Json], invocation: Json
) -> dict[str, Any]:
    driver = {
        "name": "gnomon check",
        "semanticVersion": __version__,
        "rules": [rule(check, LEVELS[check.severity]) for check in checks],
    }
    inside = root.resolve().relative_to(top).as_posix()
    run = {
        "tool": {"driver": driver},
        # Two projects of one repository are two analyses.
        "automationDetails": {"id": "gnomon-check/" + ("" if inside == "." else f"{inside}/")},
        "invocations": [invocation],
        "originalUriBaseIds": {ROOT: {"uri": top.as_uri().rstrip("/") + "/"}},
        "columnKind": "unicodeCodePoints",
        "results": list(results),
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _top(root: Path) -> Path:
    """What paths are relative to: code hosts look for files from the root of the repository."""
    return (repository_root(root.resolve()) or root).resolve()


def _result(finding: Finding, reason: str | None, number: int, places: Places) -> Json:
    properties: Json = {"where": finding.where.as_dict(), "advice": finding.advice}
    if finding.expression is not None:
        properties["expression"] = finding.expression
        properties["span"] = list(finding.span) if finding.span else None
    result: Json = {
        "ruleId": finding.check,
        "ruleIndex": number,
        "level": LEVELS[finding.severity],
        "message": {"text": _text(finding)},
        "locations": places.of(finding),
        "properties": properties,
    }
    if related := places.definition_of(finding):
        result["relatedLocations"] = [related]
    if reason is not None:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return result


def _text(finding: Finding) -> str:
    where = f"{finding.where}: " if str(finding.where) else ""
    advice = f" Advice: {finding.advice}." if finding.advice else ""
    return f"{where}{finding.message}{advice}"


def _fingerprints(findings: Sequence[Finding]) -> Iterator[str]:
    """What knows each finding again when lines, ids and other findings come and go."""
    seen: Counter[tuple[object, ...]] = Counter()
    for finding in findings:
        known = (finding.check, finding.path.as_posix(), *_where(finding), finding.expression, _part(finding))
        seen[known] += 1
        yield sha256("\0".join(map(str, (*known, seen[known]))).encode()).hexdigest()


def _where(finding: Finding) -> tuple[tuple[str, object], ...]:
    where: Mapping[str, object] = finding.where.as_dict()
    return tuple((name, value) for name, value in where.items() if name != "panel_id" or "panel" not in where)


def _part(finding: Finding) -> str:
    return finding.expression[slice(*finding.span)] if finding.expression and finding.span else ""
