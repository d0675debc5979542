"""The comparison as Markdown for a comment on a pull request.

Whatever a name holds, it shows as itself: names stand in code spans, which know no links, mentions, HTML or
cells of a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gnomon_analysis.gating import words
from gnomon_analysis.gating.comparison import CaseChange, SideTold, SuiteComparison
from gnomon_analysis.gating.gate import Outcome
from gnomon_analysis.gating.judging import Verdict

# By this a script finds the comment again, to put a newer one in its place.
MARK = "<!-- gnomon gate -->"

_SIGNS = {
    Verdict.PASS: "\N{WHITE HEAVY CHECK MARK}",
    Verdict.FAIL: "\N{CROSS MARK}",
    Verdict.UNSURE: "\N{WHITE QUESTION MARK ORNAMENT}",
}
# Rows of a list, and names: as many as leave the comment within what GitHub takes (65,536 characters).
_ROWS = (30, 10, 3, 0)
_LONGEST = 60_000
_LONGEST_NAME = 120


def render(outcome: Outcome) -> str:
    """The whole comment."""
    comment = ""
    for rows in _ROWS:
        comment = "\n".join(_lines(outcome, rows)).rstrip() + "\n"
        if len(comment) <= _LONGEST:
            return comment
    cut = comment[:_LONGEST].rpartition("\n")[0]
    return f"{cut}\n\nThere is more than a comment can hold; `gnomon gate` prints all of it.\n"


def code(text: str) -> str:
    """A code span that holds any text on one line."""
    line = "".join(sign if sign.isprintable() else " " for sign in text).strip()
    if len(line) > _LONGEST_NAME:
        line = f"{line[: _LONGEST_NAME - 1]}…"
    if not line:
        return ""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def _cell(text: str) -> str:
    """A code span in a table, where a bar would end the cell even there."""
    return code(text).replace("|", "\\|")


def _lines(outcome: Outcome, rows: int) -> Iterator[str]:
    yield MARK
    state = "" if outcome.enabled else " (not enforced)"
    yield f"### {_SIGNS[outcome.verdict]} Gnomon gate: {outcome.verdict.value}{state}"
    yield ""
    yield _text(words.headline(outcome).partition(": ")[2].capitalize() + ".")
    if consequence := words.consequence(outcome):
        yield ""
        yield _text(consequence)
    for suite in outcome.suites:
        yield ""
        yield from _suite(outcome, suite, rows)
    if outcome.without_base:
        yield ""
        yield f"No commit of the base has runs of {_names(outcome.without_base, rows)}: not compared."
    for reason, number in outcome.left_out.items():
        yield ""
        yield f"{words.plural(number, 'run')} {reason} left out."


def _suite(outcome: Outcome, suite: SuiteComparison, rows: int) -> Iterator[str]:
    yield f"#### {code(suite.suite)}: {suite.verdict.value}"
    yield ""
    yield f"{_text(words.compared(outcome, suite))}."
    yield from (f"- {name}: {code(side.subject)}" for name, side in _named(suite) if side.subject)
    if suite.upstream:
        yield ""
        yield from (f"> Not the commit alone: {_text(what)}." for what in suite.upstream)
    yield ""
    yield "| metric | base | head | difference, 95 % interval | limit | verdict |"
    yield "|---|---:|---:|---|---:|---|"
    for metric in suite.metrics:
        before, after = words.amount(metric, metric.before), words.amount(metric, metric.after)
        told = words.verdict(metric)
        strong = f"**{told}**" if metric.verdict is Verdict.FAIL else told
        yield (
            f"| {metric.title} | {before} | {after} | {words.difference(metric)} | {words.limit(metric)} | "
            f"{strong} |"
        )
    if sentence := words.more(suite):
        yield ""
        yield sentence
    for title, changes in (("Cases that fell", suite.fell), ("Cases that rose", suite.rose)):
        yield from _cases(title, changes, rows)
    yield from _cases("Quarantined: shown, not counted", suite.quarantined, rows)
    for title, names in (
        ("New cases, with nothing to compare", suite.new_cases),
        ("Removed cases", suite.removed_cases),
        ("Cases that now expect something else, not compared", suite.rejudged_cases),
    ):
        if names:
            yield ""
            yield f"{title} ({len(names)}): {_names(names, rows)}."


def _named(suite: SuiteComparison) -> tuple[tuple[str, SideTold], ...]:
    return ("base", suite.base), ("head", suite.head)


def _cases(title: str, changes: Sequence[CaseChange], rows: int) -> Iterator[str]:
    if not changes:
        return
    yield ""
    yield f"<details><summary>{title} ({len(changes)})</summary>"
    yield ""
    yield "| case | expected | base | head | remark |"
    yield "|---|---|---|---|---|"
    for change in changes[:rows]:
        before, after = (
            f"{words.times(good, runs)}: {_cell(words.answers(names))}"
            for good, runs, names in (
                (change.good_before, change.runs_before, change.answers_before),
                (change.good_after, change.runs_after, change.answers_after),
            )
        )
        yield (
            f"| {_cell(change.case_id)} | {_cell(change.expected)} | {before} | {after} | "
            f"{words.remark(change)} |"
        )
    if len(changes) > rows:
        yield ""
        yield f"and {len(changes) - rows} more"
    yield ""
    yield "</details>"


def _names(names: Sequence[str], rows: int) -> str:
    told = ", ".join(code(name) for name in names[:rows])
    rest = len(names) - rows
    return told if rest <= 0 else f"{told} and {rest} more".strip()


def _text(text: str) -> str:
    """Prose that may hold names of models or branches: no sign in it is Markdown."""
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    escaped = re.sub(r"([\\`*_{}\[\]<>#|~!&])", r"\\\1", line)
    # A mention would call people.
    return escaped.replace("@", "@\N{ZERO WIDTH SPACE}")
