"""When requests come in: a Poisson process whose rate follows the hour and the day of the week."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import accumulate
from random import Random

from gnomon_analysis.simulation.fleet import Fleet, Place
from gnomon_analysis.simulation.scenario import Scenario, Traffic

_DAY = 86_400.0
# 1970-01-01 was a Thursday.
_THURSDAY = 3
_SATURDAY = 5


class Rate:
    """Requests a second at each moment; `flat` leaves the cycles of day and week out."""

    def __init__(self, traffic: Traffic, per_day: float, *, flat: bool = False) -> None:
        self._swing = 0.0 if flat else traffic.daily_swing_percent / 100
        self._peak = traffic.peak_hour / 24
        weekend = 1.0 if flat else traffic.weekend_percent / 100
        # The mean over a week is the rate that was asked for.
        self._weekday = per_day / _DAY * 7 / (5 + 2 * weekend)
        self._weekend = self._weekday * weekend
        self.highest = max(self._weekday, self._weekend) * (1 + self._swing)

    def at(self, moment: float) -> float:
        """The rate at a moment, Unix seconds."""
        days = moment / _DAY
        of_day = self._weekend if (int(days) + _THURSDAY) % 7 >= _SATURDAY else self._weekday
        return of_day * (1 + self._swing * math.cos(2 * math.pi * (days % 1 - self._peak)))


def arrivals(scenario: Scenario, fleet: Fleet, rate: Rate, began: float) -> Iterator[tuple[float, Place]]:
    """Moments (Unix seconds) from `began` on, without end, each with the place where a request comes in."""
    chance = Random(f"{scenario.seed}/arrivals")  # noqa: S311 - nothing secret hangs on it
    weights = list(accumulate(fleet.weights))
    # A workflow is one arrival and two requests.
    thinning = 1 / (1 + scenario.work.workflow_percent / 100)
    highest = rate.highest * thinning
    moment = began
    while True:
        moment += chance.expovariate(highest)
        if chance.random() * highest < rate.at(moment) * thinning:
            yield moment, chance.choices(fleet.places, cum_weights=weights)[0]
