"""dashboard-linter's rule of how a variable asks Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Variable

ID = "dashboard/template-label-promql-rule"
SEVERITY = Severity.ERROR
BRIEF = "A variable asks Prometheus by something that is none of Grafana's functions for variables."

_FUNCTIONS: Final = ("label_names", "label_values", "metrics", "query_result")
_CALL: Final = re.compile(r"\s*(?P<name>\w+)\s*\((?P<argument>.*)\)\s*", re.DOTALL)
# `qryType` 5 is the query of a plain expression, new in Grafana 10, as the editor writes it.
_PLAIN_EXPRESSION: Final = 5


def check(variable: Variable) -> Iterator[Finding]:
    """Reports variables that ask Prometheus; whether the selector parses is the business of promql/syntax."""
    if variable.type != "query" or not _asks_prometheus(variable):
        return
    query = variable.raw.get("query")
    if isinstance(query, Mapping):
        if query.get("qryType") == _PLAIN_EXPRESSION:
            return
        query = query.get("query")
    text = str(query or "")
    found = _CALL.fullmatch(text)
    if found is None or found["name"] not in _FUNCTIONS:
        yield variable.finding(
            ID,
            SEVERITY,
            f"The query {text!r} is none of {', '.join(_FUNCTIONS)}: Grafana asks for a series of that name "
            "and offers its text.",
            "write `label_values(<metric>, <label>)`",
        )


def _asks_prometheus(variable: Variable) -> bool:
    source = variable.raw.get("datasource")
    return isinstance(source, Mapping) and source.get("type") == "prometheus"
