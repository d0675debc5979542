"""A slope, or steps? Both over the same commits, their places and sizes integrated out.

Schwarz's criterion (BIC) compares models at their best fit; here the integrals that it stands for are
taken: commit values are normal around their level with the variance known from neighbours, a step or a ramp
of unknown height is added, and the likelihood is averaged over every place of the step, every pair of
places of two steps, and every beginning and end of the ramp (R. E. Kass and A. E. Raftery, "Bayes factors",
Journal of the American Statistical Association 90, 1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from gnomon_analysis.statistics.lines import Line
from gnomon_analysis.statistics.logarithms import log_sum
from gnomon_analysis.statistics.model import Floats, Kind

# A ramp is at least so many measured commits long; a shorter one is a step as far as anybody can tell.
LEAST_LENGTH = 16
# Prior odds of a ramp and of a second step against one step.
_RAMP_ODDS = 0.06
_SECOND_STEP_ODDS = 0.3
# At most so many beginnings and ends are gone through.
_GRID = 32
# Standard deviation of a height: of rates, of logarithms, of counts relative to the mean.
_HEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class Slope:
    """A ramp: the entries it begins and ends at, and its probability against steps."""

    begin: int
    end: int
    probability: float


def slope(line: Line, first: int, last: int, hazard: Floats) -> Slope | None:
    """Weighs a ramp against one or two steps over entries `first` to `last`; None where it is too short.

    `hazard` has for each entry the probability of a movement between the entry before and it: what commits
    touched says where a step is likely, and so makes one likelier at such a place.
    """
    told = np.flatnonzero(line.weight[first:last] > 0) + first
    if told.size <= LEAST_LENGTH + 2:
        return None
    value, precision = _standardised(line, told)
    corners = np.unique(np.linspace(0, told.size, min(_GRID, told.size + 1)).round().astype(np.int64))
    steps = np.arange(told.size)[None, :] >= np.arange(1, told.size)[:, None]
    one = _evidence(steps[:, None, :].astype(np.float64), value, precision)
    likely = np.diff(np.cumsum(hazard)[told])
    inner = corners[(corners > 0) & (corners < told.size)]
    pairs = np.array([(a, b) for a in inner for b in inner if a < b])
    two_steps = (np.arange(told.size)[None, None, :] >= pairs[:, :, None]).astype(np.float64)
    two = _evidence(two_steps, value, precision)
    ends = np.array([(a, b) for a in corners for b in corners if b - a >= LEAST_LENGTH])
    ramps = np.clip(
        (np.arange(told.size)[None, :] + 0.5 - ends[:, :1]) / (ends[:, 1:] - ends[:, :1]), 0.0, 1.0
    )
    sloped = _evidence(ramps[:, None, :], value, precision)
    as_one = log_sum(one + np.log(likely / likely.sum()))
    as_steps = np.logaddexp(as_one, np.log(_SECOND_STEP_ODDS) + _mean(two))
    as_ramp = np.log(_RAMP_ODDS) + _mean(sloped)
    begin, end = ends[int(np.argmax(sloped))]
    return Slope(
        begin=int(told[begin]),
        end=int(told[min(end, told.size - 1)]),
        probability=float(expit(as_ramp - as_steps)),
    )


def _standardised(line: Line, told: np.ndarray) -> tuple[Floats, Floats]:
    """Values and their precisions, in units in which heights have the standard deviation `_HEIGHT`."""
    value, weight = line.value[told], line.weight[told]
    mean = float((weight * value).sum() / weight.sum())
    if line.kind is Kind.PROPORTION:
        # Levels differ little enough over one stretch for one variance.
        variance = max(mean * (1 - mean), 0.5 / (1 + float(weight.sum())))
        return value, weight / variance
    if line.kind is Kind.COUNT:
        return value / max(mean, 1e-9), weight * max(mean, 1e-9)
    return value, weight / line.scatter


def _evidence(shapes: Floats, value: Floats, precision: Floats) -> Floats:
    """Log Bayes factor of each model against one flat level.

    `shapes` has for each model one or two regressors; shape (models, regressors, entries). With the level
    integrated out, precision matrix A = X'WX + I / height^2 and b = X'Wy of centred regressors give
    (b' A^-1 b - log det(A height^2)) / 2.
    """
    mass = float(precision.sum())
    centred = shapes - (shapes @ precision / mass)[..., None]
    weighed = centred * precision
    cross = weighed @ (value - float(precision @ value) / mass)
    matrix = weighed @ np.swapaxes(centred, 1, 2) + np.eye(shapes.shape[1]) / _HEIGHT**2
    explained = np.einsum("mr,mr->m", cross, np.linalg.solve(matrix, cross[..., None])[..., 0])
    _, log_determinant = np.linalg.slogdet(matrix * _HEIGHT**2)
    return np.asarray((explained - log_determinant) / 2)


def _mean(evidence: Floats) -> float:
    return float(log_sum(evidence) - np.log(evidence.size))
