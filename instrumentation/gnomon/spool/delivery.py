"""Sends what waits in the spool, once, within a deadline; what is not accepted stays."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import field, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from gnomon.otlp.endpoint import Signal, Target
from gnomon.record import Record
from gnomon.spool import files
from gnomon.spool.journal import LINE_BYTES
from gnomon.spool.lock import try_lock

if TYPE_CHECKING:
    from gnomon.otlp.transport import Answer, Sender

DEFAULT_DEADLINE_SECONDS = 2.0


class DeliveryReport(Record, frozen=False):
    """What one delivery did.

    `sent`, `refused` and `waiting` count files; `requests` counts accepted lines; `why` says in
    words why something waits or was refused, and is empty otherwise. `retry_after` is the number of
    seconds that a backend asked for, `slowest_answer` the seconds that the slowest answer took.
    """

    sent: int = 0
    refused: int = 0
    waiting: int = 0
    requests: int = 0
    why: str = ""
    retry_after: float = 0.0
    slowest_answer: float = 0.0
    delivered: list[Path] = field(default_factory=list)


def deliver(
    directory: Path, targets: Mapping[Signal, Target], deadline_seconds: float = DEFAULT_DEADLINE_SECONDS
) -> DeliveryReport:
    """Sends every pending file, oldest first, and comes back when the deadline has passed at the latest.

    Each line is tried once. A line that was accepted is not sent again by a later delivery. Safe to
    call from several processes: one of them delivers, the others report what waits. Never raises
    for what a backend or a disk does.
    """
    report = DeliveryReport()
    if not targets or not files.pending(directory):
        return report
    worker = threading.Thread(
        target=_deliver, args=(directory, targets, time.monotonic() + deadline_seconds, report), daemon=True
    )
    worker.start()
    # The sockets have time-outs of their own; a name server or a dripping answer can outlast them.
    worker.join(deadline_seconds + 0.05)
    if worker.is_alive():
        report = replace(report, why=report.why or "no answer in time", delivered=list(report.delivered))
    report.waiting = sum(1 for path in files.pending(directory) if files.signal_of(path) in targets)
    return report


def _deliver(
    directory: Path, targets: Mapping[Signal, Target], deadline: float, report: DeliveryReport
) -> None:
    try:
        descriptor = os.open(directory / ".deliver.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        report.why = f"the spool cannot be written: {error.strerror}"
        return
    # Here and not above: a run without an endpoint needs no HTTP client.
    from gnomon.otlp.transport import Connections, connect  # noqa: PLC0415

    connections: Connections = {}
    senders: dict[Signal, Sender] = {}
    stopped: set[Signal] = set()  # one signal's dead backend must not hold up another's
    try:
        if not try_lock(descriptor):
            report.why = "another process is delivering"
            return
        for path in files.pending(directory):
            signal = files.signal_of(path)
            if signal is None or signal not in targets or signal in stopped:
                continue
            if signal not in senders:
                senders[signal] = connect(targets[signal], connections)
            try:
                if not _deliver_file(path, senders[signal], deadline, report):
                    stopped.add(signal)
            except FileNotFoundError:
                continue  # pruned meanwhile
    except OSError as error:
        report.why = f"the spool cannot be written: {error}"
    finally:
        for sender in senders.values():
            sender.close()
        os.close(descriptor)


def _deliver_file(path: Path, sender: Sender, deadline: float, report: DeliveryReport) -> bool:
    """Sends one file from its cursor on; False where the rest of its signal should wait."""
    done = files.acknowledged(path)
    refusal = ""
    with path.open("rb", buffering=LINE_BYTES) as lines, closing(files.Cursor(path)) as cursor:
        for number, (line, following) in enumerate(pairwise(chain(lines, (b"",))), start=1):
            if number <= done:
                continue
            begun = time.monotonic()
            # An answer that comes too late would make the next delivery send the line once more: a
            # line is not begun unless there is time for an answer as slow as the slowest so far.
            if deadline - begun <= report.slowest_answer:
                report.why = "no time left for more"
                return False
            answer = sender.send(line.rstrip(b"\n"), deadline - begun)
            report.slowest_answer = max(report.slowest_answer, time.monotonic() - begun)
            if answer.verdict.value == "later":
                _stopped(report, answer)
                return False
            if answer.verdict.value == "refused":
                refusal = answer.why
            else:
                report.requests += 1
            if following:  # the last line is done with the file, which gets its final name at once
                cursor.move(number)
    if refusal:
        report.why = refusal
        report.refused += 1
        files.settle(path, files.REJECTED)
    else:
        report.sent += 1
        report.delivered.append(files.settle(path, files.SENT))
    return True


def _stopped(report: DeliveryReport, answer: Answer) -> None:
    report.why = answer.why
    report.retry_after = answer.retry_after
