"""Whether boards and rules show what happened, when parts of the stack die meanwhile.

`python -m benchmarks.truth` plants 10,000 test results in 30 short runs under the plugin, some with workers
and some at the same time, exports them through the real Collector into a real Prometheus 3, kills the
Collector twice, Prometheus once and a worker, lets one run have a dead backend and sends its spool at the
end. Then it holds every number of the boards against the plan, and asks `gnomon reconcile`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.otlp_sink import grpc_sink, http_sink
from tests.truth.boards import ASKED, HOUR, differences, shown
from tests.truth.panels import COUNTED, PER_SECOND, Key
from tests.truth.planted_suite import plans
from tests.truth.stage import Played, play, stage

from benchmarks.measure import machine, table

HEADLINES: tuple[Key, ...] = (
    ("executive", "Total tests", "A"),
    ("executive", "Passed", "A"),
    ("executive", "Failed", "A"),
    ("executive", "Overall accuracy", "A"),
    ("executive", "Total cost", "A"),
    ("executive", "Cost per right answer", "A"),
    ("qa_engineer", "Neither", "A"),
    ("qa_engineer", "Unanswered", "A"),
    ("qa_engineer", "Reruns", "A"),
    ("qa_engineer", "Pass rate", "A"),
    ("qa_engineer", "Commands matched", "A"),
    ("sre_operations", "API retry rate", "A"),
    ("sre_operations", "429 error rate", "A"),
    ("sre_operations", "Tokens input", "A"),
    ("sre_operations", "Tokens output", "A"),
)


def main() -> None:
    """Plays, compares, prints."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=30)
    options.add_argument("--tests", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=4)
    options.add_argument("--parallel", type=int, default=2)
    chosen = options.parse_args()
    sys.stdout.write(f"# {machine()}\n\n")
    with (
        tempfile.TemporaryDirectory(prefix="gnomon-truth-") as folder,
        grpc_sink() as tempo,
        http_sink() as results,
    ):
        set_up = stage(Path(folder), tempo, results)
        try:
            began = time.monotonic()
            played = play(set_up, plans(chosen.runs, chosen.tests, chosen.seed), parallel=chosen.parallel)
            for line in report(played, time.monotonic() - began):
                sys.stdout.write(f"{line}\n")
        finally:
            set_up.stop()


def report(played: Played, seconds: float) -> Iterator[str]:
    """What was done, the headlines, and the count of differences."""
    runs = len({timed.run.number for timed in played.facts})
    yield f"{len(played.facts):,} results of {runs} runs in {seconds:.0f} s\n"
    yield from played.stage.told
    rows = []
    for key in HEADLINES:
        found, true = shown(played, ASKED[key])
        rows.append((f"{key[0]}: {key[1]}", f"{found[()]:.15g}", f"{true[()]:.15g}"))
    yield ""
    yield table(("panel", "shown", "true"), rows)
    compared = wrong = 0
    for key in (*COUNTED, *PER_SECOND):
        for window in (HOUR, 24 * HOUR):
            for suite in (None, "routing"):
                compared += 1
                found_wrong = differences(played, ASKED[key], window, suite)
                wrong += len(found_wrong)
                yield from (f"{key}: {line}" for line in found_wrong)
    yield f"\n{len(COUNTED) + len(PER_SECOND)} queries of panels, {compared} answers, {wrong} values wrong"
    there = {span.span_id for span in played.stage.tempo.spans}
    recorded = {span.span_id for run in played.runs for span in run.spans}
    yield (
        f"{len(recorded):,} spans recorded, {len(recorded - there)} of them missing behind the Collector, "
        f"{len(played.stage.tempo.spans) - len(there)} sent twice"
    )
    played.stage.project.gnomon("ingest", str(played.stage.apart.spool))
    begun = time.monotonic()
    done = played.stage.project.gnomon(
        "reconcile", "--from", "-6h", "--prometheus", played.stage.prometheus.address
    )
    took = time.monotonic() - begun
    yield f"gnomon reconcile ends with {done.status} after {took:.1f} s: {done.stdout.strip()}"


if __name__ == "__main__":
    main()
