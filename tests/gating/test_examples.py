"""The pipelines in examples/ci are what the systems take, and their commands are ones there are."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from check_jsonschema import main as check_jsonschema  # type: ignore[import-untyped]
from click.testing import CliRunner, Result

EXAMPLES = Path(__file__).parents[2] / "examples" / "ci"
GITHUB, GITLAB = EXAMPLES / "github.yml", EXAMPLES / "gitlab.yml"
# The schemas of both come with check-jsonschema: no network is needed.
SCHEMAS = {GITHUB.name: "vendor.github-workflows", GITLAB.name: "vendor.gitlab-ci"}


def steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load(GITHUB.read_text("utf-8"))
    # YAML 1.1 takes the key `on` for a truth value.
    assert set(workflow) == {"name", True, "permissions", "jobs"}
    assert set(workflow[True]) == {"push", "pull_request"}
    (job,) = workflow["jobs"].values()
    assert set(job) <= {"runs-on", "permissions", "steps", "timeout-minutes"}
    found: list[dict[str, Any]] = job["steps"]
    return found


def scripts() -> Iterator[str]:
    yield from (step["run"] for step in steps() if "run" in step)
    yield from yaml.safe_load(GITLAB.read_text("utf-8"))["routing"]["script"]


def checked(pipeline: Path) -> Result:
    return CliRunner().invoke(check_jsonschema, ["--builtin-schema", SCHEMAS[pipeline.name], str(pipeline)])


@pytest.mark.parametrize(
    ("pipeline", "key", "mistaken"),
    [
        (GITHUB, "persist-credentials: false", "persist-credentials: []"),
        (GITHUB, "runs-on", "runs_on"),
        (GITLAB, "expire_in", "expires_in"),
    ],
)
def test_the_systems_take_them(pipeline: Path, key: str, mistaken: str, tmp_path: Path) -> None:
    """Each is what the system's own schema asks for, and would not be with a key that there is not."""
    done = checked(pipeline)
    assert done.exit_code == 0, done.output
    text = pipeline.read_text("utf-8")
    assert key in text
    wrong = tmp_path / pipeline.name
    wrong.write_text(text.replace(key, mistaken), "utf-8")
    done = checked(wrong)
    assert done.exit_code == 1, done.output


def test_steps_of_the_workflow() -> None:
    """Each step does one thing; no code of a pull request runs with a token."""
    for step in steps():
        assert ("uses" in step) != ("run" in step), step
    assert "pull_request_target" not in GITHUB.read_text("utf-8")


def test_actions_are_pinned() -> None:
    """To a commit, with the version beside it for people; those of one repository to one commit."""
    used = re.findall(r"uses: ([\w./-]+)@(\S+) # (v\d+\.\d+\.\d+)$", GITHUB.read_text("utf-8"), re.MULTILINE)
    assert len(used) == sum("uses" in step for step in steps())
    pins: dict[str, set[tuple[str, str]]] = {}
    for action, pin, version in used:
        assert re.fullmatch(r"[0-9a-f]{40}", pin)
        pins.setdefault("/".join(action.split("/")[:2]), set()).add((pin, version))
    assert all(len(versions) == 1 for versions in pins.values())


def test_no_expression_stands_in_a_script() -> None:
    """What outsiders write reaches a script as a variable, never as a part of its text."""
    for step in steps():
        assert "${{" not in step.get("run", "")


def test_the_job_for_gitlab() -> None:
    """Only the default branch writes the cache."""
    document = yaml.safe_load(GITLAB.read_text("utf-8"))
    (job,) = document.values()
    policies = {rule["if"]: rule["variables"]["STORE_POLICY"] for rule in job["rules"]}
    assert policies == {
        "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH": "pull-push",
        '$CI_PIPELINE_SOURCE == "merge_request_event"': "pull",
    }
    (cache,) = job["cache"]
    assert cache["policy"] == "$STORE_POLICY"
    assert job["allow_failure"] == {"exit_codes": 3}


@pytest.mark.parametrize("script", [*scripts()])
def test_scripts_are_shell(script: str) -> None:
    """Bash reads them without running them."""
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_commands_exist() -> None:
    """Each `gnomon` command in them is one, and takes these options."""
    commands = {entry.name: entry for entry in entry_points(group="gnomon.commands")}
    found = []
    for script in scripts():
        for line in script.replace("\\\n", " ").splitlines():
            if match := re.match(r"\s*gnomon (\S+)(.*?)(?:\|\||$)", line):
                name, arguments = match[1], shlex.split(match[2])
                command = commands[name].load()
                assert isinstance(command, click.Command)
                command.make_context(name, arguments)
                found.append(name)
    assert set(found) == {"gate", "ingest"}
