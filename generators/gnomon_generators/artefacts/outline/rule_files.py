"""Outlines of Prometheus rule files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gnomon_generators.artefacts.outline.model import Fact, Form, Item
from gnomon_generators.artefacts.outline.plain import mapping, mappings, others, scalar


def rule_file(raw: Mapping[str, Any]) -> Item:
    """A rule file: groups, each followed by its rules."""
    return Item("rules", "", tuple(others(raw, ("groups",))), tuple(_items(raw)))


def _items(raw: Mapping[str, Any]) -> Iterator[Item]:
    for group in mappings(raw.get("groups")):
        name = scalar(group.get("name") or "")
        interval = [Fact("every", scalar(group["interval"]), Form.NAMED)] if group.get("interval") else []
        yield Item("group", name, (*interval, *others(group, ("name", "interval", "rules"))))
        yield from (_rule(rule, name) for rule in mappings(group.get("rules")))


def _rule(raw: Mapping[str, Any], group: str) -> Item:
    kind = "record" if "record" in raw else "alert"
    facts = [
        *(
            Fact(name, scalar(raw[key]), Form.NAMED)
            for key, name in (("for", "for"), ("keep_firing_for", "keeps firing for"))
            if raw.get(key)
        ),
        Fact("expression", scalar(raw.get("expr") or "").strip(), Form.TEXT),
        *(Fact(f"label {name}", scalar(value)) for name, value in sorted(mapping(raw.get("labels")).items())),
        *(
            Fact(f"annotation {name}", " ".join(scalar(value).split()))
            for name, value in sorted(mapping(raw.get("annotations")).items())
        ),
        *others(raw, ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations")),
    ]
    return Item(kind, scalar(raw.get(kind) or ""), tuple(facts), (), group)
