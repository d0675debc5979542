"""What the hour of the day, or the day of the week, does to a whole fleet, taken out of its figures.

Indirect standardisation: what all agents of an environment came to at that hour, over what each of them comes
to on the same day as a whole. The median of that ratio over the days is the hour's own doing, since what
happens once is on one day only. A deployment of one agent moves neither the median nor the other agents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gnomon_analysis.attribution import fleet_reading as of
from gnomon_analysis.attribution.fleet_reading import Cells, Who
from gnomon_analysis.statistics.model import Floats, Integers

# With fewer cycles than that, what came once cannot be told from what comes every day.
LEAST_CYCLES = 3
# For so many events a ratio of 1 counts against the ratio that is seen.
_TRUST = 10.0

# What is taken out, with what it is counted by.
_RATIOS = (
    (of.FAILED, of.REQUESTS),
    (of.SECONDS, of.ANSWERED),
    (of.CALLS_FAILED, of.CALLS),
    (of.CALL_SECONDS, of.CALLS_ANSWERED),
    (of.RETRIES, of.CALLS),
    (of.TOKENS, of.TOKEN_CALLS),
    (of.COST, of.CALLS),
)
_EVENTS = frozenset({of.FAILED, of.CALLS_FAILED, of.RETRIES})


def without_cycle(cells: Cells, whos: Sequence[Who], length: int) -> Cells:
    """The cells as they would be without the cycle of `length` stretches of time (24 hours, 7 days)."""
    if not len(cells.who):
        return cells
    names = {who.environment: None for who in whos}
    places = {name: number for number, name in enumerate(names)}
    environment = np.array([places[who.environment] for who in whos], dtype=np.int64)[cells.who]
    phase, cycle = cells.bucket % length, cells.bucket // length - int(cells.bucket.min()) // length
    if int(cycle.max()) + 1 < LEAST_CYCLES:
        return cells
    # Requests and each of the models are compared with themselves.
    unit = np.unique(np.stack([cells.who, cells.model, cycle]), axis=1, return_inverse=True)[1].ravel()
    sums = cells.sums.copy()
    for amount, count in _RATIOS:
        factors = _factors(
            cells.sums[:, amount],
            cells.sums[:, count],
            unit=unit,
            slot=(environment * length + phase, cycle),
            events=amount in _EVENTS,
        )
        sums[:, amount] /= factors
    return replace(cells, sums=sums)


def _factors(
    amount: Floats,
    count: Floats,
    *,
    unit: NDArray[np.intp],
    slot: tuple[Integers, Integers],
    events: bool,
) -> Floats:
    """By row, how many times as much as usual comes at its hour; shape (rows,)."""
    total, counted = np.bincount(unit, amount), np.bincount(unit, count)
    usual = np.divide(total, counted, out=np.zeros_like(total), where=counted > 0)
    expected = count * usual[unit]
    hours, cycles = int(slot[0].max()) + 1, int(slot[1].max()) + 1
    where = slot[0] * cycles + slot[1]
    seen, foreseen, by = (
        np.bincount(where, values, minlength=hours * cycles).reshape(hours, cycles)
        for values in (np.where(count > 0, amount, 0.0), expected, count)
    )
    each = np.divide(foreseen, by, out=np.zeros_like(by), where=by > 0)
    trust = _TRUST * (np.ones_like(each) if events else each)
    ratio = np.divide(seen + trust, foreseen + trust, out=np.ones_like(seen), where=foreseen + trust > 0)
    told = by > 0
    found = np.ones(hours)
    for hour in np.flatnonzero(told.sum(axis=1) >= LEAST_CYCLES):
        found[hour] = max(float(np.median(ratio[hour][told[hour]])), 1e-9)
    return found[slot[0]]
