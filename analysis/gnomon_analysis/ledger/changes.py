"""What was changed and what that did, as far as change tracking knows.

Changes are counted since ever. Findings are there while they are news, and at most so many of them: a
series of each would stay in Prometheus for as long as its data.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from sqlalchemy import Connection, Select, case, func, select

from gnomon.registry import attributes as names
from gnomon.registry import metrics, values
from gnomon.registry.prometheus import label_of, name_of
from gnomon_analysis.store import schema

NEWS_SECONDS: Final = 7 * 86_400
MOST_FINDINGS: Final = 20

_REVISION_DIGITS: Final = 9
_changes = schema.skill_change_events.c
_findings = schema.change_impacts.c


def empty_families() -> list[Family]:
    """The families without samples."""
    return [_counter(), _gauge()]


def families(connection: Connection) -> Iterator[Family]:
    """The families as the store is now."""
    counted = _counter()
    for kind, action, skill, count in connection.execute(_counts()):
        counted.add_metric([kind, action, skill], count)
    yield counted
    sure = _gauge()
    seen: set[tuple[str, ...]] = set()
    for p_change, *labels in connection.execute(_news(time.time_ns())):
        if tuple(labels) not in seen:
            seen.add(tuple(labels))
            sure.add_metric(labels, 100.0 * p_change)
    yield sure


def _counter() -> CounterMetricFamily:
    metric = metrics.GNOMON_CHANGES
    labels = (names.GNOMON_CHANGE_KIND, names.GNOMON_CHANGE_ACTION, names.GEN_AI_SKILL_NAME)
    return CounterMetricFamily(name_of(metric), metric.brief, labels=[label_of(one) for one in labels])


def _counts() -> Select[Any]:
    split = (_changes.kind, _changes.change, func.coalesce(_changes.skill, ""))
    return select(*split, func.count()).group_by(*split).order_by(*split)


def _gauge() -> GaugeMetricFamily:
    metric = metrics.GNOMON_CHANGE_CONFIDENCE
    labels = (
        *(names.TEST_SUITE_NAME, names.DEPLOYMENT_ENVIRONMENT_NAME),
        *(names.GNOMON_DEPARTMENT, names.GEN_AI_AGENT_NAME),
        *(names.GNOMON_CHANGE_METRIC, names.GNOMON_CHANGE_VERDICT),
        *(names.GNOMON_CHANGE_REVISION, names.GEN_AI_SKILL_NAME),
    )
    return GaugeMetricFamily(name_of(metric), metric.brief, labels=[label_of(one) for one in labels])


def _news(now_ns: int) -> Select[Any]:
    """Newest first; of findings that differ in their scope alone, the surest first."""
    # Whose doing it is: the skill that moved, else the one that the commit changed, if it was one.
    of_commit = (
        select(case((func.count(_changes.skill.distinct()) == 1, func.min(_changes.skill)), else_=""))
        .where(_changes.repository == _findings.repository, _changes.revision == _findings.revision)
        .scalar_subquery()
    )
    skill = case((_findings.scope_kind == "skill", _findings.scope), else_=func.coalesce(of_commit, ""))
    return (
        select(
            _findings.p_change,
            func.coalesce(_findings.suite, ""),
            func.coalesce(_findings.environment, ""),
            func.coalesce(_findings.department, ""),
            func.coalesce(_findings.agent, ""),
            _findings.metric,
            _findings.verdict,
            func.substr(_findings.revision, 1, _REVISION_DIGITS),
            skill,
        )
        .where(
            _findings.status != "withdrawn",
            _findings.verdict.in_(names.GNOMON_CHANGE_VERDICT.label_values or ()),
            _findings.metric.in_(values.CHANGE_METRICS),
            _findings.revision.is_not(None),
            _findings.p_change.is_not(None),
            _findings.changed_ns >= now_ns - NEWS_SECONDS * 10**9,
        )
        .order_by(_findings.changed_ns.desc(), _findings.p_change.desc(), _findings.impact_id)
        .limit(MOST_FINDINGS)
    )
