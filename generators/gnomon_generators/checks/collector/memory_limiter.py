"""The guard of the Collector's memory."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.collector.pipelines import defined, kind, pipelines
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import CollectorFile

ID = "collector/memory-limiter"
SEVERITY = Severity.WARNING
BRIEF = "A pipeline that takes data from outside does not begin with memory_limiter."


def check(file: CollectorFile) -> Iterator[Finding]:
    """Reports pipelines with receivers of their own; what comes from a connector was let in before."""
    connectors = defined(file, "connectors")
    for pipeline in pipelines(file):
        from_outside = [name for name in pipeline.receivers if name not in connectors]
        kinds = [kind(name) for name in pipeline.processors]
        if not from_outside or kinds[:1] == ["memory_limiter"]:
            continue
        if "memory_limiter" in kinds:
            message = "memory_limiter is not the first processor: what stands before it holds data already."
            advice = "move it to the front"
        else:
            message = "No memory_limiter guards the pipeline: a burst ends the process, and what it holds."
            advice = "begin with `memory_limiter`, with limits below those of the container"
        yield file.finding(
            ID,
            SEVERITY,
            message,
            advice,
            part=f"pipeline {pipeline.name}",
            line=file.line_of("service", "pipelines", pipeline.name, "processors"),
        )
