"""The demo's last words on the terminal, and the same as JSON."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from gnomon_analysis.demo.demonstration import Demonstration
from gnomon_analysis.report import wording
from gnomon_analysis.report.evidence import Move, Point
from gnomon_analysis.report.page import caution, headline

_BAR = 20
# A longer history is told by the commits at which accuracy moved.
_ALL_SHOWN = 30
# Below this width the interval is left out and the bar is half as long.
_ROOMY = 110
# Cases that a line names before it only counts them.
_NAMED = 6
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def show(demonstration: Demonstration, console: Console) -> None:
    """Prints accuracy per commit, the largest moves, cost, flaky tests and where the report is."""
    evidence = demonstration.evidence
    console.print()
    console.print(_accuracy_table(demonstration, console.width))
    console.print(escape(headline(evidence)), highlight=False)
    console.print()
    for title, direction in (("Largest moves up", 1), ("Largest moves down", -1)):
        moves = evidence.largest(direction, 3)
        if moves:
            console.print(f"[bold]{title}[/bold]")
            for move in moves:
                _print_move(move, console)
    console.print(escape(caution(evidence)), highlight=False)
    console.print()
    console.print(_cost(demonstration), highlight=False)
    console.print(_flaky(demonstration), highlight=False)
    console.print(_agreement(demonstration), highlight=False)
    for note in demonstration.notes:
        console.print(f"[bold]Note[/bold]      {escape(note)}", highlight=False, soft_wrap=True)
    console.print()
    console.print(
        f"[bold]Report[/bold]  {escape(str(demonstration.report))}", highlight=False, soft_wrap=True
    )
    console.print(
        f"[bold]Data[/bold]    {escape(str(demonstration.out))} (gnomon.db, spool, answers.jsonl)",
        highlight=False,
        soft_wrap=True,
    )


def as_json(demonstration: Demonstration) -> dict[str, Any]:
    """The same as plain values; shares are fractions of 1, costs US dollars (estimates)."""
    evidence = demonstration.evidence
    return {
        "repository": demonstration.name,
        "report": str(demonstration.report),
        "out": str(demonstration.out),
        "seconds": round(demonstration.seconds, 3),
        "commits": [_point_json(point) for point in evidence.points],
        "moves": [_move_json(move) for move in evidence.steps],
        "overall": _move_json(evidence.overall) if evidence.overall else None,
        "flaky": [
            {
                "case": case.case_id,
                "state": case.state,
                "commits": len(case.commits),
                "passed": case.passed,
                "failed": case.failed,
            }
            for case in evidence.unsteady
        ],
        "cost": {
            "usd": evidence.cost_usd,
            "source": "estimated",
            "price": demonstration.price.name,
            "calls": evidence.calls,
        },
        "agreement": {
            "compared": demonstration.agreement.compared,
            "different": list(demonstration.agreement.different),
        },
        "notes": list(demonstration.notes),
    }


def _accuracy_table(demonstration: Demonstration, width: int) -> Table:
    points = demonstration.evidence.points
    kept = _kept(points)
    table = Table(
        box=box.SIMPLE_HEAD, title="Routing accuracy at each commit", title_justify="left", pad_edge=False
    )
    roomy = width >= _ROOMY
    bar = _BAR if roomy else _BAR // 2
    table.add_column("commit", min_width=7, no_wrap=True)
    table.add_column("date", min_width=10, no_wrap=True)
    table.add_column("accuracy", justify="right", min_width=8, no_wrap=True)
    table.add_column("", min_width=bar, no_wrap=True)
    table.add_column("moved", justify="right", min_width=6, no_wrap=True)
    if roomy:
        table.add_column("95 % interval", justify="right", min_width=13, no_wrap=True)
    taken = sum(column.min_width or 0 for column in table.columns) + 3 * (len(table.columns) + 1)
    table.add_column("subject", no_wrap=True, overflow="ellipsis", max_width=max(8, width - taken))
    before: Point | None = None
    for point in points:
        if point in kept:
            table.add_row(*_row(point, before, bar, interval=roomy))
        before = point
    if len(kept) < len(points):
        table.caption = f"{len(points) - len(kept)} commits at which accuracy did not move are left out"
        table.caption_justify = "left"
    return table


def _kept(points: tuple[Point, ...]) -> list[Point]:
    if len(points) <= _ALL_SHOWN:
        return list(points)
    moved = [after for before, after in pairwise(points) if before.accuracy != after.accuracy]
    return [points[0], *moved, *([] if points[-1] in moved else [points[-1]])]


def _row(point: Point, before: Point | None, bar: int, *, interval: bool) -> list[Text]:
    difference = None
    if before is not None and before.accuracy is not None and point.accuracy is not None:
        difference = point.accuracy - before.accuracy
    cells = [
        Text(point.note.short, style="cyan"),
        Text(f"{point.note.date:%Y-%m-%d}"),
        Text(wording.percent(point.accuracy)),
        Text(_bar(point.accuracy, bar), style="blue"),
        _signed(difference),
    ]
    if interval:
        cells.append(Text(_interval(point), style="dim"))
    return [*cells, Text(point.note.subject)]


def _interval(point: Point) -> str:
    if point.low is None or point.high is None:
        return ""
    return f"{100 * point.low:.0f}-{100 * point.high:.0f} %"


def _bar(share: float | None, length: int) -> str:
    eighths = round((share or 0.0) * length * 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _signed(difference: float | None) -> Text:
    if not difference:
        return Text("")
    return Text(wording.points(difference), style="green" if difference > 0 else "red")


def _print_move(move: Move, console: Console) -> None:
    paired = move.paired
    line = Text("  ")
    line.append(f"{wording.points(paired.difference):>6}", style="green" if paired.difference > 0 else "red")
    line.append(f"  {move.after.note.short} ", style="cyan")
    line.append(move.after.note.subject)
    if move.stands_out:
        line.append("  (stands out from chance)", style="bold")
    console.print(line)
    console.print(
        Text(
            f"          {_some('rose', paired.risen)}; {_some('fell', paired.fallen)}; "
            f"p {wording.p_value(paired.p)}, adjusted {wording.p_value(move.adjusted_p)}",
            style="dim",
        )
    )


def _some(verb: str, cases: tuple[str, ...]) -> str:
    """`3 rose (A, B, C)`, the first few by name."""
    if not cases:
        return f"0 {verb}"
    more = "" if len(cases) <= _NAMED else ", …"
    return f"{len(cases)} {verb} ({', '.join(cases[:_NAMED])}{more})"


def _cost(demonstration: Demonstration) -> str:
    evidence, price = demonstration.evidence, demonstration.price
    return (
        f"Cost      {wording.dollars(evidence.cost_usd)} estimated for "
        f"{wording.plural(evidence.calls, 'call')}, priced as {escape(price.model)} of "
        f"{price.as_of.isoformat()}; nothing was paid"
    )


def _flaky(demonstration: Demonstration) -> str:
    flaky, unsteady = demonstration.evidence.flaky, demonstration.evidence.unsteady
    over = len(unsteady) - len(flaky)
    before = f"; {over} more {'was' if over == 1 else 'were'} so at earlier commits" if over else ""
    if not flaky:
        alone = (
            " (one run at each commit cannot show any)" if demonstration.evidence.first.row.runs == 1 else ""
        )
        return f"Flaky     none{alone}{before}"
    named = ", ".join(
        f"{case.case_id} ({wording.plural(len(case.commits), 'commit')})" for case in flaky[:_NAMED]
    )
    more = f" and {len(flaky) - _NAMED} more" if len(flaky) > _NAMED else ""
    counted = wording.plural(len(flaky), "test")
    return f"Flaky     {counted}, right and wrong at one commit: {escape(named)}{more}{before}"


def _agreement(demonstration: Demonstration) -> str:
    agreement = demonstration.agreement
    if agreement.different:
        named = ", ".join(commit[:7] for commit in agreement.different)
        return f"[red]Checked   the store and the router's own notes differ at {named}[/red]"
    compared = wording.plural(agreement.compared, "commit")
    return f"Checked   the store equals the router's own notes at {_all(agreement.compared)}{compared}"


def _all(count: int) -> str:
    return "all " if count > 1 else ""


def _point_json(point: Point) -> dict[str, Any]:
    tally = point.row.tally
    return {
        "commit": point.note.commit,
        "date": point.note.date.isoformat(),
        "subject": point.note.subject,
        "runs": point.row.runs,
        "judged": tally.judged,
        "correct": tally.correct,
        "accuracy": point.accuracy,
        "interval": [point.low, point.high],
        "outcomes": dict(tally.outcomes),
        "tools_expected": tally.tools_expected,
        "tools_matched": tally.tools_matched,
        "cost_usd": point.calls.cost_usd,
        "input_tokens": point.calls.input_tokens,
        "output_tokens": point.calls.output_tokens,
    }


def _move_json(move: Move) -> dict[str, Any]:
    paired = move.paired
    return {
        "before": move.before.note.commit,
        "after": move.after.note.commit,
        "difference": paired.difference,
        "interval": [paired.low, paired.high],
        "risen": list(paired.risen),
        "fallen": list(paired.fallen),
        "p": paired.p,
        "adjusted_p": move.adjusted_p,
        "stands_out": move.stands_out,
    }
