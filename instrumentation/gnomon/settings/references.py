"""Mistakes that only show when settings are seen together: names nobody listed, names listed twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from gnomon.settings.checking import quoted
from gnomon.settings.problems import Place, Problem
from gnomon.settings.table import Setting, table, walk


def mistakes(
    values: Mapping[str, Any], places: Mapping[str, Place], unreadable: Sequence[str] = ()
) -> list[Problem]:
    """Every such mistake in the values that were given (and in the defaults they contradict).

    What names something in a list of which a part is `unreadable` is left alone: nobody can tell
    whether it is a mistake.
    """
    found = [*_repeated(values), *_unlisted(values, unreadable), *_contradictions(values)]
    return [Problem(_place(places, key), key, wrong, remedy) for key, wrong, remedy in found]


def _place(places: Mapping[str, Place], key: str) -> Place:
    """Where a key stands, or else what it stands in."""
    while key and key not in places:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return places.get(key, Place())


def _repeated(values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for setting in walk():
        if setting.kind != "entries":
            continue
        first: dict[str, int] = {}
        for number, entry in _entries(setting, values):
            if entry.name in first:
                wrong = f"{quoted(entry.name)} is also the name of entry {first[entry.name]}"
                yield f"{setting.key}[{number}].name", wrong, "give each its own name"
            first.setdefault(entry.name, number)


def _unlisted(values: Mapping[str, Any], unreadable: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for setting, key, name in _references(table(), values):
        target = setting.meaning.refers_to
        listed = [getattr(entry, "name", entry) for entry in values.get(target, ()) if entry]
        if (
            name in listed
            or any(key.startswith(target) for key in unreadable)
            or (target == "organisation.environments" and not listed)
        ):
            continue
        if key in values or "[" in key:
            yield key, f"{quoted(name)} is not in {target}", _remedy(name, listed)
        else:
            wrong = f"{quoted(name)}, the default of {key}, is not listed"
            yield target, wrong, f"add it, or write `{key}: {listed[0]}`"


def _remedy(name: str, listed: list[str]) -> str:
    near = get_close_matches(name, listed, n=1)
    if near:
        return f"did you mean {quoted(near[0])}?"
    return f"add it there, or write one of {', '.join(listed)}" if listed else "add it there"


def _references(section: Setting, values: Mapping[str, Any]) -> Iterator[tuple[Setting, str, str]]:
    """Every setting that names something listed elsewhere: the setting, its concrete key, the name."""
    for setting in walk(section):
        if setting.meaning.refers_to:
            name = values.get(setting.key, setting.default)
            if name:
                yield setting, setting.key, name
        if setting.kind == "entries":
            for number, entry in _entries(setting, values):
                for field in setting.fields:
                    name = getattr(entry, field.name)
                    if field.meaning.refers_to and name:
                        yield field, f"{setting.key}[{number}].{field.name}", name


def _entries(setting: Setting, values: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    """The readable entries of a list with their numbers."""
    return ((number, entry) for number, entry in enumerate(values.get(setting.key, ())) if entry is not None)


def _contradictions(values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    flaky = {
        setting.key: setting.default for setting in walk() if setting.key in ("flaky.above", "flaky.below")
    }
    above, below = (values.get(key, default) for key, default in flaky.items())
    if above >= below:
        key = "flaky.below" if "flaky.below" in values else "flaky.above"
        yield (
            key,
            f"no rate lies above {above} and below {below}",
            "write a flaky.above smaller than flaky.below",
        )
    if values.get("changes.detection") == "webhook" and not values.get("changes.webhook_url"):
        yield (
            "changes.detection",
            "webhook needs an address",
            "write changes.webhook_url, or `detection: polling`",
        )
