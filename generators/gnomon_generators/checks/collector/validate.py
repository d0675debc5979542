"""What the Collector itself says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks import tools
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Tree

ID = "collector/validate"
SEVERITY = Severity.ERROR
BRIEF = "The Collector refuses its configuration."

PROGRAM = "otelcol"

# Said by collector/components and collector/queue, with the place.
_SAID_ELSEWHERE: Final = re.compile(
    r"references \w+ .* which is not configured|must be used as both|is not configured"
)


def check(tree: Tree) -> Iterator[Finding]:
    """Runs `otelcol validate` on each configuration, where the program is there."""
    if not tree.collectors:
        return
    program = tools.program_for(tree, PROGRAM)
    if isinstance(program, str):
        yield from tools.missing(
            tree, ID, "otelcol", program, "The Collector's configuration was not tried on a Collector:"
        )
        return
    for file in tree.collectors:
        result = tools.run_on(program, tree, [file], "validate", "--config")
        if not result.ok:
            answer = (result.errors or result.output).strip().removeprefix("Error: ")
            lines = [
                line for line in answer.splitlines() if line.strip() and not _SAID_ELSEWHERE.search(line)
            ]
            if lines:
                yield file.finding(
                    ID,
                    SEVERITY,
                    f"The Collector: {' '.join(' '.join(lines).split()).rstrip('.')}.",
                    "mend it: the Collector does not start with it",
                )
