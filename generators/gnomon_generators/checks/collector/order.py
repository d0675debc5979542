"""The order of processors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.collector.pipelines import kind, pipelines
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import CollectorFile

ID = "collector/order"
SEVERITY = Severity.WARNING
BRIEF = "Processors stand in an order in which a later one undoes or misses the work of an earlier one."

_DROPPING: Final = frozenset({"filter", "tail_sampling", "probabilistic_sampler", "groupbytrace"})
_ADDING: Final = frozenset({"k8sattributes", "resourcedetection", "k8s_attributes", "resource_detection"})
_STATEFUL: Final = frozenset(
    {"delta_to_cumulative", "deltatocumulative", "cumulativetodelta", "cumulative_to_delta"}
)
_BATCH: Final = frozenset({"batch"})
_REDACTION: Final = frozenset({"redaction"})

# What stands first in each row belongs before what stands second.
_BEFORE: Final = (
    (_DROPPING, _BATCH, "batches are taken apart again, and fill with holes"),
    (_ADDING, _BATCH, "what is looked up by the connection is no longer known behind a batch"),
    (_DROPPING, _STATEFUL, "sums are kept of what is dropped afterwards"),
    (_REDACTION, _BATCH, "secrets wait in memory for the batch to fill"),
)


def check(file: CollectorFile) -> Iterator[Finding]:
    """Reports, for each pipeline, pairs that stand the wrong way round."""
    for pipeline in pipelines(file):
        names = pipeline.processors
        for first, second, why in _BEFORE:
            early = next((name for name in names if kind(name) in second), None)
            late = next((name for name in reversed(names) if kind(name) in first), None)
            if early is None or late is None or names.index(early) > names.index(late):
                continue
            yield file.finding(
                ID,
                SEVERITY,
                f"{early} stands before {late}: {why}.",
                f"move {late} in front of {early}",
                part=f"pipeline {pipeline.name}",
                line=file.line_of("service", "pipelines", pipeline.name, "processors"),
            )
