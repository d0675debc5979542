"""What each kind of panel becomes is what Grafana 11 and later read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gnomon_generators import vocabulary as v
from gnomon_generators.checks.dashboard.models import keys_lost, models_missing
from gnomon_generators.checks.schema import panel_types_without_schema, schema_faults
from tests.vocabulary.boards import KINDS, board, everything

# What grafanalib writes for older Grafanas, or in place of nothing.
JUNK = {
    "editable",
    "error",
    "span",
    "minSpan",
    "cacheTimeout",
    "intervalFactor",
    "step",
    "metric",
    "maxDataPoints",
}


def panels(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in document["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def only(panel: v.Panel) -> dict[str, Any]:
    """The panel as a dashboard has it."""
    (found,) = panels(v.document(board(panel), "board"))
    return found


def nulls(value: Any, path: str = "") -> Iterator[str]:
    if value is None:
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from nulls(item, f"{path}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from nulls(item, f"{path}[{number}]")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_passes_grafanas_schemas(kind: str) -> None:
    """A dashboard with the panel alone has nothing that Grafana's published schemas refuse."""
    assert schema_faults(v.document(board(KINDS[kind]()), "board")) == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_survives_grafanas_own_models(kind: str) -> None:
    """Read with grafana-foundation-sdk's models and written again, no key of the panel is lost."""
    assert models_missing() == ""
    assert list(keys_lost(v.document(board(KINDS[kind]()), "board"))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_panel_and_query_names_its_data_source(kind: str) -> None:
    """Schema version 42 promises a type and a uid on every panel and every query."""
    panel = only(KINDS[kind]())
    for holder in (panel, *panel.get("targets", [])):
        assert set(holder["datasource"]) == {"type", "uid"}


@pytest.mark.parametrize("kind", KINDS)
def test_no_null_and_no_junk(kind: str) -> None:
    """Nothing stands there as null, and nothing of what only older Grafanas read."""
    panel = only(KINDS[kind]())
    assert list(nulls(panel)) == []
    assert not JUNK & panel.keys()
    for target in panel.get("targets", []):
        assert not JUNK & target.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_each_panel_says_what_it_is_about(kind: str) -> None:
    """Each panel has a description, and one that reads data says from where."""
    panel = only(KINDS[kind]())
    assert panel["description"]
    assert ("From: " in panel["description"]) == bool(panel.get("targets"))


def test_a_board_of_everything_is_right_as_a_whole() -> None:
    """Rows, variables, annotations and links together pass the schemas and the models too."""
    document = v.document(everything(), "everything")
    assert schema_faults(document) == []
    assert list(keys_lost(document)) == []
    assert list(nulls(document)) == []
    # Grafana publishes none for this one.
    assert panel_types_without_schema(document) == {"traces"}


def test_a_plugins_panel_takes_its_options_as_they_are() -> None:
    """What has no function is written by its id."""
    from tests.vocabulary.boards import ABOUT, COST

    panel = only(
        v.panel("marcusolsson-treemap-panel", "Tree", COST, options={"tiling": "squarify"}, about=ABOUT)
    )
    assert panel["type"] == "marcusolsson-treemap-panel"
    assert panel["options"] == {"tiling": "squarify"}
