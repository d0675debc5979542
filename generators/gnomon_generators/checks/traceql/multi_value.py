"""Several values where one is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.dashboard.references import names_in
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.several import may_be_several
from gnomon_generators.checks.subjects import TraceQuery

ID = "traceql/multi-value"
SEVERITY = Severity.ERROR
BRIEF = "A variable that may hold several values is compared with `=` or `!=`."

_COMPARED: Final = re.compile(r'(?<![<>=!])(?P<operator>!?=)\s*(?P<text>"(?:[^"\\]|\\.)*"|`[^`]*`)')


def check(query: TraceQuery) -> Iterator[Finding]:
    """Reports comparisons with variables of several values, or All, that are no regular expressions."""
    for found in _COMPARED.finditer(query.text):
        for name in dict.fromkeys(name for name, _ in names_in(found["text"])):
            if may_be_several(query, name):
                yield query.finding(
                    ID,
                    SEVERITY,
                    f"${name} may hold several values, or All, which Grafana writes as one|other: with "
                    f"{found['operator']} that text is looked for as it stands and never found.",
                    f'write {"!~" if found["operator"] == "!=" else "=~"} "${name}"',
                    span=found.span(),
                )
