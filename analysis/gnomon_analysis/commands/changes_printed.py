"""What `gnomon changes` prints: findings as a table or by commit, in depth, two commits compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from gnomon_analysis.attribution import METRICS, Change, Finding, MovedCase, MovedTest, Suspect, wording
from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution.metrics import FLEET_SCOPES
from gnomon_analysis.commands import changes_blocks, changes_rows, tables
from gnomon_analysis.commands.tables import Column, echo_table
from gnomon_analysis.store.answers import NO_SKILL

if TYPE_CHECKING:
    from gnomon.settings import Settings
    from gnomon_analysis.attribution import CaseFlip, CommitMoves, Comparison, KnownCommits, Outcome
    from gnomon_analysis.attribution.metrics import Metric

_COLUMNS = (
    Column("id"),
    Column("when"),
    Column("commit"),
    Column("subject"),
    Column("metric"),
    Column("of"),
    Column("before → after"),
    Column("difference"),
    Column("a change", right=True),
    Column("this commit", right=True),
    Column("suspects", right=True),
    Column("tests", right=True),
    Column("verdict"),
)
_CASE_COLUMNS = (
    Column("test"),
    Column("before"),
    Column("after"),
    Column("routed before"),
    Column("routed after"),
    Column("request"),
)
_SUBJECT = 40
_REQUEST = 60
_BAR = 20
_SUSPECTS = 10


def flat(found: Sequence[Finding], limit: int) -> None:
    """Findings as a table, one row each, the newest so many."""
    if not found:
        return
    echo_table(_COLUMNS, [_cells(one) for one in found[:limit]])
    if len(found) > limit:
        click.echo(f"and {len(found) - limit} older; --limit shows more")


def by_commit(places: Sequence[CommitMoves], limit: int, commits: KnownCommits) -> None:
    """What each commit did, the newest so many."""
    changes_blocks.blocks(places[:limit], commits)
    if len(places) > limit:
        click.echo()
        click.echo(f"and {wording.plural(len(places) - limit, 'older commit')}; --limit shows more")


def summary(
    outcomes: Sequence[Outcome],
    found: Sequence[Finding],
    places: Sequence[CommitMoves],
    settings: Settings,
    *,
    everything: bool,
) -> None:
    """What was looked at, what was found, and how much of that may be wrong.

    Of `found` only what tells of a movement is counted as a finding; the rest is shown with `everything`.
    """
    click.echo()
    commits, runs = sum(one.commits for one in outcomes), sum(one.runs for one in outcomes)
    looked = f" in {wording.plural(runs, 'run')} of {wording.plural(commits, 'commit')}" if runs else ""
    told = sum(one.told for one in found)
    where = sum(any(one.told for one in moves.findings) for moves in places)
    more = ""
    if rest := len(found) - told:
        more = f"; {rest} cannot be told yet, and --all says what they need"
        if everything:
            more = f"; {rest} more cannot be told yet, or were taken back"
    budget = f" {wording.budget(settings.changes.attribution.false_findings_percent)}" if told else ""
    changes_blocks.paragraph(
        f"{wording.plural(told, 'finding')} at {wording.plural(where, 'place')}{looked}{more}.{budget}"
    )


def _cells(finding: Finding) -> tuple[str, ...]:
    return (
        finding.impact_id[:8],
        tables.when(finding.changed_at),
        wording.short(finding.revision) or f"near {wording.short(finding.after_revision)}",
        wording.shortened(finding.subject or "", _SUBJECT),
        finding.metric,
        _scope(finding),
        _levels(finding.kind, finding.before, finding.after),
        wording.signed(finding),
        tables.NOTHING if finding.p_change is None else wording.share(finding.p_change),
        tables.NOTHING if finding.p_commit is None else wording.share(finding.p_commit),
        str(len(finding.candidates) or tables.NOTHING),
        tables.number(finding.cases_moved),
        _verdict(finding),
    )


def _scope(finding: Finding) -> str:
    if finding.scope_kind == "suite":
        return finding.scope
    where = f" in {finding.environment}" if finding.scope_kind in FLEET_SCOPES and finding.environment else ""
    return f"{finding.scope_kind} {finding.scope}{where}"


def _verdict(finding: Finding) -> str:
    status = "" if finding.status == "open" else f", {finding.status}"
    needed = f" ({finding.runs_needed} more would do)" if finding.runs_needed else ""
    doubt = f", {said}" if (said := changes_rows.doubt(finding)) else ""
    return finding.verdict.replace("_", " ") + needed + status + doubt


def comparison(compared: Comparison) -> None:
    """A commit against the measured commit before it: metrics, then the cases that flipped."""
    click.echo()
    name = wording.named(compared.commit, compared.subject)
    click.echo(
        f"{compared.suite or 'no suite'}: {name} against {wording.short(compared.before)}, the measured "
        f"commit before ({wording.plural(compared.runs_before, 'run')} there, {compared.runs_after} here)"
    )
    if compared.after != compared.commit:
        click.echo(f"  measured at {wording.short(compared.after)}, the first measured commit from it on")
    if len(compared.between) > 1:
        several = ", ".join(wording.short(one) for one in compared.between)
        click.echo(f"  each of these {len(compared.between)} commits may be behind it: {several}")
    for switch in compared.switched:
        click.echo(f"  and {switch}")
    rows = [
        (
            one.metric,
            str(one.cases),
            _levels(METRICS[one.metric], one.before, one.after),
            wording.interval(METRICS[one.metric], one.difference),
            f"{one.adjusted_p:.3f}" if one.adjusted_p >= 0.001 else "< 0.001",
            one.verdict,
        )
        for one in compared.metrics
    ]
    columns = ("metric", "tests", "before → after", "difference", "p", "verdict")
    echo_table([Column(title) for title in columns], rows)
    if not compared.flips:
        click.echo("no test flipped")
        return
    up = sum(flip.after > flip.before for flip in compared.flips)
    click.echo()
    _echo_cases(
        _CASE_COLUMNS,
        [_flip(flip, flip.request) for flip in compared.flips],
        f"{wording.plural(len(compared.flips), 'test')} flipped: {up} for the better, "
        f"{len(compared.flips) - up} for the worse",
    )


def flips_in_words(compared: Comparison, least: int) -> str:
    """Which way tests flipped at a commit, and what it takes to tell whether that stays.

    `least` is how many runs a side of a change has to have by itself.
    """
    up = sum(flip.after > flip.before for flip in compared.flips)
    ways = ((up, "better"), (len(compared.flips) - up, "worse"))
    how = " and ".join(f"{wording.plural(count, 'test')} for the {word}" for count, word in ways if count)
    before, after = wording.short(compared.before), wording.short(compared.after)
    runs = ((compared.runs_after, after), (compared.runs_before, before))
    more = [f"{least - count} more of {commit}" for count, commit in runs if count < least]
    return (
        f"{wording.named(compared.after, compared.subject)} flipped {how}, in "
        f"{wording.plural(compared.runs_after, 'run')} against {compared.runs_before} of {before}: "
        f"{' and '.join(more) or 'runs of one more commit'} would tell whether that stays, and "
        f"`gnomon changes --commit {after}` lists them"
    )


def each_in_depth(
    depth: Sequence[tuple[Finding, Sequence[Change], Sequence[MovedCase]]],
    asked: Mapping[tuple[str | None, str], str],
) -> None:
    """Findings with all that is behind them; `asked` are the requests of cases."""
    for number, (finding, changes, cases) in enumerate(depth):
        if number:
            click.echo()
        _depth(finding, changes, cases, asked)


def _depth(
    finding: Finding,
    changes: Sequence[Change],
    cases: Sequence[MovedCase],
    asked: Mapping[tuple[str | None, str], str],
) -> None:
    click.echo(finding.sentence)
    for title, text in _facts(finding):
        click.echo(f"  {title:9} {text}")
    _suspects(finding, finding.candidates)
    _changed(changes)
    if not cases:
        return
    click.echo()
    title = f"{wording.plural(len(cases), 'test')} moved"
    if finding.kind.unit == "%":
        rows = [_flip(case, asked.get((finding.suite, case.case_id))) for case in cases]
        _echo_cases(_CASE_COLUMNS, rows, title)
    else:
        kind = finding.kind
        rows = [
            (case.case_id, wording.level(kind, case.before), wording.level(kind, case.after))
            for case in cases
        ]
        echo_table(_CASE_COLUMNS[:3], rows, title)


def commits_in_depth(
    places: Sequence[CommitMoves],
    commits: KnownCommits,
    changed: Mapping[str | None, Sequence[Change]],
    asked: Mapping[tuple[str | None, str], str],
) -> None:
    """What commits did with all that is behind it; `changed` are the files that each of them changed."""
    for number, moves in enumerate(places):
        if number:
            click.echo()
        changes_blocks.whole_block(moves, commits)
        click.echo()
        _suspects(moves.lead, moves.suspects)
        _changed(changed.get(moves.revision, ()))
        alone = moves.lead.verdict == words.REGRESSION and len(moves.suspects) < 2
        if moves.lead.advice and not alone:  # where one commit did it, the advice is to look at this
            click.echo(f"  next      {moves.lead.advice}")
        if moves.tests:
            click.echo()
            rows = [_moved(test, asked.get((test.suite, test.case_id))) for test in moves.tests]
            title = f"{wording.plural(len(moves.tests), 'test')} moved"
            _echo_cases([*_CASE_COLUMNS[:1], Column("metric"), *_CASE_COLUMNS[1:]], rows, title)


def _echo_cases(columns: Sequence[Column], rows: Sequence[tuple[str, ...]], title: str) -> None:
    """Tests with what they ask, where that is known of any."""
    if not any(request for *_, request in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    echo_table(columns, rows, title)


def _moved(test: MovedTest, request: str | None) -> tuple[str, ...]:
    name, *rest = _flip(test.case, request)
    return (name, METRICS[test.metric].short, *rest)


def _suspects(finding: Finding, suspects: Sequence[Suspect]) -> None:
    if finding.verdict == words.UPSTREAM:  # the commits of its time are no suspects
        if suspects:
            click.echo(
                f"  same time {', '.join(wording.short(one.revision) for one in suspects[:_SUSPECTS])}"
            )
        return
    for suspect in suspects[:_SUSPECTS]:
        bar = "█" * max(1, round(_BAR * suspect.share))
        name = wording.short(suspect.revision)
        click.echo(f"  suspect   {name}  {bar:{_BAR}}  {wording.share(suspect.share)}")
    if len(suspects) > _SUSPECTS:
        click.echo(f"  suspect   and {len(suspects) - _SUSPECTS} more")


def _changed(changes: Sequence[Change]) -> None:
    for change in changes:
        click.echo(f"  changed   {change.path or change.kind}: {change.summary or change.change}")


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    yield "id", finding.impact_id
    yield "verdict", _verdict(finding)
    yield "since", tables.when(finding.changed_at)
    if finding.author is not None or finding.subject is not None:
        yield "commit", f"{finding.revision} by {finding.author or 'nobody'}: {finding.subject or ''}"
    elif finding.revision is not None:
        yield "version" if finding.scope_kind in FLEET_SCOPES else "commit", finding.revision
    if (requests := finding.details.get("requests")) is not None:
        yield "requests", "{:,} before, {:,} after".format(*requests)
    else:
        yield "runs", f"{finding.runs_before} before, {finding.runs_after} after"
    for one in finding.details.get("brought", ()):
        yield "brought", f"{wording.share(one['share']):>7}  {wording.named(one['revision'], one['subject'])}"
    if finding.p_change is not None:
        yield (
            "sure",
            f"{wording.share(finding.p_change)} that there is a change"
            + (
                ""
                if finding.p_commit is None
                else f", {wording.share(finding.p_commit)} that it is {_cause(finding)}"
            ),
        )
    for one in finding.also:
        yield "also", one
    if finding.advice:
        yield "next", finding.advice
    for said in finding.details.get("was", ()):
        before = wording.short(said["revision"]) or "no commit"
        yield "earlier", f"{said['verdict'].replace('_', ' ')} near {before} ({said['status']})"


def _cause(finding: Finding) -> str:
    if finding.details.get("brought"):
        return "this deployment"
    of_fleet = finding.scope_kind in FLEET_SCOPES and not finding.details.get("deployed")
    return "this version" if of_fleet else "this commit"


def _flip(case: MovedCase | CaseFlip, request: str | None) -> tuple[str, ...]:
    return (
        case.case_id,
        _share(case.before, case.runs_before),
        _share(case.after, case.runs_after),
        _skill(case.old_skill),
        _skill(case.new_skill),
        wording.shortened(request or "", _REQUEST),
    )


def _share(share: float | None, runs: int) -> str:
    if share is None:
        return tables.NOTHING
    if runs == 1 and share in (0.0, 1.0):
        return "right" if share else "wrong"
    return f"{100 * share:.0f} % of {runs}"


def _skill(name: str | None) -> str:
    return tables.NOTHING if name is None else name or NO_SKILL


def _levels(metric: Metric, before: float | None, after: float | None) -> str:
    return f"{wording.level(metric, before)} → {wording.level(metric, after)}"
