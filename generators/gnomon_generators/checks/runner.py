"""Runs checks over a tree: nothing twice, nothing that is accepted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gnomon_generators.checks import subjects
from gnomon_generators.checks.discovery import Check, default_checks
from gnomon_generators.checks.finding import Finding
from gnomon_generators.checks.subjects import Expression, Subject, SuppressionUse, Tree

UNPARSED: Final = "promql/syntax"
"""The one check that gets expressions that do not parse."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was found and is accepted, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, sorted by place, and what was found and is accepted."""

    findings: tuple[Finding, ...]
    accepted: tuple[Accepted, ...]
    checks: tuple[Check, ...]


def run(tree: Tree, checks: Sequence[Check] = ()) -> Report:
    """Runs the checks, those that run by default without any, over every subject of the tree."""
    checks = tuple(checks) or default_checks()
    found = _without_repetition(
        [finding for check in checks for finding in _findings(tree, check)],
        {check.id: check.yields_to for check in checks},
    )
    open_, accepted, uses = _sift(tree, found)
    # Whether an entry covers nothing can only be said when all it might cover was looked for.
    if tree.whole and set(checks) >= set(default_checks()):
        for check in checks:
            if check.subject is SuppressionUse:
                open_ += [finding for use in uses for finding in check.function(use)]
    return Report(tuple(sorted(open_, key=lambda finding: finding.order)), tuple(accepted), checks)


def _findings(tree: Tree, check: Check) -> Iterator[Finding]:
    for subject in _subjects(tree, check):
        yield from check.function(subject)


def _subjects(tree: Tree, check: Check) -> Iterable[Subject]:
    if check.subject is Expression:
        expressions = tree.expressions
        return expressions if check.id == UNPARSED else [one for one in expressions if one.parsed.root]
    return _SUBJECTS[check.subject](tree)


_SUBJECTS: Final[Mapping[type[Subject], Callable[[Tree], Iterable[Subject]]]] = {
    subjects.Tree: lambda tree: (tree,),
    subjects.DashboardFile: lambda tree: tree.dashboards,
    subjects.Panel: lambda tree: tree.panels,
    subjects.Target: lambda tree: [target for panel in tree.panels for target in panel.targets],
    subjects.Variable: lambda tree: [one for dashboard in tree.dashboards for one in dashboard.variables],
    subjects.Annotation: lambda tree: [one for dashboard in tree.dashboards for one in dashboard.annotations],
    subjects.SqlQuery: lambda tree: tree.sql_queries,
    subjects.TraceQuery: lambda tree: tree.trace_queries,
    subjects.RuleFile: lambda tree: tree.rule_files,
    subjects.Group: lambda tree: [group for file in tree.rule_files for group in file.groups],
    subjects.Rule: lambda tree: tree.rules,
    subjects.RuleTestFile: lambda tree: tree.rule_tests,
    subjects.AlertmanagerFile: lambda tree: tree.alertmanagers,
    subjects.CollectorFile: lambda tree: tree.collectors,
    subjects.StackFile: lambda tree: tree.stack_files,
    subjects.PrometheusFile: lambda tree: tree.prometheuses,
    subjects.DataSourceFile: lambda tree: tree.data_sources,
    subjects.BrokenFile: lambda tree: tree.broken_files,
    # Known only when everything else is done.
    subjects.SuppressionUse: lambda tree: (),
}


def _without_repetition(findings: list[Finding], yields_to: Mapping[str, Sequence[str]]) -> list[Finding]:
    """The findings without those about which a better check said something."""
    by_place: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_place[_place(finding)].append(finding)
    return [
        finding
        for finding in dict.fromkeys(findings)
        if not any(
            other.check in yields_to[finding.check] and _overlap(finding.span, other.span)
            for other in by_place[_place(finding)]
        )
    ]


def _place(finding: Finding) -> tuple[object, ...]:
    return (finding.path, finding.where, finding.expression)


def _overlap(one: tuple[int, int] | None, other: tuple[int, int] | None) -> bool:
    return one is None or other is None or (one[0] < other[1] and other[0] < one[1])


def _sift(tree: Tree, found: list[Finding]) -> tuple[list[Finding], list[Accepted], list[SuppressionUse]]:
    """Findings that stand, findings that are accepted, and how often each suppression was needed."""
    suppressions = tree.configuration.suppressions
    covered = [0] * len(suppressions)
    standing: list[Finding] = []
    accepted: list[Accepted] = []
    for finding in found:
        matching = [
            number
            for number, suppression in enumerate(suppressions)
            if suppression.covers(finding, finding.path.as_posix())
        ]
        for number in matching:
            covered[number] += 1
        if matching:
            accepted.append(Accepted(finding, suppressions[matching[0]].reason))
        else:
            standing.append(finding)
    uses = [
        SuppressionUse(tree, suppression, count)
        for suppression, count in zip(suppressions, covered, strict=True)
    ]
    return standing, accepted, uses
