"""How long pytest takes to end when the telemetry backend does not answer, and what is left of the data.

`python -m benchmarks.dead_collector` runs a suite against a backend that refuses the connection,
accepts and never answers, takes a second an answer, or answers 503; for each contestant it prints the
seconds added over the same environment without the plugin, the spans that arrived, and for Gnomon the
spans kept in its spool and how many of them a replay to a living backend delivers.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.spool_reader import read_spans

from benchmarks.contestants import (
    GNOMON_BASELINE,
    GNOMON_GRPC,
    GNOMON_HTTP,
    OPENTELEMETRY_BASELINE,
    OPENTELEMETRY_GRPC,
    OTEL_BASELINE,
    OTEL_GRPC,
    OTEL_HTTP,
    Contestant,
    baseline_of,
)
from benchmarks.environments import GNOMON, default_cache
from benchmarks.measure import Backend, backend, machine, run, suite, table
from benchmarks.plugin_overhead import TRIVIAL, python_of

CONTESTANTS = (GNOMON_HTTP, GNOMON_GRPC, OPENTELEMETRY_GRPC, OTEL_HTTP, OTEL_GRPC)
BASELINES = (GNOMON_BASELINE, OPENTELEMETRY_BASELINE, OTEL_BASELINE)
UNAVAILABLE = 14


@dataclass(frozen=True)
class Illness:
    """`behaviour` None refuses the connection; the others are those of tests.otlp_sink."""

    name: str
    behaviour: str | None
    status: int = 503


ILLNESSES = (
    Illness("refuses the connection", None),
    Illness("accepts, never answers", "hang"),
    Illness("one second an answer", "slow"),
    Illness("answers 503 / UNAVAILABLE", "status"),
)


@dataclass(frozen=True)
class Outcome:
    """Seconds added at exit; spans that arrived, that the spool kept, and that a replay delivered."""

    added: float
    arrived: int
    kept: int | None
    replayed: int | None


@contextlib.contextmanager
def ill_backend(illness: Illness, protocol: str) -> Iterator[tuple[str, Backend | None]]:
    """Serves a backend with the illness; gives its address and, where there is a process, the backend."""
    if illness.behaviour is None:
        with socket.socket() as keeper:  # bound and not listening: nobody else gets the port
            keeper.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{keeper.getsockname()[1]}", None
        return
    status = UNAVAILABLE if protocol == "grpc" else illness.status
    with backend(protocol, illness.behaviour, status) as served:
        yield f"http://127.0.0.1:{served.port}", served


def meet(
    contestant: Contestant,
    illness: Illness,
    folder: Path,
    options: Sequence[str],
    *,
    cache: Path,
    bare: float,
) -> Outcome:
    """One run against one ill backend, and for Gnomon the replay behind it."""
    shutil.rmtree(folder / ".gnomon", ignore_errors=True)
    assert contestant.protocol is not None
    with ill_backend(illness, contestant.protocol) as (endpoint, served):
        found = run(python_of(contestant, cache), contestant, folder, options, endpoint)
    arrived = served.arrived["spans"] if served is not None else 0
    if contestant.environment is not GNOMON:
        return Outcome(found.seconds - bare, arrived, None, None)
    kept = len({span.span_id for span in read_spans(folder / ".gnomon" / "spool")})
    with backend("http") as alive:
        subprocess.run(
            [python_of(contestant, cache).with_name("gnomon"), "spool", "replay"],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{alive.port}",
            },
            check=False,
            stdout=subprocess.DEVNULL,
        )
    return Outcome(found.seconds - bare, arrived, kept, alive.arrived["spans"])


def main() -> None:
    """Prints a Markdown table for each way of running."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 tests, one round, without the peers")
    parser.add_argument(
        "--rounds", type=int, help="rounds, of which the median is shown (default 3, quick 1)"
    )
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where the environments are kept")
    arguments = parser.parse_args()
    tests = 200 if arguments.quick else 1_000
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    contestants = CONTESTANTS[:2] if arguments.quick else CONTESTANTS
    baselines = BASELINES[:1] if arguments.quick else BASELINES
    print(f"{machine()}; {tests:,} tests, medians of {rounds} rounds\n")
    for options in ((), ("-n", "2")):
        with suite(TRIVIAL.format(tests=tests)) as folder:
            bare = {
                baseline: statistics.median(
                    run(python_of(baseline, arguments.cache), baseline, folder, options).seconds
                    for _ in range(rounds + 1)
                )
                for baseline in baselines
            }
            rows = []
            for contestant in contestants:
                for illness in ILLNESSES:
                    found = [
                        meet(
                            contestant,
                            illness,
                            folder,
                            options,
                            cache=arguments.cache,
                            bare=bare[baseline_of(contestant)],
                        )
                        for _ in range(rounds)
                    ]
                    rows.append(_row(contestant, illness, found))
                    print(" ".join(rows[-1]), file=sys.stderr)
        head = ("", "backend", "s added at exit", "spans arrived", "kept in the spool", "replayed")
        print(f"### {tests:,} tests{', -n 2' if options else ''}\n\n{table(head, rows)}\n", flush=True)


def _row(contestant: Contestant, illness: Illness, found: Sequence[Outcome]) -> tuple[str, ...]:
    last = found[-1]
    return (
        contestant.name,
        illness.name,
        f"{statistics.median(one.added for one in found):+.1f}",
        str(last.arrived),
        "nothing kept" if last.kept is None else str(last.kept),
        "" if last.replayed is None else str(last.replayed),
    )


if __name__ == "__main__":
    main()
