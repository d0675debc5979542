"""The page of one change as one HTML file that needs no network."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gnomon_analysis.report import change_figures, wording
from gnomon_analysis.report.change import ChangePage, Effect, FileChange, PartChange
from gnomon_analysis.report.page import embedded, environment, write_whole
from gnomon_analysis.store.answers import NO_SKILL

_TILES = 4
_DIFF_LINES = 600
# Longer texts are shown whole on both sides; comparing their words would tell nobody anything.
_COMPARED_WORDS = 1500

Segments = list[tuple[str, str]]


def write(change: ChangePage, path: Path) -> None:
    """Writes the page to `path`, whole or not at all."""
    write_whole(path, render(change))


def render(change: ChangePage) -> str:
    """The page as text."""
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy

    drawn = {effect.impact_id: change_figures.around(effect) for effect in change.told}
    figures = {name: figure for name, figure in drawn.items() if figure is not None}
    figures |= {
        one.key: change_figures.drawn(one.series, one.unit, change_figures.Levels()) for one in change.around
    }
    shown = environment()
    shown.globals.update(
        amount=wording.amount,
        probability=wording.probability,
        where=where,
        difference=difference,
        part_name=part_name,
        words_changed=words_changed,
        diff_lines=lambda text: list(diff_lines(text)),
        level=level,
        prose=prose,
        answer=answer,
        verdict=verdict,
    )
    told = change.told
    return shown.get_template("change.html.j2").render(
        page=change,
        title=_title(change),
        lead=lead(change),
        more=_more(told),
        byline=_byline(change),
        tiles=told[:_TILES],
        drawn=[effect for effect in told if effect.impact_id in figures],
        moved_tests=[effect for effect in told if effect.cases],
        suspects=[effect for effect in told if effect.verdict != "upstream" and len(effect.candidates) > 1],
        same_time=list(
            dict.fromkeys(one for effect in told if effect.verdict == "upstream" for one in _named(effect))
        ),
        also=_distinct(one for effect in told for one in effect.also),
        advice=_distinct(effect.advice for effect in told if effect.advice),
        budget=budget(change),
        reference=(change.revision or (change.effects[0].impact_id if change.effects else ""))[:8],
        figures=embedded(figures),
        plotly=get_plotlyjs() if figures else "",
    )


def lead(change: ChangePage) -> str:
    """The page in one plain sentence."""
    if change.told:
        return change.told[0].sentence
    if change.open:
        return change.open[0].sentence
    what = f"commit {change.revision[:7]}" if change.revision else "this change"
    return f"Nothing is known to have moved at {what}."


def budget(change: ChangePage) -> str:
    """How often a finding is wrong about there being a change, in words."""
    share = change.false_findings_percent
    often = f"about 1 in {100 / share:.0f}" if share <= 50 else f"{share:g} %"
    return (
        f"Of all findings that are told so, {often} is wrong about there being a change; whether it was this "
        "commit has a number of its own."
    )


def where(effect: Effect) -> str:
    """The scope of a finding in words."""
    kind = {"case": "test"}.get(effect.scope_kind, effect.scope_kind)
    named = f"{kind} {effect.scope}"
    return named if effect.scope_kind == "suite" or not effect.suite else f"{named} of {effect.suite}"


def difference(effect: Effect, *, interval: bool = True) -> str:
    """How far it moved, with its interval: in points, or relative where that is known."""
    if effect.ratio is not None:
        values, unit = [100 * (one - 1) for one in effect.ratio], "%"
    else:
        known = (effect.difference, effect.low, effect.high)
        values = [one for one in known if one is not None]
        unit = "points" if effect.unit == "%" else ""
        if not values:
            return wording.NOT_KNOWN
    digits = 1 if unit or max(map(abs, values)) >= 1 else 4
    shown = [wording.signed(one, digits) for one in values]
    unit = f" {unit}" if unit else ""
    return (
        f"{shown[0]}{unit} [{shown[1]}, {shown[2]}]" if interval and len(shown) == 3 else f"{shown[0]}{unit}"
    )


def prose(text: str) -> Segments:
    """A sentence in which what stands between backticks is a command or a name."""
    return [("code" if at % 2 else "", part) for at, part in enumerate(text.split("`")) if part]


def level(value: float | None, effect: Effect) -> str:
    """The level of one test. Cases of shares are fractions of 1 in the store."""
    if effect.unit == "%" and value is not None:
        return wording.percent(value)
    return wording.amount(value, effect.unit)


def answer(skill: str | None) -> str:
    """What a test was answered with most often."""
    if skill is None:
        return ""
    return skill or NO_SKILL


def part_name(part: PartChange) -> str:
    """A part as a reader knows it."""
    kind = part.part.replace("_", " ")
    if not part.name:
        return kind
    return part.name if part.part in ("", part.name) else f"{kind}: {part.name}"


def verdict(effect: Effect) -> str:
    """The verdict in words: `mixed` where tests moved and made up for one another."""
    return "mixed" if effect.verdict == "unchanged" else effect.verdict.replace("_", " ")


def words_changed(part: PartChange) -> Segments:
    """The old and the new text in one, by words: ` ` is in both, `-` only in the old, `+` in the new."""
    old, new = part.old or "", part.new or ""
    before, after = (re.findall(r"\s+|[^\s]+", text) for text in (old, new))
    if not old or not new or len(before) + len(after) > _COMPARED_WORDS:
        return [(sign, text) for sign, text in (("-", old), ("+", new)) if text]
    found: Segments = []
    for tag, begin, end, first, last in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        if tag == "equal":
            found.append((" ", "".join(before[begin:end])))
            continue
        found += [
            (sign, "".join(words))
            for sign, words in (("-", before[begin:end]), ("+", after[first:last]))
            if words
        ]
    return found


def diff_lines(text: str) -> Iterator[tuple[str, str]]:
    """Lines of a unified diff with what they are: `add`, `del`, `hunk` or nothing."""
    lines = text.splitlines()
    for line in lines[:_DIFF_LINES]:
        kind = {"+": "add", "-": "del", "@": "hunk"}.get(line[:1], "same")
        yield kind, line
    if len(lines) > _DIFF_LINES:
        yield "hunk", f"… and {len(lines) - _DIFF_LINES:,} more lines"


def _named(effect: Effect) -> Iterator[tuple[str, str]]:
    """The commits that a finding names, as they are written, with their subjects."""
    for one in effect.candidates:
        yield one.revision[:7], one.subject or ""


def _title(change: ChangePage) -> str:
    if change.revision is None:
        switched = [file for file in change.files if file.source == "telemetry"]
        return switched[0].summary if switched else "A movement that no commit can be named for"
    return f"{change.revision[:7]} {wording.shortened(change.subject or '', 90)}".strip()


def _byline(change: ChangePage) -> str:
    parts = [
        f"Repository {change.repository}" if change.repository else "",
        f"by {change.author}" if change.author else "",
        f"{change.changed_at:%Y-%m-%d %H:%M} UTC" if change.changed_at else "",
        _files(change.files),
    ]
    return " · ".join(part for part in parts if part)


def _files(files: Sequence[FileChange]) -> str:
    changed = sum(file.source != "telemetry" for file in files)
    return f"{wording.plural(changed, 'tracked file')} changed" if changed else ""


def _more(told: Sequence[Effect]) -> str:
    """What moved beside the first finding, by whether it is better."""
    rest = told[1:]
    if not rest:
        return ""
    better = sum(effect.better is True for effect in rest)
    worse = sum(effect.better is False for effect in rest)
    counted = [
        f"{number} for the {word}" for number, word in ((better, "better"), (worse, "worse")) if number
    ]
    which = " and ".join(counted) or "of no clear worth"
    return f"Besides, {wording.plural(len(rest), 'more finding')} here: {which}."


def _distinct(texts: Any) -> list[str]:
    return list(dict.fromkeys(texts))
