"""What CI systems say of themselves: the documented variables of each."""

from __future__ import annotations

from typing import Any

import pytest

from gnomon.provenance import ci

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_WORKFLOW": "nightly",
    "GITHUB_RUN_ID": "4711",
    "GITHUB_RUN_NUMBER": "12",
    "GITHUB_JOB": "routing",
    "RUNNER_NAME": "runner-3",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "team/app",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REF_TYPE": "branch",
}
URL = "cicd.pipeline.run.url.full"


def named(pipeline: str, run: str, *, url: str | None = None, branch: str | None = None) -> dict[str, Any]:
    values: dict[str, Any] = {"cicd.pipeline.name": pipeline, "cicd.pipeline.run.id": run}
    if url:
        values[URL] = url
    if branch:
        values |= {"vcs.ref.head.name": branch, "vcs.ref.head.type": "branch"}
    return values


@pytest.mark.parametrize(
    ("environ", "expected", "sequence"),
    [
        pytest.param(
            GITHUB,
            named("nightly", "4711", url="https://github.com/team/app/actions/runs/4711", branch="main")
            | {"cicd.pipeline.task.name": "routing", "cicd.worker.name": "runner-3"},
            12,
            id="github",
        ),
        pytest.param(
            {
                "GITLAB_CI": "true",
                "CI_PROJECT_PATH": "team/app",
                "CI_PIPELINE_ID": "99",
                "CI_PIPELINE_IID": "5",
                "CI_PIPELINE_URL": "https://gitlab.com/team/app/-/pipelines/99",
                "CI_JOB_NAME": "routing",
                "CI_RUNNER_ID": "7",
                "CI_COMMIT_REF_NAME": "side",
                "CI_MERGE_REQUEST_IID": "31",
            },
            named("team/app", "99", url="https://gitlab.com/team/app/-/pipelines/99", branch="side")
            | {"cicd.pipeline.task.name": "routing", "cicd.worker.name": "7", "vcs.change.id": "31"},
            5,
            id="gitlab",
        ),
        pytest.param(
            {
                "JENKINS_URL": "https://jenkins",
                "JOB_NAME": "app/main",
                "BUILD_TAG": "jenkins-app-8",
                "BUILD_URL": "https://jenkins/job/app/8",
                "BUILD_NUMBER": "8",
                "NODE_NAME": "built-in",
            },
            named("app/main", "jenkins-app-8", url="https://jenkins/job/app/8")
            | {"cicd.worker.name": "built-in"},
            8,
            id="jenkins",
        ),
        pytest.param(
            {
                "BUILDKITE": "true",
                "BUILDKITE_PIPELINE_SLUG": "app",
                "BUILDKITE_BUILD_ID": "uuid",
                "BUILDKITE_BUILD_URL": "https://buildkite.com/b/1",
                "BUILDKITE_BRANCH": "main",
                "BUILDKITE_BUILD_NUMBER": "1",
            },
            named("app", "uuid", url="https://buildkite.com/b/1", branch="main"),
            1,
            id="buildkite",
        ),
        pytest.param(
            {
                "CIRCLECI": "true",
                "CIRCLE_PROJECT_REPONAME": "app",
                "CIRCLE_WORKFLOW_ID": "w",
                "CIRCLE_BUILD_URL": "https://circleci.com/b/2",
                "CIRCLE_BRANCH": "main",
                "CIRCLE_BUILD_NUM": "2",
            },
            named("app", "w", url="https://circleci.com/b/2", branch="main"),
            2,
            id="circleci",
        ),
        pytest.param(
            {"TF_BUILD": "True", "BUILD_DEFINITIONNAME": "app", "BUILD_BUILDID": "3"},
            named("app", "3"),
            3,
            id="azure",
        ),
        pytest.param({}, {}, None, id="a developer's machine"),
        pytest.param({"CI": "true"}, {}, None, id="a system that nobody knows"),
    ],
)
def test_systems(environ: dict[str, str], expected: dict[str, Any], sequence: int | None) -> None:
    """Each system's own variables become the same attributes; what it does not say is left out."""
    assert ci.attributes(environ) == expected
    assert ci.sequence(environ) == sequence


@pytest.mark.parametrize(
    ("more", "name", "kind"),
    [
        ({"GITHUB_REF_NAME": "v1", "GITHUB_REF_TYPE": "tag"}, "v1", "tag"),
        ({"GITHUB_REF_NAME": "31/merge", "GITHUB_HEAD_REF": "side"}, "side", "branch"),
    ],
)
def test_what_github_checked_out(more: dict[str, str], name: str, kind: str) -> None:
    """A tag is a tag, and a pull request is named by its branch, not by the merge made for it."""
    found = ci.attributes(GITHUB | more)
    assert (found["vcs.ref.head.name"], found["vcs.ref.head.type"]) == (name, kind)


def test_numbers_that_are_none() -> None:
    """A run number that is no number is not made up."""
    assert ci.sequence(GITHUB | {"GITHUB_RUN_NUMBER": "twelve"}) is None
    assert ci.sequence(GITHUB | {"GITHUB_RUN_NUMBER": ""}) is None
