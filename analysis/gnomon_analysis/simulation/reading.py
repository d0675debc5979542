"""Reading a scenario file: what is wrong in it is told with file, line and key, as for gnomon.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from gnomon.errors import UserError
from gnomon.settings.checking import quoted
from gnomon.settings.loading import built
from gnomon.settings.problems import Place, Problem, SettingsError
from gnomon.settings.reading import read
from gnomon.settings.table import Setting, table_of
from gnomon_analysis.simulation.fleet import agent_names
from gnomon_analysis.simulation.scenario import Scenario

SHIPPED = Path(__file__).with_name("scenario.yaml")
"""The scenario that comes with Gnomon, as a file with comments."""

# Lists whose entries name agents, models and the like.
_NAMING = ("incidents", "deployments", "tests.suites")

Mistake = tuple[str, str, str]
"""A key, what is wrong with it, and what to write instead."""


def load_scenario(file: Path | None = None) -> Scenario:
    """The scenario of a file on top of the one that comes with Gnomon; that one alone without a file.

    Raises `SettingsError`, a `UserError`, that lists every mistake with its place, and `UserError` where the
    file cannot be read.
    """
    table = table_of(Scenario)
    values = read(SHIPPED, table).values
    given: Collection[str] = values
    places: Mapping[str, Place] = {}
    problems: list[Problem] = []
    if file is not None:
        if not file.is_file():
            raise UserError(
                f"the scenario {file} is not a file; `gnomon simulate --write-scenario > {file}` makes one"
            )
        found = read(file.absolute(), table)
        given, places, problems = found.values, found.places, found.problems
        values = {**values, **found.values}
    if not problems:
        scenario: Scenario = built(table, _fitting(table, values, given), Path.cwd())
        problems = [Problem(_place(places, key), key, wrong, do) for key, wrong, do in _mistakes(scenario)]
        if not problems:
            return scenario
    raise SettingsError(problems, f"the scenario {file}")


def _fitting(table: Setting, values: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """The values without entries of Gnomon's scenario that name what the file's organisation has not."""
    wrong = {key.rpartition(".")[0] or key for key, _, _ in _mistakes(built(table, values, Path.cwd()))}
    return {
        key: tuple(entry for number, entry in enumerate(value) if f"{key}[{number}]" not in wrong)
        if key in _NAMING and key not in given
        else value
        for key, value in values.items()
    }


def _place(places: Mapping[str, Place], key: str) -> Place:
    """Where a key stands, or else what it stands in."""
    while key and key not in places:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return places.get(key, Place())


def _mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """What only shows when the keys are seen together."""
    for key in ("departments", "environments", "providers", "tools", "skills", "workflows"):
        entries = getattr(scenario, key)
        if not entries:
            yield key, "the list is empty", "name one at least, or leave the key out"
        yield from _repeated(key, entries)
    for number, provider in enumerate(scenario.providers):
        if not provider.models:
            yield f"providers[{number}]", f"{quoted(provider.name)} has no models", "write `models:` below it"
        yield from _repeated(f"providers[{number}].models", provider.models)
    if not (scenario.departments and scenario.providers and all(p.models for p in scenario.providers)):
        return
    agents = agent_names(scenario)
    yield from _incidents(scenario)
    for number, deployment in enumerate(scenario.deployments):
        yield from _unlisted(f"deployments[{number}].agent", deployment.agent, agents)
    departments = [department.name for department in scenario.departments]
    for number, suite in enumerate(scenario.tests.suites):
        yield from _unlisted(f"tests.suites[{number}].department", suite.department, departments)
        yield from _unlisted(f"tests.suites[{number}].agent", suite.agent, agents)
    yield from _repeated("tests.suites", scenario.tests.suites)
    if scenario.tests.flaky > scenario.tests.cases:
        yield "tests.flaky", f"there are only {scenario.tests.cases} cases", "write a smaller number"


def _incidents(scenario: Scenario) -> Iterator[Mistake]:
    providers = [provider.name for provider in scenario.providers]
    models = [model.name for provider in scenario.providers for model in provider.models]
    for number, incident in enumerate(scenario.incidents):
        key = f"incidents[{number}]"
        yield from _unlisted(f"{key}.provider", incident.provider, providers)
        yield from _unlisted(f"{key}.model", incident.model, models)
        yield from _unlisted(f"{key}.tool", incident.tool, scenario.tools)
        if incident.kind == "broken_tool" and incident.tool is None:
            yield key, "it breaks a tool and names none", "write `tool:` with one of the tools"
        if incident.every is not None and incident.every.seconds < incident.lasts.seconds:
            yield f"{key}.every", f"it lasts {incident.lasts}, longer than that", "write a longer time"


def _repeated(key: str, entries: Collection[Any]) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for number, entry in enumerate(entries):
        name = entry if isinstance(entry, str) else entry.name
        if name in first:
            wrong = f"{quoted(name)} is also the name of entry {first[name]}"
            yield f"{key}[{number}]", wrong, "give each its own name"
        first.setdefault(name, number)


def _unlisted(key: str, name: str | None, known: Collection[str]) -> Iterator[Mistake]:
    if name is not None and name not in known:
        shown = ", ".join(list(known)[:8]) + (" …" if len(known) > 8 else "")
        yield key, f"there is no {quoted(name)}", f"write one of {shown}"
