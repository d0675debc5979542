"""What a scenario says, what is wrong in one, and that it does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.run import gnomon
from tests.simulation.simulated import BEGAN, SCENARIO, attempt, left_in, simulate

QUIET = """
agents: 3
departments: [support]
environments: [production]
work: {failed_percent: 0, tool_failed_percent: 0, workflow_percent: 0}
calls: {attempt_failed_percent: 0, drift_percent_per_day: 0}
"""
TEN_MINUTES = ("--from", BEGAN, "--to", "2026-03-02T08:50:00", "--rate", "0.5", "--interval", "5m")


def test_the_scenario_that_is_printed_is_the_one_in_force(tmp_path: Path) -> None:
    """`--write-scenario` prints a scenario that gives, unchanged, what no scenario gives."""
    printed = gnomon("simulate", "--write-scenario", cwd=tmp_path)
    assert printed.returncode == 0
    one = simulate(tmp_path / "one", *TEN_MINUTES, scenario=printed.stdout)
    two = simulate(tmp_path / "two", *TEN_MINUTES, scenario="# nothing\n")
    assert one.truth == two.truth
    assert one.truth["agents"] == 200


def test_the_organisation_is_the_one_of_the_scenario(tmp_path: Path) -> None:
    """Without a scenario: 200 agents, 8 departments, 3 environments, 4 providers, all named on metrics."""
    done = gnomon(
        *("simulate", "--from", BEGAN, "--to", "2026-03-02T09:40:00", "--rate", "2", "--interval", "1h"),
        *("--truth", "truth.json", "--spool", "spool"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    found = left_in(tmp_path, done)
    by = found.truth["by"]
    assert {name: len(by[name]) for name in ("department", "environment", "provider")} == {
        "department": 8,
        "environment": 3,
        "provider": 4,
    }
    assert len(by["agent"]) > 150
    assert {point.attributes.get("gen_ai.agent.name") for point in found.points} >= set(by["agent"])
    assert "_OTHER" not in {value for point in found.points for value in point.attributes.values()}
    assert by["provider"]["anthropic"].get("unpriced_calls", 0) == sum(
        by["provider"]["anthropic"].get("calls_failed", {}).values()
    ), "each of its models has a price"


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        ("agent: 3\n", "scenario.yaml:1: agent: unknown key; did you mean agents?"),
        ("agents: many\n", "scenario.yaml:1: agents: 'many' does not fit here; write a whole number"),
        ("\nseed: 1\nagents: 0\n", "scenario.yaml:3: agents: 0 is out of range"),
        ("traffic:\n  peak_hour: 24\n", "scenario.yaml:2: traffic.peak_hour: 24 is out of range"),
        ("departments: []\n", "scenario.yaml:1: departments: the list is empty"),
        ("tools: [a, b, a]\n", "scenario.yaml:1: tools[2]: 'a' is also the name of entry 0"),
        ("providers: [{name: anthropic}]\n", "scenario.yaml:1: providers[0]: 'anthropic' has no models"),
        (
            "incidents:\n  - name: x\n    provider: nobody\n",
            "scenario.yaml:3: incidents[0].provider: there is no 'nobody'; write one of anthropic, openai",
        ),
        (
            "incidents: [{name: x, kind: broken_tool}]\n",
            "scenario.yaml:1: incidents[0]: it breaks a tool and names none",
        ),
        (
            "incidents: [{name: x, every: 1m, lasts: 2m}]\n",
            "scenario.yaml:1: incidents[0].every: it lasts 2m, longer than that",
        ),
        (
            "deployments: [{name: x, agent: support-99}]\n",
            "scenario.yaml:1: deployments[0].agent: there is no 'support-99'",
        ),
        ("tests: {cases: 2}\n", "scenario.yaml:1: tests.flaky: there are only 2 cases"),
        ("agents: [\n", "scenario.yaml:2: not valid YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(scenario: str, told: str, tmp_path: Path) -> None:
    """A mistake in a scenario is one sentence with file, line, key, and what to write instead."""
    done = attempt(tmp_path, *TEN_MINUTES, scenario=scenario)
    assert done.returncode == 2
    assert done.stderr.startswith("gnomon: ")
    assert told in done.stderr
    assert not (tmp_path / "truth.json").exists()


def test_several_mistakes_are_told_together(tmp_path: Path) -> None:
    """Two mistakes are two lines, below the name of the file."""
    done = attempt(tmp_path, *TEN_MINUTES, scenario="agents: 0\nseed: x\n")
    assert done.stderr.startswith("gnomon: 2 mistakes in the scenario scenario.yaml:\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--from", "yesterday"), "--from 'yesterday' is no moment; write now, a time from now such as -30d"),
        (("--from", "now", "--to", "-1d"), "--from now is not before --to -1d"),
        (("--duration", "long"), "--duration 'long' is no length of time"),
        (("--to", "now"), "--to belongs to the past; say --from as well"),
        (("--from", "-1d", "--speed", "3"), "--speed belongs to a simulation by the clock"),
        (("--from", "-1d", "--endpoint", "http://x"), "--from writes files and sends nothing"),
        (("--rate", "1", "--per-day", "1"), "--per-day and --rate both say how many requests there are"),
        (("--test-runs", "3"), "--test-runs are spread over the simulation's time; say --duration as well"),
        (("--truth", "/proc/nowhere/truth.json", "--duration", "1s"), "cannot be written"),
    ],
)
def test_a_contradiction_is_refused(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    """What contradicts itself on the command line is one sentence, and nothing is written."""
    done = gnomon("simulate", "--spool", "spool", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert not (tmp_path / "spool").exists()


def test_a_scenario_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A scenario file that does not exist is answered with how to get one."""
    done = gnomon("simulate", "--scenario", "none.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "`gnomon simulate --write-scenario > none.yaml` makes one" in done.stderr


# --- what is planted happens -----------------------------------------------------------------------


def test_a_deployment_changes_what_it_says(tmp_path: Path) -> None:
    """From its moment on the new version is out, and fails as much more as it says; nobody else fails."""
    worse = "deployments: [{name: w, agent: support-01, version: '3', after: 5m, failed_points: 100}]\n"
    done = simulate(tmp_path, *TEN_MINUTES, scenario=QUIET + "incidents: []\n" + worse)
    agents = [span for span in done.spans if span["gen_ai.operation.name"] == "invoke_agent"]
    deployed = min(span.start for span in agents) // 10**9 // 300 * 300 + 300
    seen = set()
    for span in agents:
        new = span["gen_ai.agent.name"] == "support-01" and span.start >= deployed * 10**9
        assert span["gen_ai.agent.version"] == ("3" if new else "1.0")
        assert (span.get("error.type") is not None) == new
        seen.add(new)
    assert seen == {True, False}
    (told,) = done.truth["deployments"]
    assert (told["agent"], told["at"], told["failed_points"]) == ("support-01", "2026-03-02T08:45:00Z", 100)


def test_a_dearer_version_takes_more_tokens(tmp_path: Path) -> None:
    """A cost factor of 3 makes the same calls take three times the tokens, and nothing else."""
    plain = simulate(tmp_path / "plain", *TEN_MINUTES, scenario=QUIET + "incidents: []\ndeployments: []\n")
    dearer = "deployments: [{name: d, agent: support-01, version: '1.0', after: 1s, cost_factor: 3}]\n"
    done = simulate(tmp_path / "dear", *TEN_MINUTES, scenario=QUIET + "incidents: []\n" + dearer)
    before, after = (each.truth["by"]["agent"] for each in (plain, done))
    assert after["support-01"]["tokens"]["input"] == pytest.approx(
        3 * before["support-01"]["tokens"]["input"],
        rel=0.05,  # longer answers take longer, and some are not over in time
    )
    assert after["support-02"]["tokens"] == before["support-02"]["tokens"]


def test_an_incident_strikes_what_it_names_while_it_lasts(tmp_path: Path) -> None:
    """A storm on one provider fails all of its attempts then, and none of another time or provider."""
    storm = """
incidents: [{name: s, kind: rate_limited, provider: openai, after: 2m, every: 5m, lasts: 1m, percent: 100}]
deployments: []
"""
    scenario = QUIET.replace("agents: 3", "agents: 30") + storm
    done = simulate(tmp_path, *TEN_MINUTES[:4], "--rate", "2", scenario=scenario)
    began = 1772440800 * 10**9
    struck = 0
    for span in done.spans:
        for event in span.events:
            if event.name != "gnomon.model_call.attempt":
                continue
            minute = (event.time - began) / 60e9 % 5
            inside = span["gen_ai.provider.name"] == "openai" and 2 <= minute < 3
            assert (event.attributes.get("error.type") == "rate_limited") == inside
            struck += inside
    assert struck > 20
    assert [(told["from"][11:16], told["to"][11:16]) for told in done.truth["incidents"]] == [
        ("08:42", "08:43"),
        ("08:47", "08:48"),
    ]


def test_the_scenario_of_these_tests_is_one(tmp_path: Path) -> None:
    """The shortest form of an entry is its name alone."""
    done = simulate(tmp_path, *TEN_MINUTES, scenario=SCENARIO)
    assert set(done.truth["by"]["department"]) == {"support", "sales"}
