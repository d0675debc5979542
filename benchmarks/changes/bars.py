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
        """Whether the figure keeps to the bounds; None if it is not known."""
        if not figure.known:
            return None
        above = self.least is None or figure.value >= self.least
        return above and (self.most is None or figure.value <= self.most)

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"


BARS = (
    Bar("clear noticed", "clear steps noticed", least=0.95),
    Bar("clear ±1", "clear steps placed to ±1 commit", least=0.80),
    Bar("accusations right", "accusations right to ±1", least=0.74),
    Bar("accusations far", "wrong by more than ten commits, or no step at all", most=0.06),
    Bar("clean accused", "clean series accused", most=0.01),
    Bar("wobble accused", "clean series whose commits wobble accused", most=0.01),
    Bar("false alarms", "false alarms per 1,000 series-commits", most=0.2),
    Bar("upstream blamed", "model swaps blamed on a commit", most=0.02),
    Bar("drift blamed", "drift blamed on a commit", most=0.4),
    Bar("blips blamed", "one-commit blips blamed", most=0.02),
    Bar("sparse right", "every fifth commit tested: right commit named", least=0.80),
    Bar("suite noticed", "one-run suites: moved cases noticed", least=0.88),
    Bar("suite precision", "one-run suites: accusations right to ±1", least=0.70),
    Bar("sets hold", "candidate sets that hold the truth", least=0.95),
    Bar("set size", "median size of a candidate set", most=3),
    Bar("intervals cover", "intervals that hold the true size", least=0.93, most=0.97),
    Bar("confidence error", "stated confidence less share right", least=-0.03, most=0.03),
)
