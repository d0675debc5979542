"""The registry is sound, bounded, and honest about what is OpenTelemetry's."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

import pytest

from gnomon.errors import UserError
from gnomon.registry import attributes, checking, events, lookup, metrics, resources, spans, values
from gnomon.registry.attribute import Attribute
from gnomon.registry.model import Event, Metric
from gnomon.registry.sources import GENAI, GNOMON, SEMCONV
from tests.registry import otel_names

OURS = Attribute("gnomon.extra", "string", "More.", ("x",), source=GNOMON)
OUR_METRIC = Metric("gnomon.extra.count", "gauge", "{thing}", "More.", "run_point", source=GNOMON)


def test_the_tables_are_sound() -> None:
    """Nothing is wrong with the registry by its own rules."""
    assert checking.problems() == []


def test_constants_are_named_after_what_they_hold() -> None:
    """A name in capitals with underscores for dots is where its row is found."""
    tables: tuple[tuple[ModuleType, Sequence[Attribute | Metric | Event]], ...] = (
        (attributes, attributes.ALL),
        (metrics, metrics.ALL),
        (events, events.ALL),
    )
    for module, rows in tables:
        for row in rows:
            assert getattr(module, row.name.upper().replace(".", "_")) is row
            assert str(row) == row.name


def test_rows_cannot_be_changed() -> None:
    """A row is frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        attributes.GNOMON_RUN_ID.name = "x"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        attributes.GNOMON_RUN_ID.other = "x"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del attributes.GNOMON_RUN_ID.name


def test_importing_attributes_loads_next_to_nothing() -> None:
    """The table of attributes comes without the other tables and without any dependency."""
    code = (
        "import dataclasses, typing, sys, gnomon; before = set(sys.modules) | {'__future__'}; "
        "import gnomon.registry.attributes; print(*sorted(set(sys.modules) - before))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(answer.stdout.split()) == {
        "gnomon.record",
        "gnomon.registry",
        "gnomon.registry.attribute",
        "gnomon.registry.attributes",
        "gnomon.registry.sources",
        "gnomon.registry.values",
    }


# --- whose names they are --------------------------------------------------------------------------


def test_no_name_of_ours_stands_under_a_prefix_of_opentelemetry() -> None:
    """The first part of every name of ours begins none of the names that OpenTelemetry publishes."""
    theirs = {name.partition(".")[0] for name in otel_names.all_attributes() | otel_names.all_metrics()}
    assert len(theirs) > 50
    rows: list[Attribute | Metric | Event] = [*attributes.ALL, *metrics.ALL, *events.ALL]
    ours = {row.name.partition(".")[0] for row in rows if row.source is GNOMON}
    assert ours == {"gnomon", "skill", "routing", "routing_test", "tool_use"}
    assert not ours & theirs


def test_the_rule_knows_every_prefix_of_opentelemetry() -> None:
    """The check's list of prefixes covers what OpenTelemetry publishes."""
    theirs = {name.partition(".")[0] for name in otel_names.all_attributes()}
    assert theirs <= checking.OPENTELEMETRY_PREFIXES


def test_core_names_exist_in_opentelemetry_with_that_stability() -> None:
    """What is said to be of the core conventions is there, and stable only if it is stable there."""
    known, stable = otel_names.all_attributes(), otel_names.stable_attributes()
    core = [row for row in attributes.ALL if row.source is SEMCONV]
    assert len(core) > 30
    assert [row.name for row in core if row.name not in known] == []
    assert [row.name for row in core if row.name in stable and row.stability != "stable"] == []


def test_generative_ai_names_are_the_third_generation() -> None:
    """Names that the newest conventions dropped are not written, but for one that users may ask for, too."""
    names = {row.name for row in attributes.ALL}
    assert "gen_ai.usage.cache_write.input_tokens" in names
    assert "gen_ai/dup" in attributes.GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS.brief
    assert not names & {
        "gen_ai.system",
        "gen_ai.usage.prompt_tokens",
        "gen_ai.usage.completion_tokens",
        "gen_ai.usage.total_tokens",
    }
    assert all(row.stability == "development" for row in attributes.ALL if row.source is GENAI)


# --- the rules find what they are for --------------------------------------------------------------


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        (
            {"attributes": (*attributes.ALL, replace(OURS, name="gen_ai.extra"))},
            "attribute 'gen_ai.extra' is ours but stands under a prefix of OpenTelemetry",
        ),
        (
            {"attributes": (*attributes.ALL, replace(OURS, name="gnomon.x", source=SEMCONV))},
            "attribute 'gnomon.x' is said to be OpenTelemetry's but stands under none of its prefixes",
        ),
        (
            {"attributes": (*attributes.ALL, replace(OURS, name="gnomon.Extra"))},
            "attribute 'gnomon.Extra' is not lower-case words joined by dots or underscores",
        ),
        (
            {"attributes": (*attributes.ALL, replace(OURS, source=None))},
            "attribute 'gnomon.extra' does not say which convention it follows",
        ),
        (
            {"attributes": (*attributes.ALL, replace(OURS, name="gnomon.run.id"))},
            "attribute 'gnomon.run.id' stands twice",
        ),
        (
            {"attributes": (*attributes.ALL, replace(OURS, name="gnomon.run_id"))},
            "Prometheus label 'gnomon_run_id' stands twice",
        ),
        (
            {"attributes": (*attributes.ALL, replace(OURS, name="gnomon.run"))},
            "attribute 'gnomon.run' is also the beginning of 'gnomon.run.id'",
        ),
        (
            {"attributes": (*attributes.ALL, replace(OURS, examples=()))},
            "attribute 'gnomon.extra' has neither values nor examples",
        ),
        (
            {"attributes": (*attributes.ALL, replace(OURS, type="int"))},
            "attribute 'gnomon.extra' is of type int but has the example 'x'",
        ),
        (
            {"attributes": (*attributes.ALL, replace(OURS, type="int", examples=(), values=("a",)))},
            "attribute 'gnomon.extra' has named values but is of type int",
        ),
        (
            {"metrics": (replace(OUR_METRIC, required=(attributes.GNOMON_RUN_ID,)),)},
            "metric 'gnomon.extra.count' is labelled with 'gnomon.run.id', which nothing bounds",
        ),
        (
            {"metrics": (replace(OUR_METRIC, required=(attributes.GEN_AI_INPUT_MESSAGES,)),)},
            "metric 'gnomon.extra.count' is labelled with 'gen_ai.input.messages', which holds content",
        ),
        (
            {"metrics": (replace(OUR_METRIC, required=(OURS,)),)},
            "metric 'gnomon.extra.count' uses attribute 'gnomon.extra', which is not in the table",
        ),
        (
            {"metrics": (replace(OUR_METRIC, required=(attributes.ERROR_TYPE, attributes.ERROR_TYPE)),)},
            "metric 'gnomon.extra.count' names attribute 'error.type' twice",
        ),
        (
            {"metrics": (replace(OUR_METRIC, counting="ledger"),)},
            "metric 'gnomon.extra.count' is a gauge, which is not counted as ledger",
        ),
        (
            {"metrics": (replace(OUR_METRIC, instrument="histogram"),)},
            "metric 'gnomon.extra.count' is a histogram with 0 buckets",
        ),
        (
            {"metrics": (replace(OUR_METRIC, instrument="histogram", buckets=(1.0, 1.0)),)},
            "metric 'gnomon.extra.count' has buckets that do not rise",
        ),
        (
            {
                "metrics": (
                    OUR_METRIC,
                    replace(OUR_METRIC, name="gnomon.extra", instrument="histogram", buckets=(1.0,)),
                )
            },
            "Prometheus series 'gnomon_extra_count' stands twice",
        ),
        (
            {"spans": (replace(spans.TEST_RUN, parents=("nothing",)), *spans.ALL[1:])},
            "span 'gnomon.test_run' stands under 'nothing', which is not in the table",
        ),
        (
            {"events": ()},
            "span 'gnomon.routing_test' has event 'gen_ai.evaluation.result', which is not in the table",
        ),
    ],
)
def test_a_broken_rule_is_named(tables: dict[str, tuple[object, ...]], problem: str) -> None:
    """Each rule finds the one table that breaks it and says which row does."""
    assert problem in checking.problems(checking.Tables(**tables))  # type: ignore[arg-type]


# --- labels and values -----------------------------------------------------------------------------


def test_no_metric_is_labelled_with_what_grows() -> None:
    """Node ids, commits, runs, sessions and users stay off metrics."""
    forbidden = {
        attributes.TEST_CASE_NAME,
        attributes.GNOMON_RUN_ID,
        attributes.GNOMON_RUN_SEQUENCE,
        attributes.GNOMON_WORKER_ID,
        attributes.VCS_REF_HEAD_REVISION,
        attributes.SESSION_ID,
        attributes.GEN_AI_CONVERSATION_ID,
        attributes.SERVICE_INSTANCE_ID,
    }
    assert not {attribute for row in metrics.ALL for attribute in row.attributes} & forbidden
    assert not any(attribute.bounded for attribute in forbidden)


def test_only_one_metric_is_by_case() -> None:
    """The metric that has a budget for it is the only one that tells single cases apart."""
    case = attributes.GNOMON_TEST_CASE_ID
    assert [row for row in metrics.ALL if case in row.attributes] == [metrics.GNOMON_RUN_CASE_TESTS]


def test_run_points_and_ledger_name_suite_and_environment() -> None:
    """Every number of a test run says whose it is."""
    for row in metrics.ALL:
        # A change belongs to a repository, whichever suites run over it.
        if row.counting in {"run_point", "ledger"} and row is not metrics.GNOMON_CHANGES:
            assert {attributes.TEST_SUITE_NAME, attributes.DEPLOYMENT_ENVIRONMENT_NAME} <= set(row.required)


def test_a_test_run_has_no_instance() -> None:
    """A run is no service instance: its id would start new series with every run."""
    assert attributes.SERVICE_INSTANCE_ID not in resources.TEST_RUN.attributes


def test_outcomes_are_told_apart() -> None:
    """The outcomes are those of pytest and the three that pytest does not name."""
    assert values.OUTCOMES == (
        values.PASSED,
        values.FAILED,
        values.ERROR,
        values.SKIPPED,
        values.XFAILED,
        values.XPASSED,
        values.CRASHED,
        values.NOT_RUN,
    )
    assert attributes.GNOMON_TEST_OUTCOME.values == values.OUTCOMES


# --- look-ups --------------------------------------------------------------------------------------


def test_rows_are_found_by_name() -> None:
    """Every kind of row has a look-up by its name or id."""
    assert lookup.attribute("test.case.name") is attributes.TEST_CASE_NAME
    assert lookup.metric("gnomon.run.tests") is metrics.GNOMON_RUN_TESTS
    assert lookup.event("gen_ai.evaluation.result") is events.GEN_AI_EVALUATION_RESULT
    assert lookup.span("gnomon.routing_test") is spans.ROUTING_TEST
    assert lookup.resource("gnomon.test_run") is resources.TEST_RUN


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("routing_test_total", metrics.ROUTING_TEST),
        ("routing_test_cost_usd", metrics.ROUTING_TEST_COST_USD),
        ("routing_test_cost_usd_sum", metrics.ROUTING_TEST_COST_USD),
        ("routing_test_cost_usd_bucket", metrics.ROUTING_TEST_COST_USD),
        ("gnomon_run_tests", metrics.GNOMON_RUN_TESTS),
    ],
)
def test_metrics_are_found_by_their_prometheus_name(name: str, row: Metric) -> None:
    """A query's name leads to the row that says how it is counted."""
    assert lookup.prometheus_metric(name) is row


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    """A misspelt name is answered with what was probably meant."""
    with pytest.raises(UserError, match=r"no metric 'gnomon.run.test': write gnomon.run.tests"):
        lookup.metric("gnomon.run.test")
    with pytest.raises(UserError, match=r"no attribute 'zzz': docs/telemetry.md lists the names"):
        lookup.attribute("zzz")
