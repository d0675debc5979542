"""What the runs say about the place of a change: likelihoods with the levels integrated out.

A line has positions 0 (the good end) to `last` (the bad end). A change at position c, 1 <= c <= last, means
that runs before c have one level and runs from c on another. The runs lie at some positions; between two of
them every c explains the runs equally well, so likelihoods are reckoned per gap: gap j holds the places after
measured position j-1, up to and including measured position j.

Neither level is ever estimated and plugged in. Both are summed over on a grid, for rates that were
plugged in made a search three times as long and wrong a quarter of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_RATE_CELLS = 32
_SMALL_SHIFT = 0.1
# What one change may do to the cases that it moves, and how likely that is beforehand. Only in the last do
# some go up while others go down.
_WAYS = ("down", "up", "a little down", "a little up", "any")
_WEIGHTS_OF_WAYS = np.array([0.3, 0.3, 0.15, 0.15, 0.1])
# Share of the cases that the change moves.
_SHARES = np.array([0.03, 0.1, 0.2, 0.4, 0.7, 0.95])

_LEVEL_CELLS = 41
_SPREADS = 9
_SCALES_OF_SHIFT = (0.1, 0.5)
_OUTCOMES = 48
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the runs say, for each gap between measured positions.

    Attributes:
        measured: The measured positions, ascending; shape (m,).
        log_change: Log likelihood of a change in each gap; shape (m + 1,).
        log_none: Log likelihood that nothing changed.
        before: Distribution of the next outcome of each case before the change, had it been in each gap;
            shape (cases, m + 1, outcomes).
        after: The same after the change.
        unchanged: Distribution of the next outcome if nothing changed; shape (cases, outcomes).
    """

    measured: Integers
    log_change: Floats
    log_none: float
    before: Floats
    after: Floats
    unchanged: Floats


@dataclass(frozen=True, slots=True)
class Levels:
    """Draws of the mean level over the cases, before and after; shape (draws,) each."""

    before: Floats
    after: Floats


class Evidence(Protocol):
    """Runs at positions, of one kind of number."""

    @property
    def cases(self) -> int:
        """How many cases there are to choose from; 1 where only whole runs are measured."""
        ...

    def weigh(self) -> Weighing:
        """What the runs so far say."""
        ...

    def levels(self, place: int, draws: int, rng: np.random.Generator) -> Levels:
        """Levels before and after, had the change been at `place`."""
        ...

    def simulated(self, place: int, rng: np.random.Generator) -> Evidence:
        """A copy that answers `draw`, with levels drawn as they may be if the change is at `place`."""
        ...

    def draw(self, position: int, cases: Integers, rng: np.random.Generator) -> None:
        """Adds one made-up run of these cases at a position."""
        ...


class RateEvidence:
    """Passes and failures of cases: `successes` of `trials`, shape (cases, positions).

    Each case has a rate of its own before the change. The change moves some share of the cases, at least one;
    the others keep their rate.
    """

    def __init__(self, successes: Floats, trials: Floats) -> None:
        self.successes = np.array(successes, dtype=np.float64)
        self.trials = np.array(trials, dtype=np.float64)
        self._truth: tuple[int, Floats, Floats] | None = None

    @property
    def cases(self) -> int:
        """As `Evidence` says."""
        return len(self.trials)

    def add(self, position: int, cases: Integers, successes: Floats, trials: Floats) -> None:
        """Adds what a run at a position came to, for some of the cases."""
        self.successes[cases, position] += successes
        self.trials[cases, position] += trials

    def weigh(self) -> Weighing:
        """As `Evidence` says."""
        sums = self._sums()
        shares = _SHARES if self.cases > 1 else _SHARES[-1:]
        log_moved = sums.log_moved[:, None]  # ways, shares, cases, gaps
        log_still = sums.log_still[None, None, :, None]
        log_shares = np.log(shares)[None, :, None, None]
        log_rests = np.log1p(-shares)[None, :, None, None]
        log_case = np.logaddexp(log_rests + log_still, log_shares + log_moved)
        log_all = log_case.sum(2)
        none_moved = (log_rests + log_still).sum(2)
        # At least one case moves: take away the chance that none does, in the likelihood and in the prior.
        some = -np.expm1(np.minimum(none_moved - log_all, -1e-12))
        log_some = log_all + np.log(some) - np.log(-np.expm1(self.cases * np.log1p(-shares)))[None, :, None]
        log_some = log_some + np.log(_WEIGHTS_OF_WAYS)[:, None, None] - np.log(len(shares))
        log_change = _log_sum(log_some, (0, 1))
        weight = np.exp(log_some - log_change)  # ways and shares within each gap
        moved = np.exp(log_shares + log_moved - log_case) / some[:, :, None, :]
        moved = np.minimum(moved, 1.0) * weight[:, :, None, :]
        by_way = moved.sum(1)  # ways, cases, gaps
        still = np.maximum(0.0, 1.0 - by_way.sum(0)) * sums.rate_still[:, None]
        before = (by_way * sums.rate_before).sum(0) + still
        after = (by_way * sums.rate_after).sum(0) + still
        return Weighing(
            measured=sums.measured,
            log_change=log_change,
            log_none=float(sums.log_still.sum()),
            before=_pair(before),
            after=_pair(after),
            unchanged=_pair(sums.rate_still),
        )

    def levels(self, place: int, draws: int, rng: np.random.Generator) -> Levels:
        """As `Evidence` says; means of what the cases did, of those that ran on both sides.

        The prior of each case is left out: with few runs a case, many cases together would be told as a level
        that none of them showed. A mean of k cases with n_i trials each has the scatter of k² / Σ 1/n_i
        trials at most, so the draws are of Beta(1/2 + successes, 1/2 + failures) of so many.
        """
        here = np.arange(self.trials.shape[1]) < place
        sides = [(self.successes[:, side].sum(1), self.trials[:, side].sum(1)) for side in (here, ~here)]
        shared = (sides[0][1] > 0) & (sides[1][1] > 0)
        if not shared.any():
            before, after = self._draw_rates(place, draws, rng)
            return Levels(before.mean(1), after.mean(1))
        return Levels(*(_mean_of_cases(good[shared], of[shared], draws, rng) for good, of in sides))

    def simulated(self, place: int, rng: np.random.Generator) -> RateEvidence:
        """As `Evidence` says."""
        copy = RateEvidence(self.successes, self.trials)
        before, after = self._draw_rates(place, 1, rng)
        copy._truth = (place, before[0], after[0])
        return copy

    def draw(self, position: int, cases: Integers, rng: np.random.Generator) -> None:
        """As `Evidence` says."""
        assert self._truth is not None  # noqa: S101 - only what `simulated` made is drawn from
        place, before, after = self._truth
        rates = (after if position >= place else before)[cases]
        self.add(position, cases, (rng.random(len(cases)) < rates).astype(np.float64), np.ones(len(cases)))

    def _sums(self) -> _RateSums:
        rates, log_rates, log_rests, ways = _rate_grid()
        measured = np.flatnonzero(self.trials.any(0))
        good = self.successes[:, measured]
        bad = self.trials[:, measured] - good
        none = np.zeros((self.cases, 1))
        good_before = np.concatenate([none, np.cumsum(good, 1)], 1)
        bad_before = np.concatenate([none, np.cumsum(bad, 1)], 1)
        good_after, bad_after = good_before[:, -1:] - good_before, bad_before[:, -1:] - bad_before

        def likelihood(good: Floats, bad: Floats) -> tuple[Floats, Floats]:
            logs = good[..., None] * log_rates + bad[..., None] * log_rests
            top: Floats = logs.max(-1)
            return np.exp(logs - top[..., None]), top

        before, top_before = likelihood(good_before, bad_before)
        after, top_after = likelihood(good_after, bad_after)
        # ways, cases, gaps, grid of the rate after
        joined = before[None] @ ways[:, None]
        mass = np.maximum((joined * after).sum(-1), _TINY)
        turned = after[None] @ ways.transpose(0, 2, 1)[:, None]
        whole, top_whole = likelihood(good_before[:, -1], bad_before[:, -1])
        return _RateSums(
            measured=measured,
            log_moved=np.log(mass) + top_before + top_after,
            log_still=np.log(whole.mean(-1)) + top_whole,
            rate_before=(turned * before * rates).sum(-1) / mass,
            rate_after=(joined * after * rates).sum(-1) / mass,
            rate_still=(whole * rates).sum(-1) / whole.sum(-1),
        )

    def _draw_rates(self, place: int, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Rates of all cases before and after a change at `place`; shape (draws, cases) each.

        Whether a case moved, and where to, is drawn with it.
        """
        rates, log_rates, log_rests, ways = _rate_grid()
        cells = len(rates)
        before_place = np.arange(self.trials.shape[1]) < place
        sides = []
        for side in (before_place, ~before_place):
            good = self.successes[:, side].sum(1)
            bad = self.trials[:, side].sum(1) - good
            sides.append(good[:, None] * log_rates + bad[:, None] * log_rests)
        log_joint = sides[0][:, :, None] + sides[1][:, None, :]
        any_way = np.einsum("w,wab->ab", _WEIGHTS_OF_WAYS, ways)
        share = 0.5 if self.cases > 1 else 1.0
        prior = share * any_way + (1 - share) * np.eye(cells) / cells
        with np.errstate(divide="ignore"):
            log_joint = log_joint + np.log(prior)
        flat = np.exp(log_joint - log_joint.max((1, 2), keepdims=True)).reshape(self.cases, -1)
        cumulative = np.cumsum(flat, 1)
        chosen = np.stack(
            [
                np.searchsorted(row, rng.random(draws) * row[-1], side="right").clip(max=cells * cells - 1)
                for row in cumulative
            ],
            1,
        )
        # Within its cell a rate may be anywhere; a case that keeps its rate keeps it exactly.
        shift_before, shift_after = rng.random((2, draws, self.cases))
        first, second = np.divmod(chosen, cells)
        shift_after = np.where(first == second, shift_before, shift_after)
        return _rate_at((first + shift_before) / cells), _rate_at((second + shift_after) / cells)


@dataclass(frozen=True, slots=True)
class _RateSums:
    measured: Integers
    log_moved: Floats
    log_still: Floats
    rate_before: Floats
    rate_after: Floats
    rate_still: Floats


def _mean_of_cases(successes: Floats, trials: Floats, draws: int, rng: np.random.Generator) -> Floats:
    mean = float((successes / trials).mean())
    worth = len(trials) ** 2 / float((1 / trials).sum())
    drawn: Floats = rng.beta(0.5 + mean * worth, 0.5 + (1 - mean) * worth, draws)
    return drawn


def _rate_at(part: Floats) -> Floats:
    """Rates at which Jeffreys' prior, Beta(1/2, 1/2), has these parts of its mass below."""
    rates: Floats = np.sin(np.pi / 2 * part) ** 2
    return rates


@cache
def _rate_grid() -> tuple[Floats, Floats, Floats, Floats]:
    """Rates, their logs, the logs of their rests, and by way the joint weights of rates before and after.

    The rates are the middles of cells of equal mass under Jeffreys' prior.
    """
    part = (np.arange(_RATE_CELLS) + 0.5) / _RATE_CELLS
    rates = _rate_at(part)
    shift = np.pi / 2 * (part[None, :] - part[:, None])
    little = np.exp(-np.abs(shift) / _SMALL_SHIFT)
    weights = np.stack([shift < 0, shift > 0, little * (shift < 0), little * (shift > 0), shift != 0]).astype(
        np.float64
    )
    return rates, np.log(rates), np.log1p(-rates), weights / weights.sum((1, 2), keepdims=True)


class LevelEvidence:
    """Logs of durations, costs or counts: one number a run, normally spread about its level.

    Spread and levels are unknown. `positions` and `values` are those of the runs so far.
    """

    def __init__(self, positions: Integers, values: Floats) -> None:
        self.positions = np.array(positions, dtype=np.int64)
        self.values = np.array(values, dtype=np.float64)
        self._truth: tuple[int, float, float, float] | None = None

    @property
    def cases(self) -> int:
        """As `Evidence` says."""
        return 1

    def add(self, position: int, value: float) -> None:
        """Adds a run."""
        self.positions = np.append(self.positions, position)
        self.values = np.append(self.values, value)

    def weigh(self) -> Weighing:
        """As `Evidence` says."""
        grid = _level_grid(self.values)
        measured, index = np.unique(self.positions, return_inverse=True)
        number, total = (
            np.concatenate([[0.0], np.cumsum(np.bincount(index, weights, minlength=len(measured)))])
            for weights in (None, self.values)
        )
        before = grid.log_likelihood(number, total)
        after = grid.log_likelihood(number[-1] - number, total[-1] - total)
        # gaps, spreads, level before, level after
        log_spread = grid.log_of_spread(self.values)[None, :, None]
        top = (before.max(-1) + after.max(-1) + log_spread[..., 0])[..., None]
        left = np.exp(before - before.max(-1, keepdims=True))
        right = np.exp(after - after.max(-1, keepdims=True))
        peak = top.max((1, 2), keepdims=True)
        scale = np.exp(top - peak)
        of_after = (left @ grid.joint) * right * scale
        of_before = (right @ grid.joint.T) * left * scale
        mass = np.maximum(of_after.sum((1, 2)), _TINY)
        whole = grid.log_likelihood(number[-1:], total[-1:])[0] + grid.log_of_spread(self.values)[:, None]
        whole_peak = whole.max()
        whole_mass = np.exp(whole - whole_peak)
        return Weighing(
            measured=measured,
            log_change=np.log(mass) + peak[:, 0, 0],
            log_none=float(np.log(whole_mass.sum() / len(grid.levels)) + whole_peak),
            before=np.einsum("gsl,slo->go", of_before, grid.outcomes)[None] / mass[None, :, None],
            after=np.einsum("gsl,slo->go", of_after, grid.outcomes)[None] / mass[None, :, None],
            unchanged=np.einsum("sl,slo->o", whole_mass, grid.outcomes)[None] / whole_mass.sum(),
        )

    def levels(self, place: int, draws: int, rng: np.random.Generator) -> Levels:
        """As `Evidence` says."""
        before, after, _ = self._draw_levels(place, draws, rng)
        return Levels(before, after)

    def simulated(self, place: int, rng: np.random.Generator) -> LevelEvidence:
        """As `Evidence` says."""
        copy = LevelEvidence(self.positions, self.values)
        before, after, spread = self._draw_levels(place, 1, rng)
        copy._truth = (place, float(before[0]), float(after[0]), float(spread[0]))
        return copy

    def draw(self, position: int, cases: Integers, rng: np.random.Generator) -> None:
        """As `Evidence` says."""
        assert self._truth is not None  # noqa: S101 - only what `simulated` made is drawn from
        place, before, after, spread = self._truth
        self.add(position, (after if position >= place else before) + spread * rng.standard_normal())

    def _draw_levels(self, place: int, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        grid = _level_grid(self.values)
        is_after = self.positions >= place
        number = np.array([(~is_after).sum(), is_after.sum()], dtype=np.float64)
        total = np.array([self.values[~is_after].sum(), self.values[is_after].sum()])
        sides = grid.log_likelihood(number, total)
        logs = grid.log_of_spread(self.values)[:, None, None] + sides[0][:, :, None] + sides[1][:, None, :]
        with np.errstate(divide="ignore"):
            logs = logs + np.log(grid.joint)
        cumulative = np.cumsum(np.exp(logs - logs.max()).ravel())
        chosen = np.searchsorted(cumulative, rng.random(draws) * cumulative[-1], side="right")
        spread, first, second = np.unravel_index(chosen.clip(max=logs.size - 1), logs.shape)
        step = grid.levels[1] - grid.levels[0]
        shift = rng.random((2, draws)) - 0.5
        return (
            grid.levels[first] + step * shift[0],
            grid.levels[second] + step * shift[1],
            grid.spreads[spread],
        )


@dataclass(frozen=True, slots=True)
class _LevelGrid:
    """Levels and spreads to sum over; `joint` weighs levels before against after, `outcomes` are chances of
    values in bins, shape (spreads, levels, bins)."""

    levels: Floats
    spreads: Floats
    joint: Floats
    outcomes: Floats

    def log_likelihood(self, number: Floats, total: Floats) -> Floats:
        """Of `number` values with this `total`, but for what depends on the spread alone.

        Shape (…, spreads, levels).
        """
        number, total = number[..., None, None], total[..., None, None]
        precision = 1 / self.spreads[:, None] ** 2
        logs: Floats = precision * (self.levels * total - number * self.levels**2 / 2)
        return logs

    def log_of_spread(self, values: Floats) -> Floats:
        """What of the likelihood of all values depends on the spread alone; shape (spreads,)."""
        logs: Floats = -len(values) * np.log(self.spreads) - (values**2).sum() / 2 / self.spreads**2
        logs -= np.log(len(self.spreads))
        return logs


def _level_grid(values: Floats) -> _LevelGrid:
    from scipy.special import ndtr  # noqa: PLC0415 - a third of a second that rates do without

    known = values if len(values) else np.zeros(1)
    half = max(float(np.ptp(known)) / 2, 0.1) * 1.6
    middle = float(known.max() + known.min()) / 2
    levels = np.linspace(middle - half, middle + half, _LEVEL_CELLS)
    spreads = np.geomspace(max(half / 60, 0.005), half, _SPREADS)
    distance = np.abs(levels[:, None] - levels[None, :])
    joint = np.zeros_like(distance)
    for scale in _SCALES_OF_SHIFT:
        kernel = np.where(distance > 0, np.exp(-distance / scale), 0.0)
        joint += kernel / kernel.sum() / len(_SCALES_OF_SHIFT)
    edges = np.linspace(middle - 2.5 * half, middle + 2.5 * half, _OUTCOMES - 1)
    below = ndtr((edges - levels[:, None]) / spreads[:, None, None])
    chances = np.diff(below, prepend=0.0, append=1.0, axis=-1)
    return _LevelGrid(levels, spreads, joint, chances)


def _pair(rate: Floats) -> Floats:
    return np.stack([rate, 1 - rate], -1)


def _log_sum(logs: Floats, axes: tuple[int, ...]) -> Floats:
    top = logs.max(axes, keepdims=True)
    summed: Floats = np.log(np.exp(logs - top).sum(axes)) + top.squeeze(axes)
    return summed
