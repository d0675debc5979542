"""The parts of a run: each measures and writes its tables."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.changes import culprit, replay, scale, short
from benchmarks.changes.bars import BARS, REPLAY_BARS, SCALE_BARS, SEARCH_BARS
from benchmarks.changes.judging import Judged
from benchmarks.changes.running import RATED, Done, all_done, do, tasks
from benchmarks.changes.scores import Figure, mean_over_seeds, of_families, of_group, of_short, overall
from benchmarks.changes.tables import of_bars, of_groups

Figures = dict[str, Mapping[str, Figure]]

REPLAYED = 10
SEARCHES = 300


@dataclass(frozen=True, slots=True)
class Report:
    """Tables in Markdown, and the figures in them by detector and name."""

    text: str
    figures: Mapping[str, Mapping[str, Figure]]


def scenarios(chosen: argparse.Namespace) -> Report:
    """All detectors over all histories."""
    work = tasks(chosen.detectors, chosen.seeds, chosen.groups, chosen.quick)
    done = all_done(do, work, chosen.processes, "scenarios")
    figures = {name: _over_seeds(done, name, chosen.seeds) for name in chosen.detectors}
    tables = [of_bars(figures, chosen.detectors[0], BARS)]
    if families := _families(done, chosen):
        tables.append(f"### Suites as a whole\n\n{of_groups(families, list(of_families([])))}")
    tables += [
        _short(done, name) for name in chosen.detectors if name != "ceiling" and short.SINGLE in chosen.groups
    ]
    if chosen.by_group or chosen.cells:
        tables += [_groups(done, name, chosen) for name in chosen.detectors]
    return Report("\n\n".join(tables), figures)


def replays(chosen: argparse.Namespace) -> Report:
    """Histories watched as they arrive; what alerts a person has its own hazard."""
    names = [name for name in chosen.detectors if name != "ceiling"]
    if "gnomon" in names:
        names.insert(0, "gnomon-paging")
    count = REPLAYED // 5 if chosen.quick else REPLAYED
    work = [(name, seed, number) for name in names for seed in chosen.seeds for number in range(count)]
    watched = all_done(replay.watch, work, chosen.processes, "replay")
    figures: Figures = {}
    for name in names:
        by_seed = [
            replay.figures([one for one, task in zip(watched, work, strict=True) if task[:2] == (name, seed)])
            for seed in chosen.seeds
        ]
        figures[name] = _means(by_seed)
    return Report(of_bars(figures, names[0], REPLAY_BARS), figures)


def search(chosen: argparse.Namespace) -> Report:
    """The culprit among 32 commits."""
    count = SEARCHES // 5 if chosen.quick else SEARCHES
    rows: Figures = {}
    barred: Figures = {}
    for name in culprit.SEARCHES:
        for rates in culprit.RATES:
            by_seed = [
                culprit.figures(
                    all_done(
                        culprit.search,
                        [(name, rates, seed, number) for number in range(count)],
                        chosen.processes,
                        f"search, {name}",
                    )
                )
                for seed in chosen.seeds
            ]
            rows[f"{rates[0]:g} → {rates[1]:g}: {name}"] = _means(by_seed)
            if rates == culprit.BARRED:
                barred[name] = _means(by_seed)
    table = of_bars(barred, "Gnomon", SEARCH_BARS)
    return Report(f"{table}\n\n{of_groups(dict(sorted(rows.items())), ['right', 'runs'])}", rows)


def long_histories(chosen: argparse.Namespace) -> Report:
    """Time and memory."""
    figures: Figures = {"gnomon": scale.figures(chosen.quick)}
    return Report(of_bars(figures, "gnomon", SCALE_BARS), figures)


PARTS: Mapping[str, Callable[[argparse.Namespace], Report]] = {
    "scenarios": scenarios,
    "replay": replays,
    "search": search,
    "scale": long_histories,
}


def _means(by_seed: Sequence[Mapping[str, Figure]]) -> Mapping[str, Figure]:
    return {key: mean_over_seeds([one[key] for one in by_seed]) for key in by_seed[0]}


def _judged(done: Sequence[Done], name: str, seed: int | None = None, rate: bool = False) -> list[Judged]:
    return [
        one
        for part in done
        if part.task.detector == name and part.task.rate == rate and seed in (None, part.task.seed)
        for one in part.judged
    ]


def _over_seeds(done: Sequence[Done], name: str, seeds: Sequence[int]) -> Mapping[str, Figure]:
    return _means([overall(_judged(done, name, seed)) for seed in seeds])


def _groups(done: Sequence[Done], name: str, chosen: argparse.Namespace) -> str:
    seconds = sum(part.seconds for part in done if part.task.detector == name)
    histories = _judged(done, name)
    rows: Figures = {}
    for group in chosen.groups:
        own = [one for one in histories if one.group == group]
        rows[group] = of_group(own)
        if chosen.cells:
            for cell in dict.fromkeys(one.cell for one in own):
                rows[f"{group}: {cell}"] = of_group([one for one in own if one.cell == cell])
    return f"### {name}, by group ({seconds:.1f} s)\n\n{of_groups(rows, list(of_group([])))}"


def _families(done: Sequence[Done], chosen: argparse.Namespace) -> Figures:
    rows: Figures = {}
    for group in (group for group in chosen.groups if group in RATED):
        for name in (name for name in chosen.detectors if name != "ceiling"):
            for rate, words in ((False, ""), (True, ", on the rate of all")):
                own = [one for one in _judged(done, name, rate=rate) if one.group == group]
                if own:
                    rows[f"{group}: {name}{words}"] = of_families(own)
    return rows


def _short(done: Sequence[Done], name: str) -> str:
    """Short histories by length and runs, all sizes of steps together; suites of all numbers of runs."""
    histories = _judged(done, name)
    rows: Figures = {}
    for moved, clean, lengths in (
        (short.SINGLE, short.CLEAN, [f"{commits} commits, {runs} runs" for commits, runs in short.NOTHING]),
        (short.SUITE, short.CLEAN_SUITE, [f"{commits} commits," for commits in short.COMMITS]),
    ):
        for length in lengths:
            for points in short.POINTS:
                rows[f"{moved}: {length.rstrip(',')}, -{points} points"] = of_short(
                    [one for one in histories if one.group == moved and _is(one, length, points)],
                    [one for one in histories if one.group == clean and one.cell.startswith(length)],
                )
    return f"### Short histories: {name}\n\n{of_groups(rows, list(of_short([], [])))}"


def _is(one: Judged, length: str, points: int) -> bool:
    return one.cell.startswith(length) and one.cell.endswith(f" -{points} points")
