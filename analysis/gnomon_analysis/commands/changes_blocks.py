"""What each commit did, as `gnomon changes` prints it: one block a commit, as wide as the terminal."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from gnomon_analysis.attribution import CommitMoves, KnownCommit, KnownCommits, MovedTest, wording
from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution import wording_of_commits as saying
from gnomon_analysis.attribution.metrics import FLEET_SCOPES, METRICS
from gnomon_analysis.changes.summary import kinds_in_words
from gnomon_analysis.commands import tables
from gnomon_analysis.commands.changes_rows import COLOURS, VERDICTS, Where, echo_rows, share

_INDENT = "  "
_SUSPECTS = 3
_TESTS_SHOWN = 6
_PLAIN_SUBJECT = 100
_LEAST_SUBJECT = 24
# A figure stays with its sign of percent, an interval in one piece.
_TOGETHER = re.compile(r"(?<=\d) (?=%)|(?<=\d,) (?=-?[\d.]+\])")


def blocks(shown: Sequence[CommitMoves], commits: KnownCommits) -> None:
    """One block a commit: heading, sentence, the metrics that moved, the tests behind them."""
    where = Where.of(shown)
    for number, moves in enumerate(shown):
        if number:
            click.echo()
        _head(moves, commits)
        cut = echo_rows(moves, where, terminal_width(), all_of_it=False)
        cut = _tests(moves) or cut
        if cut:
            click.secho(f"{_INDENT}all of it: gnomon changes show {_reference(moves)}", dim=True)


def whole_block(moves: CommitMoves, commits: KnownCommits) -> None:
    """Heading, sentence, and every finding with its id."""
    _head(moves, commits)
    echo_rows(moves, Where.of([moves]), terminal_width(), all_of_it=True)


def terminal_width() -> int | None:
    """The columns of the terminal; None where there is none to be as wide as."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def paragraph(text: str, *, indent: str = "", dim: bool = False) -> None:
    """Text in lines as long as the terminal; one line where there is none."""
    width = terminal_width()
    lines = [_printable(text)]
    if width is not None:
        whole = _TOGETHER.sub("\N{NO-BREAK SPACE}", lines[0])
        lines = textwrap.wrap(whole, max(width - len(indent), 20), break_on_hyphens=False)
    for line in lines:
        click.echo(indent + click.style(line.replace("\N{NO-BREAK SPACE}", " "), dim=dim or None))


def _reference(moves: CommitMoves) -> str:
    """What `gnomon changes show` knows this place by."""
    revision = moves.lead.revision
    known = revision is not None and revision == moves.revision and " " not in revision
    return wording.short(revision) if known else moves.lead.impact_id[:8]


def _head(moves: CommitMoves, commits: KnownCommits) -> None:
    if moves.revision is None:
        near = wording.short(moves.lead.after_revision)
        _title(VERDICTS[moves.lead.verdict], f"{moves.changed_at.astimezone():%Y-%m-%d}  near {near}")
    elif not moves.is_named and len(moves.suspects) > 1:
        _several(moves, commits)
    else:
        _one(moves)
    paragraph(saying.did(moves), indent=_INDENT)


def _one(moves: CommitMoves) -> None:
    name = wording.short(moves.revision) if moves.is_named else f"near {wording.short(moves.revision)}"
    if moves.known is None:
        done = "deployed" if moves.lead.scope_kind in FLEET_SCOPES else "measured"
        _title(name, f"{done} {tables.when(moves.lead.changed_at)}  {moves.lead.subject or ''}".rstrip())
        return
    _title(name, _said(moves.known, len(name) + 2))
    if brought := moves.lead.details.get("brought"):
        _brought(moves.lead.details["deployed"], brought, moves.lead.details["commits_brought"])
        return
    changed = kinds_in_words(moves.known.files, moves.known.other_files)
    paragraph(f"changed {changed}", indent=_INDENT, dim=True)


def _brought(deployed: str, brought: Sequence[Mapping[str, Any]], count: int) -> None:
    """The commits that came with a deployment."""
    others = wording.plural(count - 1, "other")
    paragraph(f"deployed as {deployed} with {others}; by what they touched:", indent=_INDENT, dim=True)
    for one in brought[:_SUSPECTS]:
        said = _printable(wording.named(one["revision"], one["subject"]))
        click.echo(f"{_INDENT}{share(one['share']):>5}  {said}")
    if count > _SUSPECTS:
        click.echo(f"{_INDENT}       and {count - _SUSPECTS} more")


def _several(moves: CommitMoves, commits: KnownCommits) -> None:
    more = len(moves.suspects) - 2
    named = " or ".join(wording.short(one.revision) for one in moves.suspects[:2])
    _title(f"{named} or {more} more" if more else named)
    for suspect in moves.suspects[:_SUSPECTS]:
        begin = f"{_INDENT}{share(suspect.share):>5}  {wording.short(suspect.revision)}"
        known = commits.find(suspect.revision)
        click.echo(begin if known is None else f"{begin}  {_said(known, len(begin) + 2)}")


def _title(name: str, text: str = "") -> None:
    told = f"  {click.style(_printable(text), bold=True)}" if text else ""
    click.echo(f"{click.style(name, fg='yellow', bold=True)}{told}")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _said(known: KnownCommit, taken: int) -> str:
    """`2026-01-05  skills router v2.1 (Ada)`, in what `taken` columns leave of the terminal."""
    date = f"{known.committed_at.astimezone():%Y-%m-%d}"
    by = f" ({known.author})" if known.author else ""
    width = terminal_width()
    left = _PLAIN_SUBJECT if width is None else width - taken - len(date) - 2 - len(by)
    if left < _LEAST_SUBJECT:
        by, left = "", max(left + len(by), _LEAST_SUBJECT // 2)
    return _printable(f"{date}  {wording.shortened(known.subject, left)}{by}")


def _tests(moves: CommitMoves) -> bool:
    """A line of the tests that moved for the better and one for the worse; whether some were left out."""
    if len(moves.tests) == 1 and moves.lead.scope_kind == "case":
        return False  # The sentence is about it.
    usual = moves.lead.metric if moves.lead.unit == "%" else None
    better = [test for test in moves.tests if test.better]
    worse = [test for test in moves.tests if not test.better]
    cut = [
        _tests_of(verdict, tests, usual)
        for verdict, tests in ((words.IMPROVEMENT, better), (words.REGRESSION, worse))
        if tests
    ]
    return any(cut)


def _tests_of(verdict: str, tests: Sequence[MovedTest], usual: str | None) -> bool:
    begin = f"{wording.plural(len(tests), 'test')} {VERDICTS[verdict]}: "
    width = terminal_width()
    room = None if width is None else width - len(_INDENT) - len(begin)
    shown = list(_fitting([_test(test, usual) for test in tests], room))
    more = f" and {len(tests) - len(shown)} more" if len(tests) > len(shown) else ""
    click.echo(f"{_INDENT}{click.style(begin, fg=COLOURS[verdict])}{', '.join(shown)}{more}")
    return bool(more)


def _fitting(texts: Sequence[str], room: int | None) -> Iterator[str]:
    """The first of the texts, as many as there is room for, one at least."""
    taken = len(" and 99 more") - len(", ")
    for number, text in enumerate(texts[:_TESTS_SHOWN]):
        taken += len(", ") + len(text)
        if number and room is not None and taken > room:
            return
        yield text


def _test(test: MovedTest, usual: str | None) -> str:
    """`TC011 99 → 5 %`, with the metric where it is not the usual one."""
    before, after = (wording.percentage(round(100 * rate)) for rate in (test.before, test.after))
    of = "" if test.metric == usual else f" {METRICS[test.metric].short}"
    name = test.case_id.rpartition("::")[2]  # of a node id what tells it from its neighbours
    return _printable(f"{name}{of} {before} → {after} %")
