"""The few lines at the end of a run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gnomon.runs.money import dollars
from gnomon.runs.points import RunPoints
from gnomon.runs.proportion import wilson
from gnomon.spool import DeliveryReport


def lines(
    *,
    run_id: str,
    sequence: int,
    suite: str,
    points: RunPoints,
    spool_directory: Path,
    elsewhere: bool,
    delivery: DeliveryReport | None,
    troubles: Sequence[str],
) -> Iterator[str]:
    """The summary, a line an item; `elsewhere` says that the spool is not the project's own."""
    outcomes = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in _ordered(points.outcomes))
    reruns = points.attempts_beyond_first
    more = f", {reruns} rerun{'s' if reruns != 1 else ''}" if reruns else ""
    yield f"run {run_id[:12]} (#{sequence} of {suite}): {outcomes or 'no tests'}{more}"
    yield from _accuracy(points)
    if points.calls:
        yield _calls(points)
    yield _data(spool_directory, delivery, elsewhere=elsewhere)
    yield from (f"note: {trouble}" for trouble in troubles)


def _ordered(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])


def _accuracy(points: RunPoints) -> Iterator[str]:
    judged, correct = points.judged.total(), points.correct.total()
    if judged:
        unanswered = f"; {points.unanswered} without an answer" if points.unanswered else ""
        yield (
            f"routing accuracy {100 * correct / judged:.1f} % "
            f"{_interval(correct, judged)} ({correct} of {judged}{unanswered})"
        )
    elif points.unanswered:
        yield f"routing accuracy unknown: {points.unanswered} routing tests without an answer"
    if expected := points.tools_expected.total():
        matched = points.tools_matched.total()
        yield (
            f"tool-use accuracy {100 * matched / expected:.1f} % "
            f"{_interval(matched, expected)} ({matched} of {expected} commands)"
        )


def _interval(successes: int, trials: int) -> str:
    low, high = wilson(successes, trials) or (0.0, 1.0)
    return f"[{100 * low:.1f}, {100 * high:.1f}]"


def _calls(points: RunPoints) -> str:
    reasons = ", ".join(f"{number} {reason}" for reason, number in _ordered(points.retries))
    retries = points.retries.total()
    retried = f"{retries} retr{'y' if retries == 1 else 'ies'}" + (f" ({reasons})" if reasons else "")
    costs = " + ".join(f"{dollars(usd)} {source}" for source, usd in sorted(points.costs.items()))
    plural = "" if points.calls == 1 else "s"
    return (
        f"{points.calls} model call{plural}, {retried}, {points.tokens:,} tokens, {costs or 'cost unknown'}"
    )


def _data(directory: Path, delivery: DeliveryReport | None, *, elsewhere: bool) -> str:
    place = directory
    with contextlib.suppress(ValueError, OSError):  # the suite may have removed the working directory
        place = directory.relative_to(Path.cwd())
    # Commands look into the project's own spool: another one has to be named.
    look = f"gnomon ingest {place}" if elsewhere else "gnomon show last"
    if delivery is None:
        return f"data: {place} (`{look}`)"
    if not delivery.waiting and not delivery.refused:
        return f"data: sent; a copy is in {place} (`{look}`)"
    replay = f"gnomon spool replay --directory {place}" if elsewhere else "gnomon spool replay"
    if not delivery.waiting:
        again = f"`{replay} --again` sends the whole spool anew"
        return f"data: {_files(delivery.refused)} refused, kept in {place} ({delivery.why}); {again}"
    refused = f"{delivery.refused} refused, " if delivery.refused else ""
    send = f"`{replay}` sends them" if elsewhere else f"the next run or `{replay}` sends them"
    return f"data: {refused}{_files(delivery.waiting)} kept in {place} ({delivery.why}); {send}"


def _files(number: int) -> str:
    return f"{number} file" if number == 1 else f"{number} files"
