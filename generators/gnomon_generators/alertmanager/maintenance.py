"""Times in which nobody is told, from the settings to Alertmanager's time intervals."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import Final

from gnomon.errors import UserError
from gnomon.settings.model import Maintenance
from gnomon_generators.alertmanager.receivers import Options

_DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MIDNIGHT, _DAY_END = "00:00", "24:00"


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """A maintenance window of the settings, by its name, as Alertmanager has it."""

    window: Maintenance

    @property
    def name(self) -> str:
        """The name by which routes mention it."""
        return self.window.name

    def options(self) -> Options:
        """The interval as it stands in the list of them.

        A window over midnight is two intervals, for Alertmanager's end on the day on which they begin.
        Raises `UserError` for a day that no calendar has and for days that end before they begin.
        """
        window = self.window
        if window.ends > window.starts:
            parts = [self._on(0, window.starts, window.ends)]
        else:
            parts = [self._on(0, window.starts, _DAY_END)]
            if window.ends != _MIDNIGHT:
                parts.append(self._on(1, _MIDNIGHT, window.ends))
        return {"name": self.name, "time_intervals": [one for part in parts for one in part]}

    def _on(self, later: int, starts: str, ends: str) -> list[Options]:
        """A part of the window, so many days later than its days."""
        always: Options = {}
        if (starts, ends) != (_MIDNIGHT, _DAY_END):
            always["times"] = [{"start_time": starts, "end_time": ends}]
        if days := self._weekdays(later):
            always["weekdays"] = days
        if self.window.timezone != "UTC":
            always["location"] = self.window.timezone
        return [always | dates for dates in self._dates(later)] or [always]

    def _weekdays(self, later: int) -> list[str]:
        """Single days: a range of Alertmanager's cannot go from Saturday to Sunday."""
        found = set()
        for written in self.window.weekdays:
            first, _, last = written.partition(":")
            start = _DAYS.index(first)
            length = (_DAYS.index(last or first) - start) % 7
            found |= {(start + day + later) % 7 for day in range(length + 1)}
        return [_DAYS[day] for day in sorted(found)]

    def _dates(self, later: int) -> list[Options]:
        """The days month by month, as Alertmanager knows years, months and days of a month apart."""
        found: list[Options] = []
        for written in self.window.dates:
            first, _, last = written.partition(":")
            day, end = (self._date(text) + timedelta(later) for text in (first, last or first))
            if end < day:
                raise UserError(f"alerts.maintenance {self.name}: {written} ends before it begins")
            while day <= end:
                stop = min(end, day.replace(day=monthrange(day.year, day.month)[1]))
                found.append(
                    {
                        "years": [f"{day.year}"],
                        "months": [f"{day.month}"],
                        "days_of_month": [f"{day.day}:{stop.day}" if stop > day else f"{day.day}"],
                    }
                )
                day = stop + timedelta(1)
        return found

    def _date(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise UserError(f"alerts.maintenance {self.name}: no calendar has the day {text}") from None


@dataclass(frozen=True, slots=True)
class Scope:
    """Alerts of an environment and a department, where None is any, and the windows in force for them."""

    environment: str | None
    department: str | None
    windows: tuple[str, ...]


def scopes(windows: Sequence[Maintenance]) -> Iterator[Scope]:
    """Every pair that windows tell apart, the narrower ones first; the last is that of all other alerts.

    A window is in force for a pair when it is not about another environment or department.
    """
    environments = _named(window.environment for window in windows)
    departments = _named(window.department for window in windows)
    pairs = list(product(environments, departments))
    for environment, department in sorted(pairs, key=lambda pair: pair.count(None)):
        names = tuple(
            window.name
            for window in windows
            if window.environment in (None, environment) and window.department in (None, department)
        )
        yield Scope(environment, department, names)


def _named(names: Iterator[str | None]) -> list[str | None]:
    return [*dict.fromkeys(name for name in names if name is not None), None]
