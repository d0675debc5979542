"""What promtool says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from gnomon_generators.checks import tools
from gnomon_generators.checks.finding import Finding, Severity, Where
from gnomon_generators.checks.subjects import RuleFile, Subject, Tree

ID = "rule/promtool"
SEVERITY = Severity.ERROR
BRIEF = "promtool refuses a rule file."

PROGRAM = "promtool"

# Said by other checks with more: promql/syntax, rule/group-name, rule/keys, rule/name, alert/template.
_SAID_ELSEWHERE: Final = re.compile(
    r"could not parse expression|is repeated in the same file|not found in type|invalid recording rule name"
    r"|undefined variable|template: "
)
_LINE: Final = re.compile(r"(?:(?P<line>\d+):\d+: )?(?P<text>.*)")
_RULE: Final = re.compile(r'group "(?P<group>.*?)", rule (?P<number>\d+), "(?P<rule>.*?)": (?P<text>.*)')


def check(tree: Tree) -> Iterator[Finding]:
    """Runs `promtool check rules` once over all rule files and reports what no other check says."""
    # What lies inside a resource of Kubernetes is no file that promtool can read.
    files = [file for file in tree.rule_files if not file.keys]
    if not files:
        return
    program = tools.program_for(tree, PROGRAM)
    if isinstance(program, str):
        yield from tools.missing(
            tree, ID, "promtool", program, "Rule files were not checked by Prometheus itself:"
        )
        return
    result = tools.run_on(program, tree, files, "check", "rules", "--lint=none")
    if not result.ok:
        by_path = {str(tools.path_of(tree, file)): file for file in files}
        yield from _findings(by_path, result.output + result.errors)


def _findings(files: Mapping[str, RuleFile], answer: str) -> Iterator[Finding]:
    for line in answer.splitlines():
        path, _, rest = line.strip().partition(": ")
        file = files.get(path)
        if file is not None and rest and not _SAID_ELSEWHERE.search(rest) and not rest.endswith("errors:"):
            yield _finding(file, rest)


def _finding(file: RuleFile, text: str) -> Finding:
    number, sentence = _split(text)
    subject: Subject = file
    where = Where()
    if found := _RULE.match(sentence):
        where = Where(group=found["group"], rule=found["rule"])
        sentence = found["text"]
        subject = next((rule for rule in file.rules if rule.where == where), file)
    return Finding(
        ID,
        SEVERITY,
        file.path,
        where,
        f"promtool: {sentence.rstrip('.')}.",
        "mend it: Prometheus refuses the whole file, and at its start does not start",
        line=number or subject.line,
    )


def _split(text: str) -> tuple[int | None, str]:
    found = _LINE.fullmatch(text)
    if found is None or not found["line"]:
        return None, text
    return int(found["line"]), found["text"]
