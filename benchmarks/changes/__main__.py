"""`python -m benchmarks.changes`: the statistics of changes on histories with known causes, beside peers.

Seeds 1 and 2 are for judging alone: constants are chosen on 3, 4 and 5.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.changes.detectors.named import MAKERS, SIDE_BY_SIDE, detector
from benchmarks.changes.judging import Judged
from benchmarks.changes.running import RATED, Done, all_done, do, tasks
from benchmarks.changes.scenarios import GROUPS
from benchmarks.changes.scores import Figure, mean_over_seeds, of_families, of_group, overall
from benchmarks.changes.tables import of_bars, of_groups
from benchmarks.measure import machine

Shown = dict[str, dict[str, Figure]]


def main() -> None:
    """Runs what is asked for and prints it."""
    chosen = _options()
    began = time.perf_counter()
    for name in chosen.detectors:
        detector(name)  # Environments are made before the clock matters.
    print(f"# {machine()}\n\nseeds {chosen.seeds}\n")
    done = all_done(do, tasks(chosen.detectors, chosen.seeds, chosen.groups, chosen.quick), chosen.processes)
    figures = _overall(done, chosen)
    print(of_bars(figures, chosen.detectors[0]))
    _print_groups(done, chosen)
    print(f"\n{time.perf_counter() - began:.0f} s")
    if chosen.json:
        content = {name: {key: asdict(one) for key, one in own.items()} for name, own in figures.items()}
        chosen.json.write_text(json.dumps(content, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.changes", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 4, 5])
    parser.add_argument(
        "--group", dest="groups", action="append", choices=GROUPS, help="only this; repeatable"
    )
    parser.add_argument("--detector", dest="detectors", action="append", choices=MAKERS, help="repeatable")
    parser.add_argument("--quick", action="store_true", help="a fifth of the histories")
    parser.add_argument("--cells", action="store_true", help="a line for each variant of a scenario")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    chosen = parser.parse_args()
    chosen.groups = chosen.groups or list(GROUPS)
    chosen.detectors = chosen.detectors or list(SIDE_BY_SIDE)
    return chosen


def _judged(done: Sequence[Done], name: str, seed: int | None = None, rate: bool = False) -> list[Judged]:
    return [
        one
        for part in done
        if part.task.detector == name and part.task.rate == rate and seed in (None, part.task.seed)
        for one in part.judged
    ]


def _overall(done: Sequence[Done], chosen: argparse.Namespace) -> Shown:
    shown: Shown = {}
    for name in chosen.detectors:
        by_seed = [overall(_judged(done, name, seed)) for seed in chosen.seeds]
        shown[name] = {key: mean_over_seeds([one[key] for one in by_seed]) for key in by_seed[0]}
    return shown


def _print_groups(done: Sequence[Done], chosen: argparse.Namespace) -> None:
    for name in chosen.detectors:
        seconds = sum(part.seconds for part in done if part.task.detector == name)
        histories = _judged(done, name)
        rows: dict[str, Mapping[str, Figure]] = {}
        for group in chosen.groups:
            own = [one for one in histories if one.group == group]
            rows[group] = of_group(own)
            if chosen.cells:
                cells = dict.fromkeys(one.cell for one in own)
                rows |= {f"{group}: {c}": of_group([one for one in own if one.cell == c]) for c in cells}
        print(f"\n## {name}, by group ({seconds:.1f} s)\n")
        print(of_groups(rows, list(of_group([]))))
    families: dict[str, Mapping[str, Figure]] = {}
    for group in (group for group in chosen.groups if group in RATED):
        for name in chosen.detectors:
            if name != "ceiling":
                own = [one for one in _judged(done, name) if one.group == group]
                families[f"{group}: {name}"] = of_families(own)
                rated = [one for one in _judged(done, name, rate=True) if one.group == group]
                if rated:
                    families[f"{group}: {name}, on the rate of all"] = of_families(rated)
    if families:
        print("\n## suites as a whole\n")
        print(of_groups(families, list(of_families([]))))


if __name__ == "__main__":
    main()
