"""The past in several processes: each simulates some of the departments, as a service of its own."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from gnomon.errors import UserError
from gnomon.settings import Settings
from gnomon_analysis.simulation.interruption import Interruption
from gnomon_analysis.simulation.outlets import Past
from gnomon_analysis.simulation.simulation import Outcome, Progress, Share, Simulation, Wish
from gnomon_analysis.simulation.truth import Truth

_NAP_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """What one process is to do; `hours` is the temporary file of its truth."""

    wish: Wish
    settings: Settings
    spool: Path
    described: dict[str, Any]
    interval: float
    share: Share
    hours: Path | None

    def run(self, stop: Interruption, tell: Callable[[Progress], None]) -> Outcome:
        """Does it, in this process."""
        outlet = Past(
            self.spool,
            self.settings,
            self.described,
            began=self.wish.began,
            interval=self.interval,
            stop=stop,
        )
        simulation = Simulation(self.wish, self.settings, self.spool, self.share)
        return simulation.run(outlet, Truth(self.hours), tell)


def run_all(jobs: Sequence[Job], stop: Interruption, tell: Callable[[Progress], None]) -> list[Outcome]:
    """Does all jobs at the same time; a wish to stop goes to each of them.

    Raises what a job raised: OSError where files cannot be written.
    """
    if len(jobs) == 1:
        return [jobs[0].run(stop, tell)]
    context = multiprocessing.get_context("spawn")
    running: dict[Connection, tuple[int, SpawnProcess]] = {}
    for number, job in enumerate(jobs):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_in_child, args=(job, theirs), daemon=True)
        process.start()
        theirs.close()
        running[ours] = number, process
    try:
        return _gather(running, len(jobs), stop, tell)
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


def _gather(
    running: dict[Connection, tuple[int, SpawnProcess]],
    count: int,
    stop: Interruption,
    tell: Callable[[Progress], None],
) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    progress: dict[int, Progress] = {}
    # Those that would be killed by a wish to stop, as they do not listen for one yet, or have heard it.
    deaf = set(range(count))
    while len(outcomes) < count:
        for number, process in running.values():
            if stop.signal and number not in deaf:
                deaf.add(number)
                process.terminate()
        for connection in wait(list(running), _NAP_SECONDS):
            assert isinstance(connection, Connection)  # noqa: S101 - what we waited for
            number, process = running[connection]
            try:
                said = connection.recv()
            except EOFError:
                raise UserError(
                    f"a process of the simulation ended with {process.exitcode} before its work was done; "
                    "try again with --processes 1"
                ) from None
            if said is None:
                deaf.discard(number)
                continue
            if isinstance(said, Exception):
                raise said
            if isinstance(said, Progress):
                progress[number] = said
                tell(_together(list(progress.values())))
                continue
            outcomes[number] = said
            del running[connection]
            process.join()
    return [outcomes[number] for number in range(count)]


def _together(several: Sequence[Progress]) -> Progress:
    """As far as the slowest, with the requests of all."""
    requests = sum(progress.requests for progress in several)
    return Progress(min(progress.lapsed for progress in several), several[0].of, requests)


def _in_child(job: Job, connection: Connection) -> None:
    # Ctrl-C reaches every process of a terminal; the parent says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A parent that is gone wants nothing more.
    with Interruption((signal.SIGTERM,)) as stop, suppress(BrokenPipeError):
        try:
            connection.send(None)  # from now on it listens
            connection.send(job.run(stop, connection.send))
        except BrokenPipeError:
            raise
        except Exception as error:
            connection.send(error)
