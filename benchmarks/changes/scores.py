"""Figures over many judged histories, with standard errors.

A figure is a ratio of sums over histories (right accusations by accusations). Its standard error takes the
histories as the independent units, for what is said about series of one history hangs together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.changes.history import Disturbance
from benchmarks.changes.judging import Judged, JudgedFinding

Parts = tuple[float, float]
"""What a history adds to the two sums of a ratio."""

NOT_COMMITS = ("upstream", "drift", "blip")
"""Groups in which something moves though no commit did; they have figures of their own."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio, its standard error and what it is a share of; the ratio is NaN of nothing."""

    value: float
    error: float
    of: float

    @property
    def known(self) -> bool:
        """Whether there was anything to take it from."""
        return not math.isnan(self.value)


NOTHING = Figure(math.nan, math.nan, 0)


def ratio(parts: Iterable[Parts]) -> Figure:
    """The sum of the first parts by the sum of the second, with the error of a ratio of clustered sums."""
    pairs = [(over, under) for over, under in parts if under or over]
    under = sum(pair[1] for pair in pairs)
    if not under:
        return NOTHING
    value = sum(pair[0] for pair in pairs) / under
    spread = sum((over - value * one) ** 2 for over, one in pairs)
    inflation = len(pairs) / (len(pairs) - 1) if len(pairs) > 1 else 1
    return Figure(value, math.sqrt(spread * inflation) / under, under)


def mean_over_seeds(figures: Sequence[Figure]) -> Figure:
    """The mean of one figure over seeds, each alike."""
    known = [figure for figure in figures if figure.known]
    if not known:
        return NOTHING
    error = math.sqrt(sum(figure.error**2 for figure in known)) / len(known)
    return Figure(
        sum(figure.value for figure in known) / len(known), error, sum(figure.of for figure in known)
    )


def overall(histories: Sequence[Judged]) -> Mapping[str, Figure]:
    """The figures that bars are set for, over whatever groups there are."""
    mixed = [one for one in histories if one.weight > 0]
    clear = [one for one in histories if one.clear]
    quiet = [one for one in mixed if one.group not in NOT_COMMITS]
    return {
        "clear noticed": ratio(_steps(clear, lambda step: step.noticed)),
        "clear ±1": ratio(_steps(clear, lambda step: step.near)),
        "clear exact": ratio(_steps(clear, lambda step: step.exact)),
        "accusations right": ratio(_weighted(one, _accusing(one, lambda said: said.right)) for one in mixed),
        "accusations far": ratio(_weighted(one, _accusing(one, lambda said: said.far)) for one in mixed),
        "clean accused": _accused(histories, "clean"),
        "wobble accused": _accused(histories, "wobble"),
        "false alarms": ratio(_weighted(one, _false_alarms(one)) for one in quiet),
        "short accused": _accused(histories, "short-clean"),
        "short suites accused": _accused(histories, "short-clean-suite"),
        "upstream blamed": _blamed(histories, Disturbance.UPSTREAM),
        "drift blamed": _blamed(histories, Disturbance.DRIFT),
        "blips blamed": _blamed(histories, Disturbance.BLIP),
        "sparse right": ratio(_steps(_group(histories, "sparse"), lambda step: step.exact)),
        "sparse right, shipped": ratio(_steps(_group(histories, "sparse-shipped"), lambda step: step.exact)),
        "suite noticed": ratio(_steps(_group(histories, "suite"), lambda step: step.noticed)),
        "suite precision": ratio(
            _accusing(one, lambda said: said.right) for one in _group(histories, "suite")
        ),
        "sets hold": ratio(_weighted(one, _sets(one)) for one in mixed),
        "set size": median_set(mixed),
        "intervals cover": ratio(_weighted(one, _covering(one)) for one in mixed),
        "confidence": ratio(_weighted(one, _confidence(one)) for one in mixed),
        "share exact": ratio(_weighted(one, _exact(one)) for one in mixed),
        "confidence error": ratio(
            _weighted(one, _difference(_confidence(one), _exact(one))) for one in mixed
        ),
    }


def of_group(histories: Sequence[Judged]) -> Mapping[str, Figure]:
    """What is of interest about the histories of one group or cell."""
    return {
        "noticed": ratio(_steps(histories, lambda step: step.noticed)),
        "±1": ratio(_steps(histories, lambda step: step.near)),
        "exact": ratio(_steps(histories, lambda step: step.exact)),
        "said": ratio(_steps(histories, lambda step: step.said)),
        "right": ratio(_accusing(one, lambda said: said.right) for one in histories),
        "far": ratio(_accusing(one, lambda said: said.far) for one in histories),
        "false /1,000": ratio(_false_alarms(one) for one in histories),
        "accused": ratio(
            (sum(s.accused for s in one.series if not s.steps), sum(not s.steps for s in one.series))
            for one in histories
        ),
        "said of clean": ratio(
            (sum(s.said for s in one.series if not s.steps), sum(not s.steps for s in one.series))
            for one in histories
        ),
        "blamed": ratio(
            (
                sum(bool(s.blamed) for s in one.series),
                sum(s.disturbance is not None for s in one.series),
            )
            for one in histories
        ),
        "hold": ratio(_sets(one) for one in histories),
        "size": median_set(histories),
        "cover": ratio(_covering(one) for one in histories),
        "stated": ratio(_confidence(one) for one in histories),
        "was": ratio(_exact(one) for one in histories),
    }


def of_short(moved: Sequence[Judged], clean: Sequence[Judged]) -> Mapping[str, Figure]:
    """What is told of steps in short histories, what is said of them at least, and what clean ones get."""
    return {
        "told": ratio(_steps(moved, lambda step: step.noticed)),
        "exact": ratio(_steps(moved, lambda step: step.exact)),
        "said": ratio(_steps(moved, lambda step: step.said)),
        "clean accused": ratio((sum(s.accused for s in one.series), len(one.series)) for one in clean),
        "clean said": ratio((sum(s.said for s in one.series), len(one.series)) for one in clean),
    }


def of_families(histories: Sequence[Judged]) -> Mapping[str, Figure]:
    """Whether the family was seen to move, and where the surest statement put it."""
    families = [one.family for one in histories if one.family is not None]
    return {
        "noticed": ratio((family.noticed, 1) for family in families),
        "±1": ratio((family.near, 1) for family in families),
        "exact": ratio((family.exact, 1) for family in families),
    }


def median_set(histories: Iterable[Judged]) -> Figure:
    """The weighted median of the size of the candidate sets that a true step belongs to."""
    sizes = sorted(
        (said.set_size, said.share * (one.weight or 1))
        for one in histories
        for said in one.findings
        if said.set_holds is not None
    )
    total = sum(weight for _, weight in sizes)
    passed = 0.0
    for size, weight in sizes:
        passed += weight
        if passed >= total / 2:
            return Figure(size, 0, total)
    return NOTHING


def _group(histories: Sequence[Judged], group: str) -> Sequence[Judged]:
    return [one for one in histories if one.group == group]


def _steps(histories: Iterable[Judged], hit: Callable[..., bool]) -> Iterable[Parts]:
    for one in histories:
        weight = one.weight or 1
        yield weight * sum(hit(step) for step in one.steps), weight * len(one.steps)


def _weighted(one: Judged, parts: Parts) -> Parts:
    return one.weight * parts[0], one.weight * parts[1]


def _accusing(one: Judged, hit: Callable[[JudgedFinding], bool]) -> Parts:
    accusing = [said for said in one.findings if said.accuses]
    return sum(hit(said) for said in accusing), len(accusing)


def _false_alarms(one: Judged) -> Parts:
    """Accusations far from all steps, by thousands of commits of series."""
    return (
        sum(said.accuses and said.far for said in one.findings),
        sum(series.commits for series in one.series) / 1000,
    )


def _accused(histories: Sequence[Judged], group: str) -> Figure:
    series = [series for one in _group(histories, group) for series in one.series]
    return ratio((one.accused, 1) for one in series)


def _blamed(histories: Sequence[Judged], by: Disturbance) -> Figure:
    return ratio(
        (
            sum(bool(series.blamed) for series in one.series if series.disturbance is by),
            sum(series.disturbance is by for series in one.series),
        )
        for one in histories
    )


def _sets(one: Judged) -> Parts:
    sets = [said for said in one.findings if said.set_holds is not None]
    return sum(said.share * bool(said.set_holds) for said in sets), sum(said.share for said in sets)


def _covering(one: Judged) -> Parts:
    covering = [said for said in one.findings if said.covers is not None]
    return sum(bool(said.covers) for said in covering), len(covering)


def _stating(one: Judged) -> Sequence[JudgedFinding]:
    return [said for said in one.findings if said.p_place is not None]


def _confidence(one: Judged) -> Parts:
    stating = _stating(one)
    return sum(said.share * (said.p_place or 0) for said in stating), sum(said.share for said in stating)


def _exact(one: Judged) -> Parts:
    stating = _stating(one)
    return sum(said.share * said.exact for said in stating), sum(said.share for said in stating)


def _difference(first: Parts, second: Parts) -> Parts:
    return first[0] - second[0], first[1]
