"""`python -m benchmarks.changes`: the statistics of changes on histories with known causes, beside peers.

Seeds 1 and 2 are for judging alone: constants are chosen on 3 to 7.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.changes.detectors.named import MAKERS, SIDE_BY_SIDE, detector
from benchmarks.changes.parts import PARTS, Report
from benchmarks.changes.scenarios import GROUPS
from benchmarks.measure import machine


def main() -> None:
    """Runs what is asked for and prints it."""
    chosen = _options()
    for name in chosen.detectors:
        detector(name)  # Environments are made before the clock matters.
    print(f"{machine()}; seeds {', '.join(map(str, chosen.seeds))}")
    figures = {}
    for part in chosen.parts:
        began = time.perf_counter()
        report: Report = PARTS[part](chosen)
        print(f"\n## {part.capitalize()}\n\n{report.text}\n\n{time.perf_counter() - began:.0f} s")
        figures[part] = {
            name: {key: asdict(one) for key, one in own.items()} for name, own in report.figures.items()
        }
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.changes", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 4, 5])
    parser.add_argument("--part", dest="parts", action="append", choices=PARTS, help="default: scenarios")
    parser.add_argument("--all", action="store_true", help="all parts")
    parser.add_argument("--group", dest="groups", action="append", choices=GROUPS, help="only this")
    parser.add_argument("--detector", dest="detectors", action="append", choices=MAKERS, help="only this")
    parser.add_argument("--quick", action="store_true", help="a fifth of the histories")
    parser.add_argument("--by-group", action="store_true", help="a table of groups for each detector")
    parser.add_argument("--cells", action="store_true", help="the same with a line for each variant")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    chosen = parser.parse_args()
    chosen.parts = list(PARTS) if chosen.all else chosen.parts or ["scenarios"]
    chosen.groups = chosen.groups or list(GROUPS)
    chosen.detectors = chosen.detectors or list(SIDE_BY_SIDE)
    return chosen


if __name__ == "__main__":
    main()
