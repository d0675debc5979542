"""Receivers of alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.positions import Keys
from gnomon_generators.checks.subjects import AlertmanagerFile

ID = "alertmanager/receivers"
SEVERITY = Severity.ERROR
BRIEF = "A route names a receiver that is not there, or a receiver gets nothing."


def check(file: AlertmanagerFile) -> Iterator[Finding]:
    """Reports undefined receivers, receivers defined twice, and receivers that no route names."""
    defined: set[str] = set()
    for number, receiver in enumerate(file.document.get("receivers") or ()):
        name = str(receiver.get("name")) if isinstance(receiver, Mapping) else ""
        if name in defined:
            yield file.finding(
                ID,
                SEVERITY,
                f"The receiver {name!r} is defined twice: Alertmanager refuses the file.",
                "give each a name of its own, or put both ways of telling into one receiver",
                part=f"receiver {name}",
                line=file.line_of("receivers", number),
            )
        defined.add(name)
    used = dict(_used(file.document.get("route"), ("route",)))
    for keys, name in used.items():
        if name not in defined:
            yield _undefined(file, name, defined, keys)
    for name in sorted(defined - set(used.values())):
        yield file.finding(
            ID,
            Severity.WARNING,
            f"No route names the receiver {name!r}: nobody is told by it.",
            "route alerts to it, or remove it",
            part=f"receiver {name}",
        )


def _undefined(file: AlertmanagerFile, name: str, defined: set[str], keys: Keys) -> Finding:
    close = get_close_matches(name, sorted(defined), 1)
    return file.finding(
        ID,
        SEVERITY,
        f"The route names the receiver {name!r}, which is not defined: Alertmanager refuses the file.",
        f"write {close[0]!r}" if close else "define it under `receivers`",
        part=f"route to {name}",
        line=file.line_of(*keys),
    )


def _used(route: Any, keys: Keys) -> Iterator[tuple[Keys, str]]:
    if not isinstance(route, Mapping):
        return
    if "receiver" in route:
        yield (*keys, "receiver"), str(route["receiver"])
    for number, child in enumerate(route.get("routes") or ()):
        yield from _used(child, (*keys, "routes", number))
