"""What amtool says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks import tools
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Tree

ID = "alertmanager/amtool"
SEVERITY = Severity.ERROR
BRIEF = "amtool refuses the configuration of Alertmanager."

PROGRAM = "amtool"

# Said by alertmanager/receivers with more.
_SAID_ELSEWHERE: Final = re.compile(r"undefined receiver|is not unique")
_FAILED: Final = re.compile(r"FAILED: (?P<text>.*)", re.DOTALL)


def check(tree: Tree) -> Iterator[Finding]:
    """Runs `amtool check-config` on each configuration and reports what no other check says."""
    if not tree.alertmanagers:
        return
    program = tools.program_for(tree, PROGRAM)
    if isinstance(program, str):
        left_out = "Alertmanager's configuration was not checked by its own program:"
        yield from tools.missing(tree, ID, PROGRAM, program, left_out)
        return
    for file in tree.alertmanagers:
        result = tools.run_on(program, tree, [file], "check-config")
        if result.ok:
            continue
        found = _FAILED.search(result.output + result.errors)
        text = found["text"] if found else result.output + result.errors
        sentence = " ".join(text.split("\n\n")[0].split())
        if not _SAID_ELSEWHERE.search(sentence):
            yield file.finding(
                ID,
                SEVERITY,
                f"amtool: {sentence.rstrip('.')}.",
                "mend it: Alertmanager does not start with it, and keeps the old one when it is reloaded",
            )
