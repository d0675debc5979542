"""Components and the pipelines that name them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from gnomon_generators.checks.collector.pipelines import SECTIONS, defined, mapping, pipelines
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.positions import Keys
from gnomon_generators.checks.subjects import CollectorFile

ID = "collector/components"
SEVERITY = Severity.ERROR
BRIEF = "A pipeline names a component that is not there, or a component stands in no pipeline."


def check(file: CollectorFile) -> Iterator[Finding]:
    """Reports undefined components and half-connected connectors, then what nothing uses."""
    for (keys, name), section, known in _places(file):
        if name not in known:
            yield _not_there(file, keys, section, known)
    yield from _half_connected(file)
    yield from _unused(file)


def _places(file: CollectorFile) -> Iterator[tuple[tuple[Keys, str], str, set[str]]]:
    """Every place that names a component, the section that it belongs to, and what is defined for it."""
    connectors = defined(file, "connectors")
    for pipeline in pipelines(file):
        for section in SECTIONS:
            known = {*defined(file, section), *(connectors if section != "processors" else ())}
            for number, name in enumerate(pipeline.components(section)):
                yield (("service", "pipelines", pipeline.name, section, number), name), section, known
    service = mapping(file.document.get("service"))
    for number, name in enumerate(service.get("extensions") or ()):
        yield (("service", "extensions", number), str(name)), "extensions", set(defined(file, "extensions"))


def _not_there(file: CollectorFile, keys: Keys, section: str, known: set[str]) -> Finding:
    value: Any = file.document
    for key in keys:
        value = value[key]
    close = get_close_matches(str(value), sorted(known), 1)
    who = f"The pipeline {keys[2]}" if keys[1] == "pipelines" else "The service"
    return file.finding(
        ID,
        SEVERITY,
        f"{who} names {value} among its {section}, and no such component is defined: the Collector does not "
        "start.",
        f"write {close[0]}" if close else f"define it under `{section}`",
        part=f"{'.'.join(str(key) for key in keys[1:-1])}: {value}",
        line=file.line_of(*keys),
    )


def _half_connected(file: CollectorFile) -> Iterator[Finding]:
    """A connector is an exporter of one pipeline and a receiver of another."""
    fed = {name for pipeline in pipelines(file) for name in pipeline.exporters}
    read = {name for pipeline in pipelines(file) for name in pipeline.receivers}
    for name in defined(file, "connectors"):
        if (name in fed) != (name in read):
            missing = "receiver" if name in fed else "exporter"
            yield file.finding(
                ID,
                SEVERITY,
                f"The connector {name} is no {missing} of any pipeline: the Collector does not start.",
                f"name it among the {missing}s of a pipeline",
                part=f"connectors.{name}",
                line=file.line_of("connectors", name),
            )


def _unused(file: CollectorFile) -> Iterator[Finding]:
    used = {
        name for pipeline in pipelines(file) for section in SECTIONS for name in pipeline.components(section)
    }
    used |= {str(name) for name in mapping(file.document.get("service")).get("extensions") or ()}
    for section in (*SECTIONS, "connectors", "extensions"):
        for name in defined(file, section):
            if name not in used:
                yield file.finding(
                    ID,
                    Severity.WARNING,
                    f"{name} is defined and no pipeline uses it: the Collector does not even build it."
                    if section != "extensions"
                    else f"The extension {name} is defined and not started.",
                    "name it under `service`, or remove it",
                    part=f"{section}.{name}",
                    line=file.line_of(section, name),
                )
