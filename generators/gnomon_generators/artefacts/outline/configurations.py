"""Outlines of the configurations of Alertmanager and of an OpenTelemetry Collector, and of any other file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gnomon_generators.artefacts.outline.model import Fact, Form, Item
from gnomon_generators.artefacts.outline.plain import facts, flat, mapping, mappings, others, scalar

_COMPONENTS: Final = ("receivers", "processors", "exporters", "connectors", "extensions")


def alertmanager(raw: Mapping[str, Any]) -> Item:
    """Alertmanager: the tree of routes, inhibitions, receivers, time intervals."""
    items = [
        _route(mapping(raw.get("route")), "default"),
        *(_inhibition(rule) for rule in mappings(raw.get("inhibit_rules"))),
        *(_receiver(receiver) for receiver in mappings(raw.get("receivers"))),
        *(
            Item("time interval", scalar(entry.get("name") or ""), tuple(others(entry, ("name",))))
            for key in ("time_intervals", "mute_time_intervals")
            for entry in mappings(raw.get(key))
        ),
    ]
    told = ("route", "inhibit_rules", "receivers", "time_intervals", "mute_time_intervals")
    return Item("Alertmanager", "", tuple(others(raw, told)), tuple(items))


def collector(raw: Mapping[str, Any]) -> Item:
    """A Collector: its pipelines first, then its components."""
    service = mapping(raw.get("service"))
    items = [
        *(
            _pipeline(name, mapping(value))
            for name, value in sorted(mapping(service.get("pipelines")).items())
        ),
        *(
            Item(section.removesuffix("s"), name, tuple(facts(value)))
            for section in _COMPONENTS
            for name, value in sorted(mapping(raw.get(section)).items())
        ),
    ]
    own = [fact for key in sorted(service) if key != "pipelines" for fact in facts(service[key], key)]
    return Item("Collector", "", (*own, *others(raw, ("service", *_COMPONENTS))), tuple(items))


def anything(raw: Mapping[str, Any]) -> Item:
    """A file of no kind that is known here: every value with the way to it."""
    return Item("document", "", tuple(facts(raw)))


def _route(raw: Mapping[str, Any], name: str) -> Item:
    brief = (
        ("receiver", "to"),
        ("group_wait", "waits"),
        ("group_interval", "again after"),
        (
            "repeat_interval",
            "repeats after",
        ),
    )
    told = [Fact(word, scalar(raw[key]), Form.NAMED) for key, word in brief if raw.get(key)]
    known = ("receiver", "group_wait", "group_interval", "repeat_interval", "matchers", "match", "match_re")
    routes = [_route(route, _matchers(route)) for route in mappings(raw.get("routes"))]
    return Item("route", name, (*told, *others(raw, (*known, "routes"))), tuple(routes))


def _matchers(raw: Mapping[str, Any]) -> str:
    matchers = raw.get("matchers")
    texts = [scalar(matcher) for matcher in matchers] if isinstance(matchers, list) else []
    texts += [f"{name}={value}" for name, value in sorted(mapping(raw.get("match")).items())]
    texts += [f"{name}=~{value}" for name, value in sorted(mapping(raw.get("match_re")).items())]
    return ", ".join(texts) or "everything"


def _inhibition(raw: Mapping[str, Any]) -> Item:
    def side(which: str) -> str:
        return _matchers({key.removeprefix(f"{which}_"): value for key, value in raw.items() if which in key})

    known = [f"{which}_{key}" for which in ("source", "target") for key in ("matchers", "match", "match_re")]
    return Item("inhibition", f"{side('source')} mutes {side('target')}", tuple(others(raw, known)))


def _receiver(raw: Mapping[str, Any]) -> Item:
    ways = [
        Item(
            key.removesuffix("_configs"),
            f"{number}" if len(mappings(entries)) > 1 else "",
            tuple(facts(entry)),
        )
        for key, entries in sorted(raw.items())
        if key.endswith("_configs")
        for number, entry in enumerate(mappings(entries), start=1)
    ]
    rest = {key: value for key, value in raw.items() if key != "name" and not key.endswith("_configs")}
    return Item("receiver", scalar(raw.get("name") or ""), tuple(facts(rest)), tuple(ways))


def _pipeline(name: str, raw: Mapping[str, Any]) -> Item:
    return Item("pipeline", name, tuple(_steps(raw)))


def _steps(raw: Mapping[str, Any]) -> Iterator[Fact]:
    for section in ("receivers", "processors", "exporters"):
        if raw.get(section):
            names = raw[section]
            listed = (
                " → ".join(map(scalar, names)) if section == "processors" else ", ".join(map(scalar, names))
            )
            yield Fact(section, listed if isinstance(names, list) else flat(names))
    yield from others(raw, ("receivers", "processors", "exporters"))
