"""The CI job that a process runs in, as OpenTelemetry `cicd.*` and `vcs.*` attributes.

Each system is recognised by the variables it documents; the first that is present wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gnomon.record import Record


class System(Record):
    """The variables in which one CI system says what it runs. Empty: it does not say."""

    present: str
    pipeline: str
    run_id: str
    run_url: str = ""
    task: str = ""
    worker: str = ""
    branch: str = ""
    change: str = ""
    sequence: str = ""


SYSTEMS: Mapping[str, System] = {
    "github": System(
        present="GITHUB_ACTIONS",
        pipeline="GITHUB_WORKFLOW",
        run_id="GITHUB_RUN_ID",
        task="GITHUB_JOB",
        worker="RUNNER_NAME",
        branch="GITHUB_HEAD_REF",
        sequence="GITHUB_RUN_NUMBER",
    ),
    "gitlab": System(
        present="GITLAB_CI",
        pipeline="CI_PROJECT_PATH",
        run_id="CI_PIPELINE_ID",
        run_url="CI_PIPELINE_URL",
        task="CI_JOB_NAME",
        worker="CI_RUNNER_ID",
        branch="CI_COMMIT_REF_NAME",
        change="CI_MERGE_REQUEST_IID",
        sequence="CI_PIPELINE_IID",
    ),
    "jenkins": System(
        present="JENKINS_URL",
        pipeline="JOB_NAME",
        run_id="BUILD_TAG",
        run_url="BUILD_URL",
        worker="NODE_NAME",
        branch="BRANCH_NAME",
        change="CHANGE_ID",
        sequence="BUILD_NUMBER",
    ),
    "buildkite": System(
        present="BUILDKITE",
        pipeline="BUILDKITE_PIPELINE_SLUG",
        run_id="BUILDKITE_BUILD_ID",
        run_url="BUILDKITE_BUILD_URL",
        task="BUILDKITE_LABEL",
        worker="BUILDKITE_AGENT_NAME",
        branch="BUILDKITE_BRANCH",
        sequence="BUILDKITE_BUILD_NUMBER",
    ),
    "circleci": System(
        present="CIRCLECI",
        pipeline="CIRCLE_PROJECT_REPONAME",
        run_id="CIRCLE_WORKFLOW_ID",
        run_url="CIRCLE_BUILD_URL",
        task="CIRCLE_JOB",
        branch="CIRCLE_BRANCH",
        sequence="CIRCLE_BUILD_NUM",
    ),
    "azure": System(
        present="TF_BUILD",
        pipeline="BUILD_DEFINITIONNAME",
        run_id="BUILD_BUILDID",
        task="AGENT_JOBNAME",
        worker="AGENT_NAME",
        branch="BUILD_SOURCEBRANCHNAME",
        change="SYSTEM_PULLREQUEST_PULLREQUESTID",
        sequence="BUILD_BUILDID",
    ),
}


def attributes(environ: Mapping[str, str]) -> dict[str, Any]:
    """The attributes of the CI job in `environ`; empty on a developer's machine."""
    found = _system(environ)
    if found is None:
        return {}
    name, system = found
    named = {
        "cicd.pipeline.name": system.pipeline,
        "cicd.pipeline.run.id": system.run_id,
        "cicd.pipeline.run.url.full": system.run_url,
        "cicd.pipeline.task.name": system.task,
        "cicd.worker.name": system.worker,
        "vcs.change.id": system.change,
        # CI systems check a commit out without its branch; git alone would call it detached.
        "vcs.ref.head.name": system.branch,
    }
    values: dict[str, Any] = {
        attribute: environ[variable]
        for attribute, variable in named.items()
        if variable and environ.get(variable)
    }
    if name == "github":
        values |= _github(environ)
    if "vcs.ref.head.name" in values:
        values.setdefault("vcs.ref.head.type", "branch")
    return values


def sequence(environ: Mapping[str, str]) -> int | None:
    """The CI system's own number of this run, where it has one."""
    found = _system(environ)
    number = environ.get(found[1].sequence, "") if found else ""
    return int(number) if number.isdecimal() else None


def _system(environ: Mapping[str, str]) -> tuple[str, System] | None:
    return next(((name, system) for name, system in SYSTEMS.items() if environ.get(system.present)), None)


def _github(environ: Mapping[str, str]) -> dict[str, str]:
    values = {}
    server, repository, run = (
        environ.get(f"GITHUB_{part}", "") for part in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    if server and repository and run:
        values["cicd.pipeline.run.url.full"] = f"{server}/{repository}/actions/runs/{run}"
    # HEAD_REF is set for pull requests only; otherwise REF_NAME is the branch or tag itself.
    if not environ.get("GITHUB_HEAD_REF") and environ.get("GITHUB_REF_NAME"):
        values["vcs.ref.head.name"] = environ["GITHUB_REF_NAME"]
        values["vcs.ref.head.type"] = environ.get("GITHUB_REF_TYPE") or "branch"
    return values
