"""Units, colours and the names of series that descriptions give."""

from __future__ import annotations

from itertools import combinations

import promql_parser
import pytest

from gnomon.registry import attributes as a
from gnomon.registry import metrics
from gnomon.settings.table import walk
from gnomon_generators import vocabulary as v
from gnomon_generators.checks.schema import known_units
from gnomon_generators.promql import mean, percent, quantile, raw, total
from gnomon_generators.vocabulary.description import described, series_in
from tests.vocabulary.boards import KINDS

UNITS = sorted({metric.unit for metric in metrics.ALL})

# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency"
# (2009), complete lack of one kind of cone; on linear light.
EYES = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no long": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no middle": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "no short": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.3039),
    ),
}
MEANINGS = {
    "good": v.GOOD,
    "warn": v.WARN,
    "bad": v.BAD,
    "broken": v.BROKEN,
    "lost": v.LOST,
    "plain": v.NEUTRAL,
    "muted": v.MUTED,
}
# Grafana's pages.
DARK, LIGHT = "#181b1f", "#ffffff"


def linear(color: str) -> list[float]:
    shares = [part / 255 for part in bytes.fromhex(color[1:])]
    return [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]


def product(matrix: tuple[tuple[float, ...], ...], vector: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def lab(color: str, eye: str) -> list[float]:
    """CIELAB of the colour as such an eye sees it (D65)."""
    seen = [min(1.0, max(0.0, share)) for share in product(EYES[eye], linear(color))]
    xyz = product(((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)), seen)
    x, y, z = (
        share ** (1 / 3) if share > 216 / 24389 else (24389 / 27 * share + 16) / 116
        for share in (value / white for value, white in zip(xyz, (0.9505, 1, 1.089), strict=True))
    )
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


def luminance(color: str) -> float:
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(color), strict=True))


@pytest.mark.parametrize("eye", EYES)
def test_meanings_are_told_apart_by_every_eye(eye: str) -> None:
    """Any two meanings are at least 20 apart in CIELAB, some nine times what one just notices."""
    for (name, first), (other, second) in combinations(MEANINGS.items(), 2):
        pairs = zip(lab(first, eye), lab(second, eye), strict=True)
        distance = sum((one - two) ** 2 for one, two in pairs) ** 0.5
        assert distance >= 20, f"{name} and {other}: {distance:.0f}"


@pytest.mark.parametrize("page", [DARK, LIGHT])
@pytest.mark.parametrize("meaning", MEANINGS)
def test_meanings_stand_out_from_the_page(meaning: str, page: str) -> None:
    """Each colour contrasts with Grafana's dark and light page by at least 2.2 to 1."""
    low, high = sorted((luminance(MEANINGS[meaning]), luminance(page)))
    assert (high + 0.05) / (low + 0.05) >= 2.2


def test_outcomes_that_are_to_be_told_apart_have_colours_of_their_own() -> None:
    """Only what was left out, for whatever reason, shares the colour of no weight."""
    ends = [outcome for outcome in a.GNOMON_TEST_OUTCOME.values or () if v.OUTCOMES[outcome] != v.MUTED]
    assert {"passed", "failed", "error", "crashed", "xpassed"} == set(ends)
    assert len({v.OUTCOMES[outcome] for outcome in ends}) == len(ends)


def test_series_have_the_same_colours() -> None:
    """What has no meaning takes its colours from the same set, so it is told apart as well."""
    assert set(v.SERIES) == set(MEANINGS.values())


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_of_the_registry_is_one_of_grafanas(unit: str) -> None:
    """A metric's unit, and its rate a second, are ids that Grafana knows."""
    assert v.grafana_unit(unit) in known_units()
    if unit.startswith("{"):
        assert v.grafana_unit(f"{unit}/s") in known_units()


def test_every_unit_of_the_settings_is_one_of_grafanas() -> None:
    """Thresholds are settings, so panels may have any unit that these have."""
    units = {setting.meaning.unit for setting in walk() if setting.meaning.unit}
    assert units
    for unit in units:
        assert v.grafana_unit(unit) in known_units()


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("%", "percent"),
        ("1", "percentunit"),
        ("{test}", "short"),
        ("{USD}/{test}", "currencyUSD"),
        ("{USD}/d", "currencyUSD"),
        ("{retry}/s", "cps"),
        ("{call}/s", "reqps"),
        ("{token}/{call}", "short"),
        ("s/{test}", "s"),
        ("By/s", "binBps"),
        ("ago", "dateTimeFromNow"),
    ],
)
def test_units(unit: str, expected: str) -> None:
    """Counts are short numbers, money per thing is money, things per second are rates."""
    assert v.grafana_unit(unit) == expected


def parsed_names(expression: str) -> set[str]:
    """The names that a parser finds, Grafana's variables put in for it."""
    plain = expression
    for variable, value in (("$__rate_interval", "5m"), ("$__range", "1h"), ("$__interval", "1m")):
        plain = plain.replace(variable, value)
    found: set[str] = set()

    def collect(node: object) -> None:
        name = getattr(getattr(node, "vector_selector", node), "name", None)
        if isinstance(name, str):
            found.add(name)
        for child in ("lhs", "rhs", "expr", "args", "param", "vector_selector"):
            inner = getattr(node, child, None)
            for one in inner if isinstance(inner, list) else [inner]:
                if one is not None and not isinstance(one, (str, int, float)):
                    collect(one)

    collect(promql_parser.parse(plain))
    return found


def expressions() -> list[str]:
    asked = {
        query.text for make in KINDS.values() for query in make().queries if query.source == "prometheus"
    }
    for metric in metrics.ALL:
        if metric.instrument == "histogram":
            asked |= {quantile(metric, 0.9).text, mean(metric).text}
        elif metric.additive and metric.counting != "gauge":
            asked |= {total(metric).text, percent(total(metric), total(metric)).text}
    return sorted(asked)


@pytest.mark.parametrize("expression", expressions())
def test_descriptions_name_the_series_that_a_parser_finds(expression: str) -> None:
    """The names read off the text are those that PromQL reads."""
    assert set(series_in(expression)) == parsed_names(expression)


def test_names_in_odd_places_are_no_series() -> None:
    """Strings, labels, groupings, functions, keywords and variables are told from names of series."""
    odd = (
        'sum by (a, b) (rate(x_total{c="d e", f=~"$g"}[$__rate_interval] offset 1d)) / on (h) group_left (i) '
        "(recorded:name:rate5m > bool 1e3) and label_replace(up, 'j', \"$1\", 'k', '(.*)') unless vector(0)"
    )
    assert list(series_in(odd)) == ["x_total", "recorded:name:rate5m", "up"]


def test_a_description_says_where_the_numbers_come_from() -> None:
    """The author's words come first, then each series, table or traces once."""
    asked = [
        v.query(raw("sum(a) / sum(b)")),
        v.query(raw("a")),
        v.sql("SELECT 'from x' FROM runs JOIN results r ON true"),
        v.traceql("{}"),
    ]
    assert (
        described("  Words.\n  More.  ", asked)
        == "Words.\nMore.\n\nFrom: `a`, `b`, `runs`, `results`, `traces`."
    )
