"""`docs/registry/`: the registry in OpenTelemetry's own format, for its tools to read.

The format is the semantic convention definition language (version 1) of OpenTelemetry Weaver. Names
of OpenTelemetry are written out beside ours, so that the folder is whole without any dependency:
the generative AI conventions have no release that one could name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any, Final

import yaml

from gnomon.registry import attributes, events, metrics, resources, spans
from gnomon.registry.attribute import Attribute
from gnomon.registry.model import Event, Metric, Resource, Span
from gnomon.registry.prometheus import name_of
from gnomon.version import __version__
from gnomon_generators.document import MARK, Document

FOLDER: Final = PurePosixPath("registry")

Group = dict[str, Any]


def documents() -> tuple[Document, ...]:
    """The manifest and one file a kind of group."""
    return (
        _document("manifest.yaml", _manifest()),
        _document("attributes.yaml", _groups(_attribute_groups())),
        _document("resources.yaml", _groups(_resource_group(row) for row in resources.ALL)),
        _document("events.yaml", _groups(_event_group(row) for row in events.ALL)),
        _document("spans.yaml", _groups(_span_group(row) for row in spans.ALL)),
        _document("metrics.yaml", _groups(_metric_group(row) for row in metrics.ALL)),
    )


def _manifest() -> Group:
    return {
        "schema_url": f"https://gnomon.example/schemas/{__version__}",
        "description": "What Gnomon writes: tests, model calls, agents and skills.",
        "stability": "development",
    }


def _attribute_groups() -> Iterable[Group]:
    """One group for the attributes under each first part of a name."""
    ordered = sorted(attributes.ALL, key=lambda row: (_prefix(row), row.name))
    for prefix, rows in groupby(ordered, key=_prefix):
        yield {
            "id": f"registry.{prefix}",
            "type": "attribute_group",
            "display_name": f"Attributes under {prefix}",
            "brief": f"Attributes whose names begin with {prefix}.",
            "attributes": [_definition(row) for row in rows],
        }


def _definition(row: Attribute) -> Group:
    definition: Group = {"id": row.name, "type": row.type, "stability": row.stability, "brief": row.brief}
    if row.values is not None:
        definition["type"] = {
            "members": [
                {"id": value, "value": value, "brief": value, "stability": row.stability}
                for value in row.values
            ]
        }
    elif row.examples:
        definition["examples"] = [
            list(example) if isinstance(example, tuple) else example for example in row.examples
        ]
    annotations = {"source": str(row.source)}
    if row.bounded_by:
        annotations["bounded_by"] = row.bounded_by
    return definition | {"annotations": {"gnomon": annotations}}


def _resource_group(row: Resource) -> Group:
    return {
        "id": f"resource.{row.id}",
        "type": "attribute_group",
        "brief": row.brief,
        "attributes": _references(row.required, row.optional),
    }


def _event_group(row: Event) -> Group:
    return {
        "id": f"event.{row.name}",
        "type": "event",
        "name": row.name,
        "stability": row.stability,
        "brief": row.brief,
        "attributes": _references(row.required, row.optional),
        "annotations": {"gnomon": {"source": str(row.source)}},
    }


def _span_group(row: Span) -> Group:
    group: Group = {
        "id": f"span.{row.id}",
        "type": "span",
        "span_kind": row.kind,
        "stability": row.stability,
        "brief": row.brief,
        "note": f"The span's name is `{row.name}`.",
        "attributes": _references(row.required, row.optional),
    }
    if row.events:
        group["events"] = [f"event.{event.name}" for event in row.events]
    annotations: Group = {"source": str(row.source)}
    if row.parents:
        annotations["parents"] = [f"span.{parent}" for parent in row.parents]
    return group | {"annotations": {"gnomon": annotations}}


def _metric_group(row: Metric) -> Group:
    annotations: Group = {
        "source": str(row.source),
        "prometheus": name_of(row),
        "counting": row.counting,
        "additive": row.additive,
    }
    if row.buckets:
        annotations["buckets"] = list(row.buckets)
    group: Group = {
        "id": f"metric.{row.name}",
        "type": "metric",
        "metric_name": row.name,
        "instrument": row.instrument,
        "unit": row.unit,
        "stability": row.stability,
        "brief": row.brief,
    }
    if row.attributes:
        group["attributes"] = _references(row.required, row.optional)
    whole = row.unit.startswith("{") and row.unit != "{USD}"
    return group | {
        "annotations": {
            "code_generation": {"metric_value_type": "int" if whole else "double"},
            "gnomon": annotations,
        }
    }


def _references(required: Sequence[Attribute], optional: Sequence[Attribute]) -> list[Group]:
    return [
        *({"ref": row.name, "requirement_level": "required"} for row in required),
        *(
            {"ref": row.name, "requirement_level": "opt_in" if row.content else "recommended"}
            for row in optional
        ),
    ]


def _prefix(row: Attribute) -> str:
    return row.name.partition(".")[0]


def _groups(groups: Iterable[Group]) -> Group:
    return {"groups": list(groups)}


def _document(name: str, content: Group) -> Document:
    body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return Document(FOLDER / name, f"# {MARK} from gnomon.registry: edit that.\n{body}")
