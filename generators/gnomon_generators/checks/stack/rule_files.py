"""Rule files that Prometheus does not find, and those that it is not told of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gnomon_generators.checks import tools
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Tree

ID = "stack/rule-files"
SEVERITY = Severity.ERROR
BRIEF = "Prometheus is told of a rule file that is not there, or not told of one that is."


def check(tree: Tree) -> Iterator[Finding]:
    """Compares `rule_files` with the files; what is in no list is said of the project's own tree alone."""
    named: set[Path] = set()
    told = list(tree.prometheuses)
    for file in told:
        folder = tools.path_of(tree, file).parent
        written = file.document.get("rule_files")
        for number, pattern in enumerate(written if isinstance(written, list) else []):
            found = {path.resolve() for path in _matching(folder, str(pattern))}
            named |= found
            if not found:
                yield file.finding(
                    ID,
                    SEVERITY,
                    f"There is no file {pattern} beside this configuration: Prometheus starts without a word "
                    "and without its rules and alerts.",
                    "name the file as it lies from here, or generate it",
                    part=f"rule_files[{number}]",
                    line=file.line_of("rule_files", number),
                )
    if not told or not tree.whole:
        return
    for rules in tree.rule_files:
        if tools.path_of(tree, rules) not in named:
            yield rules.finding(
                ID,
                Severity.WARNING,
                f"{told[0].path} does not name this file: nobody evaluates its rules.",
                "run `gnomon generate stack`, which names what is generated, or add it to a prometheus.py of "
                "your own",
            )


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    path = Path(pattern)
    start = Path(path.anchor) if path.is_absolute() else folder
    # Python's glob knows no way up.
    parts = list(path.relative_to(path.anchor).parts if path.is_absolute() else path.parts)
    while parts and parts[0] == "..":
        start, parts = start.parent, parts[1:]
    yield from start.glob("/".join(parts)) if parts else ()
