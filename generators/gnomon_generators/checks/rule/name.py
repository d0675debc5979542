"""Names of recorded series."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Rule

ID = "rule/name"
SEVERITY = Severity.WARNING
BRIEF = "A recorded series is not named level:metric:operations."

_CONVENTION: Final = re.compile(r"\w*:[a-zA-Z_]\w*:\w*")
# Names that dashboards and alerts outside of this tree read already.
_GIVEN: Final = frozenset({"routing_test:pass_rate_7d", "routing_test:flaky_tests"})


def check(rule: Rule) -> Iterator[Finding]:
    """Reports recording rules; a name that has a colon at least tells that it is recorded."""
    if rule.kind != "record" or rule.name in _GIVEN or _CONVENTION.fullmatch(rule.name):
        return
    plain = ":" not in rule.name
    yield rule.finding(
        ID,
        SEVERITY if plain else Severity.INFO,
        f"{rule.name!r} has no colon: readers take it for a metric that something emits."
        if plain
        else f"{rule.name!r} has other parts than level:metric:operations.",
        "write what it keeps, what it is made from and how, such as `suite:gnomon_run_tests:sum7d`",
        line=rule.group.file.line_of(*rule.keys, "record"),
    )
