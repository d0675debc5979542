"""What agents do outside of test runs, and the deployed versions that likely moved it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import update as update_rows

from gnomon.settings import Settings
from gnomon_analysis.attribution import Finding, findings, fleet_reading, update_fleets
from gnomon_analysis.store import Store, schema
from gnomon_analysis.store.ingestion import add_traces
from tests.attribution.fleet import HOUR, MONDAY, Agent, Level, plant
from tests.attribution.planted import DAY, Repository, git

DAYS = 4
HOURS = 24 * DAYS
TWO: dict[float, tuple[str | None, str | None]] = {0: ("1.0", None), 50.5: ("2.0", None)}


def looked(store: Store, settings: Settings, now_ns: int = MONDAY + 400 * DAY) -> list[Finding]:
    update_fleets(store, settings, now_ns=now_ns)
    return [one for one in findings(store) if one.told]


def test_a_deployment_that_makes_an_agent_worse_is_named(any_store: Store, settings: Settings) -> None:
    """On both databases: version, agent, sizes, words; nothing is said of the agent beside it."""
    worse: dict[float, Level] = {0: Level(), 50.5: Level(failed=0.2, tokens=1.6)}
    plant(any_store, Agent(deployed=TWO, levels=worse), Agent("shop", "sales"), hours=HOURS)

    told = looked(any_store, settings)

    by_metric = {one.metric: one for one in told}
    assert by_metric.keys() == {"success_rate", "tokens", "cost"}
    for one in told:
        assert (one.scope_kind, one.scope, one.revision, one.verdict) == (
            "agent",
            "desk",
            "desk 2.0",
            "regression",
        )
        assert (one.suite, one.agent, one.department, one.environment) == (
            None,
            "desk",
            "support",
            "production",
        )
        assert (one.before_revision, one.after_revision) == ("desk 1.0", "desk 2.0")
        # The half hour at which it was deployed, though rows are of hours.
        assert 50.5 <= (one.changed_ns - MONDAY) / HOUR < 51
        assert one.p_commit is not None
        assert one.p_commit > 0.9
    success = by_metric["success_rate"]
    assert success.before == pytest.approx(97, abs=1.5)
    assert success.after == pytest.approx(80, abs=3)
    assert success.sentence.startswith(
        "Version desk 2.0 likely lowered the success rate of the agent desk by "
    )
    assert "sure that it is this version" in success.sentence
    assert "the cost a request of the agent desk rose by" in " ".join(success.also)
    requests = success.details["requests"]
    assert requests == [pytest.approx(50.5 * 12, abs=6), pytest.approx((HOURS - 50.5) * 12, abs=6)]


def test_times_retries_and_models_have_metrics_of_their_own(store: Store, settings: Settings) -> None:
    """A slower version is told of requests and of model calls; one that is tried more often of retries."""
    slow = Agent(deployed=TWO, levels={0: Level(), 50.5: Level(slow=1.5)})
    tried = Agent("shop", "sales", deployed=TWO, levels={0: Level(), 50.5: Level(retries=0.2)})
    plant(store, slow, tried, hours=HOURS)

    told = {(one.scope, one.metric): one for one in looked(store, settings)}

    assert told.keys() == {("desk", "latency"), ("desk", "call_latency"), ("shop", "retries")}
    assert {one.revision for one in told.values()} == {"desk 2.0", "shop 2.0"}
    assert told["desk", "call_latency"].details["ratio"][0] == pytest.approx(1.5, rel=0.1)
    assert told["shop", "retries"].after == pytest.approx(0.2, abs=0.03)


def test_nothing_is_accused_of_the_hour_of_the_day(store: Store, settings: Settings) -> None:
    """Agents that are busier and slower by day, harmless deployments among them: nothing is told."""
    agents = [
        Agent(
            f"agent-{number}",
            ("support", "sales")[number % 2],
            deployed={0: ("1.0", None), 30 + 7 * number: ("1.1", None)},
            swing=0.4,
        )
        for number in range(6)
    ]
    plant(store, *agents, hours=24 * 5)

    assert looked(store, settings) == []


def test_a_version_is_the_commit_that_its_service_states(
    store: Store, settings: Settings, repository: Repository
) -> None:
    """The finding names the commit with its subject, is of its repository, and says as what it ran."""
    first, second = repository.commit_all([("Add", ["desk/SKILL.md"]), ("Reword", ["desk/SKILL.md"])])
    deployed: dict[float, tuple[str | None, str | None]] = {0: ("1.0", first), 50.5: ("1.0", second)}
    plant(store, Agent(deployed=deployed, levels={0: Level(), 50.5: Level(tokens=1.6)}), hours=HOURS)

    with repository.history(settings) as history:
        update_fleets(store, settings, [history], now_ns=MONDAY + 9 * DAY)
        name = history.name
    told = [one for one in findings(store) if one.told]

    assert {one.revision for one in told} == {second}
    assert {(one.repository, one.subject, one.author) for one in told} == {(name, "Reword", "Ada")}
    assert told[0].sentence.startswith(f"Commit {second[:7]} (Reword), deployed as desk 1.0, likely raised ")


def test_a_deployment_names_the_commits_that_it_brought(
    store: Store, settings: Settings, repository: Repository
) -> None:
    """Since the version before, weighed by what they touched; the certainty is that of the deployment."""
    touched = ["desk/SKILL.md"], ["notes.md"], ["prompts/desk.md"], ["desk/SKILL.md"], ["notes.md"]
    first, *_, skill, last = repository.commit_all([(f"C{n}", paths) for n, paths in enumerate(touched)])
    deployed: dict[float, tuple[str | None, str | None]] = {0: ("1.0", first), 50.5: ("2.0", last)}
    plant(store, Agent(deployed=deployed, levels={0: Level(), 50.5: Level(tokens=1.6)}), hours=HOURS)

    with repository.history(settings) as history:
        update_fleets(store, settings, [history], now_ns=MONDAY + 9 * DAY)

    told = next(one for one in findings(store) if one.told and one.metric == "tokens")
    assert told.revision == last
    brought = told.details["brought"]
    assert [one["revision"] for one in brought] == [skill, repository.commits[2], last, repository.commits[1]]
    assert [round(one["share"] / brought[-1]["share"]) for one in brought] == [50, 5, 1, 1]
    assert sum(one["share"] for one in brought) == pytest.approx(1, abs=0.001)
    assert f"Commit {last[:7]} (C4), deployed as desk 2.0 with 3 others, likely raised" in told.sentence
    assert "sure that it is this deployment; of its 4 commits, by what they touched: " in told.sentence
    assert f"{skill[:7]} (C3) 88 %" in told.sentence


def test_a_version_is_the_commit_of_its_tag(store: Store, settings: Settings, repository: Repository) -> None:
    """Version 2.0 is the commit that the tag v2.0 names; a version without a tag keeps its name."""
    _, second = repository.commit_all([("Add", ["desk/SKILL.md"]), ("Reword", ["desk/SKILL.md"])])
    git(repository.folder, "tag", "v2.0", second)
    plant(store, Agent(deployed=TWO, levels={0: Level(), 50.5: Level(tokens=1.6)}), hours=HOURS)

    with repository.history(settings) as history:
        update_fleets(store, settings, [history], now_ns=MONDAY + 9 * DAY)

    told = [one for one in findings(store) if one.told]
    assert {(one.revision, one.before_revision) for one in told} == {(second, "desk 1.0")}


def test_without_a_deployment_no_version_is_blamed(store: Store, settings: Settings) -> None:
    """A lasting movement where nothing was deployed is `upstream`, names nobody and says when it was."""
    plant(store, Agent(levels={0: Level(), 50: Level(slow=1.6)}), hours=HOURS)

    told = looked(store, settings)

    assert {one.metric for one in told} == {"latency", "call_latency"}
    assert {(one.verdict, one.revision, one.p_commit, one.candidates) for one in told} == {
        ("upstream", None, None, ())
    }
    assert "about 2023-11-15 02:00, when nothing of it was deployed" in told[0].sentence


def test_what_passes_within_a_day_is_no_change(store: Store, settings: Settings) -> None:
    """Eight slow hours without a deployment are an incident, which alerts tell."""
    plant(store, Agent(levels={0: Level(), 50: Level(slow=2), 58: Level()}), hours=HOURS)

    assert looked(store, settings) == []


def test_another_model_is_no_version(store: Store, settings: Settings) -> None:
    """A movement that comes with another model is `upstream`, though a version came with it."""
    levels: dict[float, Level] = {0: Level(), 50.5: Level(slow=1.8, model="m-2")}
    plant(store, Agent(deployed=TWO, levels=levels), hours=HOURS)

    told = [one for one in looked(store, settings) if one.metric == "call_latency"]

    assert [(one.verdict, one.revision) for one in told] == [("upstream", None)]
    assert "the model changed from m-1 by vendor to m-2 by vendor; desk 2.0" in told[0].sentence


def test_what_all_agents_of_a_department_show_is_told_once(store: Store, settings: Settings) -> None:
    """Without deployments the widest scope tells: a model of two departments, else the department."""
    slow: dict[float, Level] = {0: Level(), 50: Level(slow=1.6)}
    agents = [Agent(name, "support", levels=slow) for name in ("desk", "post", "door")]
    plant(store, *agents, Agent("shop", "sales"), Agent("till", "sales"), hours=HOURS)
    assert {(one.scope_kind, one.scope) for one in looked(store, settings)} == {("department", "support")}


def test_a_model_that_slows_is_told_of_the_model(store: Store, settings: Settings) -> None:
    """All that ask it show it; what others of their departments do is left alone."""
    slow: dict[float, Level] = {0: Level(), 50: Level(slow=1.6)}
    other: dict[float, Level] = {0: Level(model="m-2")}
    plant(
        store,
        *(Agent(f"a{n}", ("support", "sales")[n % 2], levels=slow) for n in range(4)),
        *(Agent(f"b{n}", ("support", "sales")[n % 2], levels=other) for n in range(4)),
        hours=HOURS,
    )

    told = [one for one in looked(store, settings) if one.metric == "call_latency"]

    assert [(one.scope_kind, one.scope) for one in told] == [("model", "m-1 by vendor")]
    assert told[0].before == pytest.approx(1.08, rel=0.1)


def test_more_of_a_slow_agent_is_no_movement_of_its_department(store: Store, settings: Settings) -> None:
    """Each agent is compared with itself: a mixture that changes changes nothing."""
    quick = Agent("quick", levels={0: Level(slow=0.3)})
    plant(store, quick, Agent("slow", an_hour=4), hours=HOURS)
    # From the third day on the slow one is asked five times as often.
    late = Agent("slow", an_hour=16)
    plant(store, late, hours=HOURS, seed=2)
    with store.engine.begin() as connection:
        for table in (schema.spans, schema.model_calls):
            early = (table.c.trace_id.startswith("0002"), table.c.started_ns < MONDAY + 2 * DAY)
            connection.execute(table.delete().where(*early))

    assert looked(store, settings) == []


def test_older_requests_are_looked_at_by_the_day(store: Store, settings: Settings) -> None:
    """A deployment of weeks ago is named as well, and keeps its finding when it passes out of the hours."""
    agent = Agent(
        deployed={0: ("1.0", None), 960: ("2.0", None)}, levels={0: Level(), 960: Level(tokens=1.6)}
    )
    plant(store, agent, hours=45 * 24, every=6)
    first = {one.metric: one for one in looked(store, settings)}
    plant(store, agent, hours=60 * 24, seed=2, every=6)
    second = {one.metric: one for one in looked(store, settings)}

    assert first.keys() == second.keys() == {"tokens", "cost"}
    for metric, one in first.items():
        assert one.revision == second[metric].revision == "desk 2.0"
        assert second[metric].impact_id == one.impact_id


def test_a_canary_is_no_deployment(store: Store, settings: Settings) -> None:
    """A version that does a fifth of the work beside another one is neither named nor counted."""
    plant(store, Agent(), hours=HOURS)
    plant(
        store,
        Agent(an_hour=2, deployed={0: ("2.0-rc", None)}, levels={0: Level(failed=0.5)}),
        hours=HOURS,
        seed=2,
    )

    assert looked(store, settings) == []


def test_nothing_new_is_not_looked_at_again(store: Store, settings: Settings) -> None:
    """A second look without new requests changes nothing; nor does a store without any."""
    assert update_fleets(store, settings, now_ns=MONDAY).found == []
    plant(store, Agent(deployed=TWO, levels={0: Level(), 50.5: Level(tokens=1.6)}), hours=HOURS)
    before = looked(store, settings)
    again = update_fleets(store, settings, now_ns=MONDAY + 401 * DAY)
    whole = update_fleets(store, settings, now_ns=MONDAY + 402 * DAY, whole=True)
    assert (again.moved, whole.found, whole.withdrawn) == ([], [], [])
    assert [one for one in findings(store) if one.told] == before


def test_what_a_service_states_of_its_deployment_is_kept(any_store: Store) -> None:
    """Version and commit of the resource are with the agent's span, and are what was deployed."""

    def stated(**values: str) -> list[dict[str, object]]:
        return [
            {"key": key.replace("__", "."), "value": {"stringValue": value}} for key, value in values.items()
        ]

    span = {
        "traceId": "a" * 32,
        "spanId": "b" * 16,
        "name": "invoke_agent desk",
        "startTimeUnixNano": str(MONDAY),
        "endTimeUnixNano": str(MONDAY + HOUR),
        "attributes": stated(gen_ai__operation__name="invoke_agent", gen_ai__agent__name="desk"),
    }
    resource = stated(service__version="1.4", vcs__ref__head__revision="c" * 40)
    traces = {
        "resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [{"spans": [span]}]}],
    }
    add_traces(any_store.engine, json.dumps(traces).encode())

    with any_store.engine.connect() as connection:
        fleet = fleet_reading.read(connection, HOUR, 0)

    version = fleet.versions[int(fleet.cells.version[0])]
    assert (version.version, version.revision) == ("1.4", "c" * 40)
    assert fleet.whos[int(fleet.cells.who[0])].agent == "desk"


def test_test_runs_are_left_alone(store: Store, settings: Settings, tmp_path: Path) -> None:
    """What tests asked agents for says nothing about operation."""
    plant(store, Agent(deployed=TWO, levels={0: Level(), 50.5: Level(tokens=1.6)}), hours=HOURS)
    run = {"run_id": "r" * 32, "status": "success", "complete": True}
    with store.engine.begin() as connection:
        connection.execute(schema.runs.insert(), run)
        for table in (schema.spans, schema.model_calls):
            connection.execute(update_rows(table).values(run_id="r" * 32))

    assert looked(store, settings) == []
