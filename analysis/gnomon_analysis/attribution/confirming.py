"""Whether reruns bear a finding out: the named commit against the one before it, by runs made since."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gnomon_analysis.attribution.finding import Finding
from gnomon_analysis.attribution.metrics import METRICS
from gnomon_analysis.attribution.series import Subject
from gnomon_analysis.attribution.suite import Suite
from gnomon_analysis.changes import History
from gnomon_analysis.statistics.intervals import newcombe
from gnomon_analysis.statistics.model import Kind
from gnomon_analysis.statistics.paired import paired

_LEAST_RUNS = 3
_SIGNIFICANT = 0.05


def confirms(suite: Suite, history: History, finding: Finding) -> bool:
    """Whether runs that were made after the finding show the same movement at its commit alone.

    Both the commit and its first parent must have been run again, at least three times each. The cases that
    both have are compared in pairs; a single case by its share of right answers.
    """
    place = history.position(finding.revision or "")
    if not place or finding.direction == 0:
        return False
    metric = METRICS[finding.metric]
    subject = Subject(metric, finding.suite, finding.environment, finding.scope_kind, finding.scope)
    later = np.array([run.started_ns > finding.found_ns for run in suite.runs])
    before = suite.case_totals(subject, later & (suite.measured.position == place - 1))
    after = suite.case_totals(subject, later & (suite.measured.position == place))
    shared = before.keys() & after.keys()
    enough = all(min(before[case][2], after[case][2]) >= _LEAST_RUNS for case in shared)
    if not shared or not enough:
        return False
    if len(shared) == 1 and metric.kind is Kind.PROPORTION:
        case = shared.pop()
        (right, of, _), (later_right, later_of, _) = before[case], after[case]
        difference = newcombe(round(right), round(of), round(later_right), round(later_of))
        return difference.low > 0 if finding.direction > 0 else difference.high < 0
    compared = paired(_means(before), _means(after))
    return (
        compared is not None
        and compared.p < _SIGNIFICANT
        and (compared.difference.estimate > 0) == (finding.direction > 0)
    )


def _means(cases: Mapping[str, tuple[float, float, int]]) -> dict[str, float]:
    return {case: total / count for case, (total, count, _) in sorted(cases.items())}
