"""The export keeps the rules of OpenTelemetry's semantic convention definition language."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
import yaml

from gnomon.registry import attributes, events, metrics, resources, spans
from gnomon.registry.prometheus import name_of
from gnomon_generators.reference import registry_export

Group = dict[str, Any]
FILES = {document.path.name: yaml.safe_load(document.text) for document in registry_export.documents()}
GROUPS: list[Group] = [
    group for name, content in FILES.items() if name != "manifest.yaml" for group in content["groups"]
]
DEFINITIONS: list[Group] = [
    attribute for group in GROUPS for attribute in group.get("attributes", ()) if "id" in attribute
]
REFERENCES: list[Group] = [
    attribute for group in GROUPS for attribute in group.get("attributes", ()) if "ref" in attribute
]

# The definition language's own words (OpenTelemetry Weaver, semantic convention syntax version 1).
STABILITY = {"stable", "development", "alpha", "beta", "release_candidate"}
TYPES = {"string", "int", "double", "boolean", "any", "string[]", "int[]", "double[]", "boolean[]"}
NAME = re.compile(r"[a-z][a-z0-9]*([._][a-z0-9]+)*")
FIELDS = {
    "id",
    "type",
    "brief",
    "note",
    "stability",
    "display_name",
    "attributes",
    "annotations",
}
OWN_FIELDS = {
    "attribute_group": set(),
    "event": {"name"},
    "span": {"span_kind", "events"},
    "metric": {"metric_name", "instrument", "unit"},
}
REQUIRED_FIELDS = {
    "attribute_group": {"attributes"},
    "event": {"name", "stability"},
    "span": {"span_kind", "stability", "attributes"},
    "metric": {"metric_name", "instrument", "unit", "stability"},
}


def test_the_manifest_names_the_registry() -> None:
    """The folder's manifest has a schema URL that ends in a version."""
    assert re.fullmatch(r"https://[^/]+/.+/\d+\.\d+\.\d+", FILES["manifest.yaml"]["schema_url"])


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group["id"])
def test_groups_are_well_formed(group: Group) -> None:
    """A group has what its type demands, a brief, and nothing unknown."""
    kind = group["type"]
    assert {"id", "type", "brief"} | REQUIRED_FIELDS[kind] <= set(group)
    assert set(group) <= FIELDS | OWN_FIELDS[kind]
    assert group["brief"].strip()
    assert group.get("stability", "stable") in STABILITY
    assert kind != "span" or group["span_kind"] in {"client", "server", "producer", "consumer", "internal"}
    assert kind != "metric" or group["instrument"] in {"counter", "gauge", "histogram", "updowncounter"}
    references = [attribute["ref"] for attribute in group.get("attributes", ()) if "ref" in attribute]
    assert len(references) == len(set(references))
    assert not (group["id"].startswith("registry.") and references)


@pytest.mark.parametrize("attribute", DEFINITIONS, ids=lambda attribute: attribute["id"])
def test_attributes_are_well_formed(attribute: Group) -> None:
    """An attribute has a name, a type, a stability, a brief and examples of its type."""
    assert NAME.fullmatch(attribute["id"])
    assert attribute["stability"] in STABILITY
    assert attribute["brief"].strip()
    kind = attribute["type"]
    if isinstance(kind, dict):
        assert "examples" not in attribute
        for member in kind["members"]:
            assert {"id", "value", "stability"} <= set(member)
            assert member["stability"] == attribute["stability"]
        ids = [member["id"] for member in kind["members"]]
        assert len(ids) == len(set(ids))
        return
    assert kind in TYPES
    assert kind not in {"string", "string[]"} or attribute["examples"]
    python = {"string": str, "int": int, "double": float, "boolean": bool, "string[]": list}
    assert all(type(example) is python[kind] for example in attribute.get("examples", ()))


def test_ids_and_names_are_unique() -> None:
    """No group, attribute, metric or event is defined twice."""
    for names in (
        [group["id"] for group in GROUPS],
        [attribute["id"] for attribute in DEFINITIONS],
        [group["metric_name"] for group in GROUPS if group["type"] == "metric"],
        [group["name"] for group in GROUPS if group["type"] == "event"],
    ):
        assert [name for name, times in Counter(names).items() if times > 1] == []


def test_references_resolve() -> None:
    """Every reference is to an attribute or event of the folder, with a known requirement level."""
    defined = {attribute["id"] for attribute in DEFINITIONS}
    assert {attribute["ref"] for attribute in REFERENCES} <= defined
    assert {attribute["requirement_level"] for attribute in REFERENCES} == {
        "required",
        "recommended",
        "opt_in",
    }
    ids = {group["id"] for group in GROUPS}
    assert {event for group in GROUPS for event in group.get("events", ())} <= ids


def test_content_is_opt_in() -> None:
    """What may hold someone's words is recorded on request only, wherever it stands."""
    content = {row.name for row in attributes.ALL if row.content}
    for attribute in REFERENCES:
        assert (attribute["ref"] in content) == (attribute["requirement_level"] == "opt_in")


def test_the_export_is_whole() -> None:
    """Everything of the registry is in it, and nothing else."""
    assert {attribute["id"] for attribute in DEFINITIONS} == {row.name for row in attributes.ALL}
    ids = {group["id"] for group in GROUPS if not group["id"].startswith("registry.")}
    assert ids == {
        *(f"metric.{row.name}" for row in metrics.ALL),
        *(f"span.{row.id}" for row in spans.ALL),
        *(f"event.{row.name}" for row in events.ALL),
        *(f"resource.{row.id}" for row in resources.ALL),
    }
    for row in metrics.ALL:
        group = next(group for group in GROUPS if group["id"] == f"metric.{row.name}")
        assert (group["metric_name"], group["instrument"], group["unit"]) == (
            row.name,
            row.instrument,
            row.unit,
        )
        assert group["annotations"]["gnomon"]["prometheus"] == name_of(row)
