"""Prometheus names follow the published translation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gnomon.registry import attributes, metrics
from gnomon.registry.model import Instrument
from gnomon.registry.prometheus import label_name, label_of, metric_name, name_of, series_names

# What the Go library github.com/prometheus/otlptranslator v1.0.0, which Prometheus and the Collector use,
# answered for every metric and attribute of the registry and for names and units at the rules' edges
# (metric namer with UnderscoreEscapingWithSuffixes, label namer with its defaults).
GOLDEN: dict[str, Any] = json.loads(
    Path(__file__).with_name("otlptranslator_golden.json").read_text(encoding="utf-8")
)
METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

names = st.text(st.sampled_from("abZ09._-:/ %é字"), max_size=14) | st.lists(
    st.sampled_from(["total", "ratio", "seconds", "bytes", "percent", "per", "gen_ai", "x"]), max_size=5
).map(".".join)
units = st.sampled_from(["", "1", "s", "ms", "By", "%", "{test}", "USD", "By/s", "1/s", "{a}/{b}", "x_y"])
instruments = st.sampled_from(get_args(Instrument))


@pytest.mark.parametrize(("name", "instrument", "unit", "expected"), GOLDEN["metrics"])
def test_metric_names_equal_the_translators(
    name: str, instrument: Instrument, unit: str, expected: str
) -> None:
    """For each metric of the registry and for edge cases the name is the one that Prometheus makes."""
    assert metric_name(name, instrument, unit) == expected


@pytest.mark.parametrize(("name", "expected"), GOLDEN["labels"])
def test_label_names_equal_the_translators(name: str, expected: str) -> None:
    """For each attribute of the registry and for edge cases the label is the one that Prometheus makes."""
    assert label_name(name) == expected


def test_the_translator_was_asked_about_the_whole_registry() -> None:
    """No metric or attribute is without an answer of the translator's own."""
    asked = {(name, instrument, unit) for name, instrument, unit, _ in GOLDEN["metrics"]}
    assert {(row.name, row.instrument, row.unit) for row in metrics.ALL} <= asked
    assert {row.name for row in attributes.ALL} <= {name for name, _ in GOLDEN["labels"]}


def test_promised_names_come_out_exactly() -> None:
    """The names that users were promised are what the rules make of ours."""
    assert {name_of(row) for row in metrics.ALL if row.seed} == {
        "routing_test_retries_total",
        "routing_test_api_latency_seconds",
        "routing_test_cost_usd",
        "routing_test_total",
        "routing_test_duration_seconds",
        "routing_accuracy_percent",
        "tool_use_accuracy_percent",
    }


def test_histograms_have_three_series() -> None:
    """A classic histogram is read by its buckets, sum and count."""
    assert series_names(metrics.ROUTING_TEST_COST_USD) == (
        "routing_test_cost_usd_bucket",
        "routing_test_cost_usd_sum",
        "routing_test_cost_usd_count",
    )
    assert series_names(metrics.ROUTING_TEST) == ("routing_test_total",)
    assert label_of(attributes.GNOMON_TEST_OUTCOME) == "gnomon_test_outcome"


@given(names, instruments, units)
def test_metric_names_are_valid_and_suffixed_once(name: str, instrument: Instrument, unit: str) -> None:
    """Whatever comes in, Prometheus accepts what comes out, and no suffix stands twice."""
    assume(re.search("[a-zA-Z0-9:]", name))
    translated = metric_name(name, instrument, unit)
    assert METRIC_NAME.fullmatch(translated)
    assert "__" not in translated
    if instrument == "counter":
        assert translated.split("_").count("total") == 1
        assert translated.endswith("total")
    if instrument == "gauge" and unit == "1":
        assert translated.split("_").count("ratio") == 1
        assert translated.endswith("ratio")


@given(names, units)
def test_translating_a_name_again_changes_nothing(name: str, unit: str) -> None:
    """A name that already is Prometheus's, its unit and suffix included, stays as it is."""
    assume(re.search("[a-zA-Z0-9:]", name) and "/" not in unit and unit != "x_y")
    once = metric_name(name, "counter", unit)
    assert metric_name(once, "counter", unit) == once


@given(names)
def test_label_names_are_valid(name: str) -> None:
    """Whatever comes in, Prometheus accepts the label that comes out."""
    assume(re.search("[a-zA-Z0-9]", name))
    assert LABEL_NAME.fullmatch(label_name(name))


@pytest.mark.parametrize("name", ["", ".", "___", "字"])
def test_a_name_of_which_nothing_is_left_is_refused(name: str) -> None:
    """A name that Prometheus cannot write is an error, not an empty name."""
    with pytest.raises(ValueError, match="can stand in Prometheus"):
        metric_name(name, "gauge")
    with pytest.raises(ValueError, match="can stand in Prometheus"):
        label_name(name)
