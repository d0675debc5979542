"""What the Collector still holds when it stops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gnomon_generators.checks.collector.pipelines import defined, kind, kind_of_exporter, mapping, pipelines
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import CollectorFile

ID = "collector/queue"
SEVERITY = Severity.WARNING
BRIEF = "Data that was acknowledged waits in memory alone: a restart loses it."

# Exporters that send over the network and have a queue.
_SENDING: Final = frozenset(
    {
        "otlp_grpc",
        "otlp_http",
        "prometheus_remote_write",
        "kafka",
        "loki",
        "zipkin",
        "elasticsearch",
        "clickhouse",
    }
)
_STORAGE: Final = ("file_storage", "db_storage", "redis_storage")


def check(file: CollectorFile) -> Iterator[Finding]:
    """Reports exporters without a persistent queue or that give up, and batches before the queue."""
    used = {name for pipeline in pipelines(file) for name in pipeline.exporters}
    for name, raw in defined(file, "exporters").items():
        if kind_of_exporter(name) in _SENDING and name in used:
            yield from _of_exporter(file, name, mapping(raw))
    for pipeline in pipelines(file):
        batch = next((name for name in pipeline.processors if kind(name) == "batch"), None)
        if batch is not None:
            yield file.finding(
                ID,
                Severity.INFO,
                f"{batch} acknowledges what it has only in memory, in front of any queue.",
                "let the exporter's queue batch: `sending_queue: {batch: …}`",
                part=f"pipeline {pipeline.name}",
                line=file.line_of("service", "pipelines", pipeline.name, "processors"),
            )


def _of_exporter(file: CollectorFile, name: str, raw: Mapping[str, Any]) -> Iterator[Finding]:
    message, advice = _fault(file, mapping(raw.get("sending_queue")))
    if message:
        yield _finding(file, name, message, advice)
        return
    patience = mapping(raw.get("retry_on_failure")).get("max_elapsed_time")
    if str(patience) not in ("0", "0s"):
        after = "five minutes, the default," if patience is None else str(patience)
        yield _finding(
            file,
            name,
            f"After {after} of failures the exporter gives up and drops what its queue still holds of that "
            "request.",
            "write `retry_on_failure: {max_elapsed_time: 0s}`: the queue's size is the limit",
        )


def _fault(file: CollectorFile, queue: Mapping[str, Any]) -> tuple[str, str]:
    storage = queue.get("storage")
    if queue.get("enabled") is False or not storage:
        return (
            "The queue of the exporter lives in memory: what waits for a backend that is down is gone with "
            "a restart.",
            "write `sending_queue: {storage: file_storage/queue}` and define that extension",
        )
    if str(storage) not in defined(file, "extensions"):
        return (
            f"The queue's storage {storage} is no extension that is defined: the Collector does not start.",
            "define it under `extensions` and name it under `service.extensions`",
        )
    if kind(str(storage)) not in _STORAGE:
        return f"The queue's storage {storage} stores nothing.", "name a `file_storage` extension"
    return "", ""


def _finding(file: CollectorFile, name: str, message: str, advice: str) -> Finding:
    return file.finding(
        ID, SEVERITY, message, advice, part=f"exporters.{name}", line=file.line_of("exporters", name)
    )
