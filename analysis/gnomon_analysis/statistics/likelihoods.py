"""How well one level explains a stretch of commits, the level itself unknown: marginal likelihoods.

All are closed forms of conjugate models on sums over the stretch, so that any stretch costs the same. Sums
run along the last axis; leading axes are series of one family, looked at side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, gammaln

from gnomon_analysis.statistics.lines import Line
from gnomon_analysis.statistics.model import Floats, Integers, Kind

# What is thought of levels before any run: rates as in Beta(2, 2), rarely at the very ends; among the
# series of a family as in Beta(1, 1), that is anything, so that series which did not move tell clearly that
# they did not. Logarithms of means and counts lie around the series' own mean with a standard deviation of
# about a third.
_RATE_PRIOR = 2.0
_RATE_PRIOR_OF_FAMILIES = 1.0
_LEVEL_SPREAD = 0.3
_COUNT_SHAPE = 4.0
# Most degrees of freedom that the scatter of the whole series lends to a stretch.
_MOST_FREEDOM = 20.0
_LEAST_FREEDOM = 2.0


_Sums = Callable[[NDArray[Any]], NDArray[Any]]
"""What sums up to each entry say of the entries that are asked about."""


class Likelihood(Protocol):
    """Marginal likelihoods of stretches."""

    def between(self, first: ArrayLike, last: ArrayLike) -> Floats:
        """Log marginal likelihood of entries `first` to `last`, the latter left out.

        Both broadcast against each other; the answer has the leading axes of the sums before theirs. A
        stretch without entries has 0. Constants that every way of cutting shares are left out.
        """

    def around(self, first: ArrayLike, into: ArrayLike, out_of: ArrayLike, last: ArrayLike) -> Floats:
        """The same of entries `first` to `last` without those from `into` on to `out_of`, left out."""


@dataclass(frozen=True, slots=True, eq=False)
class BetaBinomial:
    """Rates: successes S of N give log B(a + S, a + N - S) - log B(a, a) under a Beta(a, a) prior."""

    successes: Floats | Integers
    trials: Floats | Integers
    prior: float
    factorials: Floats | None
    """lgamma of whole numbers, where successes and trials are whole; index 0 is not used."""

    def between(self, first: ArrayLike, last: ArrayLike) -> Floats:
        """See `Likelihood`."""
        return self._of(_between(first, last))

    def around(self, first: ArrayLike, into: ArrayLike, out_of: ArrayLike, last: ArrayLike) -> Floats:
        """See `Likelihood`."""
        return self._of(_around(first, into, out_of, last))

    def _of(self, sums: _Sums) -> Floats:
        successes = sums(self.successes)
        trials = sums(self.trials)
        a = self.prior
        if self.factorials is None:
            return np.asarray(betaln(a + successes, a + np.maximum(trials - successes, 0.0)) - betaln(a, a))
        table, more = self.factorials, int(a)
        # Of a whole prior a, B(a + S, a + N - S) is of lgamma at whole numbers: looked up, ten times faster.
        won, lost, all_ = successes + more, trials - successes + more, trials + 2 * more
        return np.asarray(_picked(table, won) + _picked(table, lost) - _picked(table, all_) - betaln(a, a))


@dataclass(frozen=True, slots=True, eq=False)
class GammaPoisson:
    """Counts: K events in exposure E, rate ~ Gamma(a, a/m): a log b - lgamma(a) + lgamma(a+K) - (a+K)
    log(b+E).

    `mean` is m, the mean of the whole series.
    """

    events: Floats
    exposure: Floats
    mean: Floats

    def between(self, first: ArrayLike, last: ArrayLike) -> Floats:
        """See `Likelihood`."""
        return self._of(_between(first, last))

    def around(self, first: ArrayLike, into: ArrayLike, out_of: ArrayLike, last: ArrayLike) -> Floats:
        """See `Likelihood`."""
        return self._of(_around(first, into, out_of, last))

    def _of(self, sums: _Sums) -> Floats:
        events = sums(self.events)
        exposure = sums(self.exposure)
        shape = _COUNT_SHAPE
        rate = shape / _beside(self.mean, events)
        return np.asarray(
            shape * np.log(rate)
            - gammaln(shape)
            + gammaln(shape + events)
            - (shape + events) * np.log(rate + exposure)
        )


@dataclass(frozen=True, slots=True, eq=False)
class NormalGamma:
    """Logarithms of commit means: normal, its mean and precision unknown (conjugate prior normal-gamma).

    With n entries of weights w, W = sum w, prior mean m of weight k and precision ~ Gamma(v/2, v s/2):
    log p = (log k - log(k + W)) / 2 + lgamma((v + n)/2) - lgamma(v/2) + v/2 log(v s/2) - (v + n)/2 log(b),
    b = (v s + sum w x^2 - (sum w x)^2 / W + k W (mean - m)^2 / (k + W)) / 2.
    K. P. Murphy, "Conjugate Bayesian analysis of the Gaussian distribution" (2007). s is the scatter between
    neighbouring commits.
    """

    count: Floats
    weight: Floats
    total: Floats
    square: Floats
    mean: Floats
    scatter: Floats
    freedom: Floats
    prior_weight: Floats

    def between(self, first: ArrayLike, last: ArrayLike) -> Floats:
        """See `Likelihood`."""
        return self._of(_between(first, last))

    def around(self, first: ArrayLike, into: ArrayLike, out_of: ArrayLike, last: ArrayLike) -> Floats:
        """See `Likelihood`."""
        return self._of(_around(first, into, out_of, last))

    def _of(self, sums: _Sums) -> Floats:
        count = sums(self.count)
        weight = sums(self.weight)
        # Values are kept around the prior mean, so that sums of squares lose no digits.
        total = sums(self.total)
        square = sums(self.square)
        freedom, prior = _beside(self.freedom, count), _beside(self.prior_weight, count)
        base = freedom * _beside(self.scatter, count) / 2
        misfit = np.maximum(square - total**2 / (prior + weight), 0.0) / 2
        return np.asarray(
            0.5 * (np.log(prior) - np.log(prior + weight))
            + gammaln((freedom + count) / 2)
            - gammaln(freedom / 2)
            - 0.5 * count * np.log(base)
            - 0.5 * (freedom + count) * np.log1p(misfit / base)
        )


def of_line(found: Line) -> Likelihood:
    """The model of one series."""
    return _model([found], [found.weight], [found.value], prior=_RATE_PRIOR, single=True)


def of_family(
    lines: Sequence[Line], grid: Sequence[np.ndarray], size: int, *, alone: bool = False
) -> Likelihood:
    """The model of the series of a family side by side, over the entries of all of them.

    `alone` gives each series the prior that it has by itself.
    `grid` has for each line the place of each of its entries among the `size` entries of the family.
    """
    weights = [_spread(one.weight, where, size) for one, where in zip(lines, grid, strict=True)]
    values = [_spread(one.value, where, size) for one, where in zip(lines, grid, strict=True)]
    return _model(lines, weights, values, prior=_RATE_PRIOR if alone else _RATE_PRIOR_OF_FAMILIES)


def _model(
    lines: Sequence[Line],
    weights: Sequence[Floats],
    values: Sequence[Floats],
    *,
    prior: float,
    single: bool = False,
) -> Likelihood:
    kind = lines[0].kind
    weight, value = (weights[0], values[0]) if single else (np.stack(weights), np.stack(values))
    if kind is Kind.PROPORTION:
        return _of_rates(_running(weight * value), _running(weight), prior)
    mass = weight.sum(axis=-1)
    mean = np.asarray((weight * value).sum(axis=-1) / np.where(mass > 0, mass, 1.0))
    if kind is Kind.COUNT:
        return GammaPoisson(_running(weight * value), _running(weight), np.maximum(mean, 1e-9))
    scatter = np.array([one.scatter for one in lines])
    freedom = np.clip([one.freedom for one in lines], _LEAST_FREEDOM, _MOST_FREEDOM)
    if single:
        scatter, freedom = scatter[0], freedom[0]
    centred = np.where(weight > 0, value - mean[..., None], 0.0)
    return NormalGamma(
        count=_running((weight > 0).astype(np.float64)),
        weight=_running(weight),
        total=_running(weight * centred),
        square=_running(weight * centred**2),
        mean=mean,
        scatter=np.asarray(scatter),
        freedom=np.asarray(freedom),
        prior_weight=np.asarray(scatter) / _LEVEL_SPREAD**2,
    )


def _of_rates(won: Floats, all_: Floats, prior: float) -> BetaBinomial:
    if not all(np.array_equal(counts, np.rint(counts)) for counts in (won, all_)):
        return BetaBinomial(won, all_, prior, None)
    most = int(all_.max()) + 2 * int(prior) + 1
    table = np.concatenate([[0.0], np.asarray(gammaln(np.arange(1.0, most + 1)))])
    return BetaBinomial(won.astype(np.int64), all_.astype(np.int64), prior, table)


def _running(values: Floats) -> Floats:
    """Sums up to each entry, beginning with 0."""
    sums = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values, axis=-1, out=sums[..., 1:])
    return sums


def _between(first: ArrayLike, last: ArrayLike) -> _Sums:
    begin, end = np.atleast_1d(first), np.atleast_1d(last)
    return lambda running: np.asarray(_picked(running, end) - _picked(running, begin))


def _picked(values: NDArray[Any], places: NDArray[np.integer]) -> NDArray[Any]:
    """`values[..., places]`; of one series in half the time."""
    return values.take(places) if values.ndim == 1 and places.flags.c_contiguous else values[..., places]


def _around(first: ArrayLike, into: ArrayLike, out_of: ArrayLike, last: ArrayLike) -> _Sums:
    whole, hole = _between(first, last), _between(into, out_of)
    return lambda running: whole(running) - hole(running)


def _beside(of_series: Floats, sums: Floats) -> Floats:
    """A number of each series, shaped so that it broadcasts against its sums."""
    return np.asarray(of_series).reshape(np.shape(of_series) + (1,) * (np.ndim(sums) - np.ndim(of_series)))


def _spread(values: Floats, where: np.ndarray, size: int) -> Floats:
    out = np.zeros(size)
    out[where] = values
    return out
