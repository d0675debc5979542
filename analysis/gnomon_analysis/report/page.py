"""The report as one HTML file that needs no network: style, data and the plotting library inside."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnomon_analysis.report import figures, wording
from gnomon_analysis.report.evidence import CaseAtCommit, Evidence, Move

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
_MOVES_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Setting:
    """What the reader must know about where the figures come from.

    The `*_note` sentences say how honest each kind of figure is; `facts` are label and value of the
    provenance table; `checks` are sentences on what was verified; `commands` show how to look further.
    """

    title: str
    router_note: str
    cost_note: str
    tokens_note: str
    latency_note: str
    tool_use_note: str
    facts: tuple[tuple[str, str], ...]
    checks: tuple[str, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """A case whose answer changed its worth between two commits."""

    case_id: str
    expected: str
    before: str
    after: str
    share_before: str
    share_after: str


def write(evidence: Evidence, setting: Setting, path: Path) -> None:
    """Writes the report to `path`, whole or not at all."""
    write_whole(path, render(evidence, setting))


def write_whole(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def environment() -> Environment:
    """Templates that escape whatever they show, with the words that every page uses."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - heavy

    found = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_finished,
    )
    found.globals.update(
        percent=wording.percent,
        points=wording.points,
        p_value=wording.p_value,
        dollars=wording.dollars,
        milliseconds=wording.milliseconds,
        plural=wording.plural,
        shortened=wording.shortened,
    )
    return found


def _finished(value: Any) -> Any:
    """What a template shows, units kept with their figures; what it has escaped itself stays as it is."""
    return wording.unbroken(value) if type(value) is str else value


def render(evidence: Evidence, setting: Setting) -> str:
    """The report as text."""
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy

    return (
        environment()
        .get_template("report.html.j2")
        .render(
            evidence=evidence,
            setting=setting,
            headline=headline(evidence),
            caution=caution(evidence),
            rises=[(move, flips(move)) for move in evidence.largest(1, _MOVES_SHOWN)],
            falls=[(move, flips(move)) for move in evidence.largest(-1, _MOVES_SHOWN)],
            figures=embedded(_figures(evidence)),
            plotly=get_plotlyjs(),
        )
    )


def headline(evidence: Evidence) -> str:
    """The report in two sentences."""
    first, last, overall = evidence.first, evidence.last, evidence.overall
    commits = wording.plural(len(evidence.points), "commit")
    if overall is None or first.accuracy is None or last.accuracy is None:
        return f"Routing accuracy over {commits}: {wording.percent(last.accuracy)} at the last."
    ends = wording.percent(first.accuracy), wording.percent(last.accuracy)
    moved = f"moved from {ends[0]} to {ends[1]}" if overall.paired.difference else f"stayed at {ends[1]}"
    return (
        f"Over {commits} routing accuracy {moved}: {wording.points(overall.paired.difference)} points, "
        f"95 % interval {wording.points(overall.paired.low)} to {wording.points(overall.paired.high)}. "
        f"{wording.plural(len(overall.paired.risen), 'case')} rose and "
        f"{len(overall.paired.fallen)} fell (exact p {_equals(overall.paired.p)})."
    )


def caution(evidence: Evidence) -> str:
    """How many of the steps stand out once it is considered how many were looked at."""
    steps, outstanding = len(evidence.steps), evidence.standing_out
    if not steps:
        return "There is only one commit, so there is no step to compare."
    expected = 0.05 * steps
    opening = (
        f"{wording.plural(steps, 'step')} between neighbouring commits "
        f"{'was' if steps == 1 else 'were'} compared. If nothing had "
        f"changed, up to about {expected:.1f} of them would fall below p = 0.05 by chance alone. "
    )
    if not outstanding:
        return opening + (
            "With that accounted for (Benjamini-Hochberg, false discovery rate 5 %), no single step "
            "stands out: treat each of them as a hint and not as a finding."
        )
    named = ", ".join(move.after.note.short for move in outstanding)
    return opening + (
        f"With that accounted for (Benjamini-Hochberg, false discovery rate 5 %), "
        f"{len(outstanding)} of them stand{'s' if len(outstanding) == 1 else ''} out: {named}. "
        "The others are hints."
    )


def flips(move: Move) -> list[Flip]:
    """The cases that changed in a move: the fallen first in a fall, the risen first in a rise."""
    paired = move.paired
    order = (*paired.fallen, *paired.risen) if paired.difference < 0 else (*paired.risen, *paired.fallen)
    return [_flip(move, case_id) for case_id in order]


def _flip(move: Move, case_id: str) -> Flip:
    before, after = move.before.cases[case_id], move.after.cases[case_id]
    return Flip(
        case_id=case_id,
        expected=after.expected,
        before=before.shown_answers,
        after=after.shown_answers,
        share_before=_share(before),
        share_after=_share(after),
    )


def _share(case: CaseAtCommit) -> str:
    if case.judged == 1:
        return "right" if case.correct else "wrong"
    return f"{case.correct} of {case.judged} right"


def _equals(p: float) -> str:
    shown = wording.p_value(p)
    return shown if shown.startswith("<") else f"= {shown}"


def _figures(evidence: Evidence) -> Mapping[str, figures.Figure]:
    drawn = {
        "accuracy": figures.accuracy(evidence),
        "matrix": figures.matrix(evidence),
        "confusion-first": figures.confusion(evidence.first),
        "confusion-last": figures.confusion(evidence.last),
        "cost": figures.cost(evidence),
        "tokens": figures.tokens(evidence),
        "latency": figures.latency(evidence),
        "outcomes": figures.outcomes(evidence),
    }
    if any(move.paired.difference for move in evidence.steps):
        drawn["moves"] = figures.moves(evidence, _MOVES_SHOWN)
    return drawn


def embedded(drawn: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON for a script element: no sign in it can end the element."""
    text = wording.unbroken(json.dumps(drawn, ensure_ascii=False, separators=(",", ":"), allow_nan=False))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
