"""What each figure must be."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.changes.scores import Figure


@dataclass(frozen=True, slots=True)
class Bar:
    """Bounds of a figure; None is no bound."""

    figure: str
    words: str
    least: float | None = None
    most: float | None = None

    def met(self, figure: Figure) -> bool | None:
        """Whether the figure keeps to the bounds; None if it is not known, or there are none."""
        if not figure.known or (self.least is None and self.most is None):
            return None
        above = self.least is None or figure.value >= self.least
        return above and (self.most is None or figure.value <= self.most)

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        if self.least is None and self.most is None:
            return ""
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"


BARS = (
    Bar("clear noticed", "clear steps noticed", least=0.95),
    Bar("clear ±1", "clear steps placed to ±1 commit", least=0.80),
    Bar("accusations right", "accusations right to ±1", least=0.74),
    Bar("accusations far", "wrong by more than ten commits, or no step at all", most=0.06),
    Bar("clean accused", "clean series accused", most=0.01),
    Bar("wobble accused", "clean series whose commits wobble accused", most=0.01),
    Bar("short accused", "clean series of 2 to 12 commits accused", most=0.01),
    Bar("short suites accused", "clean cases of suites of 2 to 12 commits accused", most=0.01),
    Bar("false alarms", "false alarms per 1,000 series-commits", most=0.2),
    Bar("upstream blamed", "model swaps blamed on a commit", most=0.02),
    Bar("drift blamed", "drift blamed on a commit", most=0.4),
    Bar("blips blamed", "one-commit blips blamed", most=0.02),
    Bar("sparse right", "every fifth commit tested: right commit named", least=0.80),
    Bar("sparse right, shipped", "the same with Gnomon's own weights of what was touched", least=0.80),
    Bar("suite noticed", "one-run suites: moved cases noticed", least=0.88),
    Bar("suite precision", "one-run suites: accusations right to ±1", least=0.70),
    Bar("sets hold", "candidate sets that hold the truth", least=0.95),
    Bar("set size", "median size of a candidate set", most=3),
    Bar("intervals cover", "intervals that hold the true size", least=0.93, most=0.97),
    Bar("confidence error", "stated confidence less share right", least=-0.03, most=0.03),
)

REPLAY_BARS = (
    Bar("found", "steps found", least=0.92),
    Bar("wrong share of alarms", "wrong share of alarms", most=0.08),
    Bar("median delay", "median delay, commits"),
    Bar("90th", "nine in ten within, commits"),
    Bar("false /1,000", "false alarms per 1,000 series-commits"),
    Bar("ever falsely accused", "series ever falsely accused"),
    Bar("still told at the end", "right alarms still told at the end"),
)

SEARCH_BARS = (
    Bar("right", "right commit, .95 falls to .6", least=0.94),
    Bar("runs", "mean runs, .95 falls to .6", most=95),
)

SCALE_BARS = (
    Bar("locate seconds", "10,000 commits of 200 cases and 5 metrics: statistics alone, seconds", most=60),
    Bar("locate processor", "seconds of processors in that"),
    Bar("locate megabytes", "their peak memory, MB", most=1024),
    Bar("stored seconds", "the same from a store to findings, seconds", most=60),
    Bar("stored processor", "seconds of processors in that"),
    Bar("stored megabytes", "its peak memory, MB", most=1024),
    Bar("appended seconds", "one run more, seconds", most=1),
    Bar("appended processor", "seconds of processors in that"),
    Bar("history ratio", "10,000 commits of history read, by the time of `git log --raw`", most=2),
    Bar("history seconds", "the same, seconds"),
)
