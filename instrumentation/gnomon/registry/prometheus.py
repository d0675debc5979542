"""Names in Prometheus, computed from OpenTelemetry's by the published rules.

The rules are those of the OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility",
as Prometheus's own OTLP receiver and the Collector apply them by default (translation strategy
`UnderscoreEscapingWithSuffixes` of github.com/prometheus/otlptranslator 1.0).
"""

from __future__ import annotations

import re
from typing import Final

from gnomon.registry.attribute import Attribute
from gnomon.registry.model import Instrument, Metric

# UCUM unit to the word that Prometheus users write.
_UNITS: Final = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tibibytes",
    "KBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "1": "",
    "%": "percent",
}
# What may stand after the stroke of a rate; here `m` is a minute.
_PER_UNITS: Final = {
    "s": "second",
    "m": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "mo": "month",
    "y": "year",
}
_NAME_BREAKS: Final = re.compile(r"[^a-zA-Z0-9:]+")
_LABEL_BREAKS: Final = re.compile(r"[^a-zA-Z0-9]+")
_RESERVED_LABEL: Final = re.compile(r"__(.*)__", re.DOTALL)

HISTOGRAM_SUFFIXES: Final = ("_bucket", "_sum", "_count")


def metric_name(name: str, instrument: Instrument, unit: str = "") -> str:
    """The metric's name in Prometheus; a histogram's without its `_bucket`, `_sum` and `_count`.

    Raises `ValueError` when nothing that Prometheus accepts is left of the name.
    """
    words = [word for word in _NAME_BREAKS.split(name) if word]
    if not words:
        raise ValueError(f"nothing of the metric name {name!r} can stand in Prometheus")
    words = _with_unit(words, unit)
    if instrument == "counter":
        words = [word for word in words if word != "total"] + ["total"]
    if instrument == "gauge" and unit == "1":
        words = [word for word in words if word != "ratio"] + ["ratio"]
    joined = "_".join(words)
    return f"_{joined}" if joined[0].isdigit() else joined


def label_name(name: str) -> str:
    """The attribute's name as a Prometheus label.

    Raises `ValueError` when nothing that Prometheus accepts is left of the name.
    """
    reserved = _RESERVED_LABEL.fullmatch(name)
    if reserved is None:
        escaped = _LABEL_BREAKS.sub("_", name)
    else:
        escaped = f"__{_LABEL_BREAKS.sub('_', reserved.group(1))}__"
    if not escaped.strip("_"):
        raise ValueError(f"nothing of the attribute name {name!r} can stand in Prometheus")
    return f"key_{escaped}" if escaped[0].isdigit() else escaped


def series_names(metric: Metric) -> tuple[str, ...]:
    """The names of the metric's series: one, or a classic histogram's three."""
    base = name_of(metric)
    if metric.instrument == "histogram":
        return tuple(base + suffix for suffix in HISTOGRAM_SUFFIXES)
    return (base,)


def name_of(metric: Metric) -> str:
    """The Prometheus name of a metric of the registry."""
    return metric_name(metric.name, metric.instrument, metric.unit)


def label_of(attribute: Attribute) -> str:
    """The Prometheus label of an attribute of the registry."""
    return label_name(attribute.name)


def _with_unit(words: list[str], unit: str) -> list[str]:
    """The words of a name followed by those of its unit, unless the name holds them already."""
    main, stroke, per = unit.partition("/")
    main_word = _unit_word(main, _UNITS)
    per_word = _unit_word(per, _PER_UNITS) if stroke else ""
    per_phrase = _escaped_unit(f"per_{per_word}").removesuffix("_") if per_word else ""
    main_phrase = _escaped_unit(main_word)
    if main_phrase in words:
        main_phrase = ""
    if per_phrase == "per" or per_phrase in words:
        per_phrase = ""
    if per_phrase:
        main_phrase = main_phrase.removesuffix("_")
    return words + [phrase for phrase in (main_phrase, per_phrase) if phrase]


def _unit_word(unit: str, words: dict[str, str]) -> str:
    """A part of a unit in words; annotations in braces count things and say nothing."""
    unit = unit.strip()
    if "{" in unit or "}" in unit:
        return ""
    return words.get(unit, unit)


def _escaped_unit(words: str) -> str:
    return _NAME_BREAKS.sub("_", words).removeprefix("_")
