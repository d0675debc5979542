"""What was under test: commit, branch, state of the working tree, skills and settings in force."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.plugin.project import Project
from tests.spool_reader import Run


@pytest.fixture
def repository(project: Project) -> Project:
    project.write("test_a.py", "def test_a(): pass\n")
    project.write("skills/search/SKILL.md", "---\nname: search\n---\nFinds issues.\n")
    project.write("skills/create/SKILL.md", "---\nname: create\n---\nMakes issues.\n")
    project.commit("Add two skills")
    return project


def observed(project: Project, *arguments: str, **env: str) -> Run:
    done = project.pytest(*arguments, env=env)
    assert done.status == 0, done.output
    assert "fatal:" not in done.output
    return project.runs()[-1]


def test_commit_and_branch(repository: Project) -> None:
    """A clean checkout is named by its commit and its branch."""
    resource = observed(repository).resource
    assert resource["vcs.ref.head.revision"] == repository.git("rev-parse", "HEAD")
    assert resource["vcs.ref.head.name"] == "trunk"
    assert resource["vcs.ref.head.type"] == "branch"
    assert resource["gnomon.vcs.dirty"] is False


def test_a_changed_working_tree(repository: Project) -> None:
    """A changed file that git tracks makes the run dirty, staged or not."""
    (repository.path / "skills/search/SKILL.md").write_text("changed\n")
    assert observed(repository).resource["gnomon.vcs.dirty"] is True
    repository.git("add", "--all")
    assert observed(repository).resource["gnomon.vcs.dirty"] is True


def test_our_own_state_does_not_make_a_tree_dirty(project: Project) -> None:
    """In a repository that ignores nothing, the results of one run do not make the next one dirty."""
    project.write("test_a.py", "def test_a(): pass\n")
    project.commit()
    (project.path / ".gitignore").unlink()
    project.commit("Ignore nothing")
    observed(project, "-p", "no:cacheprovider")
    run = observed(project, "-p", "no:cacheprovider")
    assert run.resource["gnomon.vcs.dirty"] is False
    assert ".gnomon" not in project.git("status", "--porcelain")


def test_detached_head(repository: Project) -> None:
    """A detached head has a commit and no branch."""
    repository.git("checkout", "--quiet", "--detach")
    resource = observed(repository).resource
    assert resource["vcs.ref.head.revision"] == repository.git("rev-parse", "HEAD")
    assert resource.get("vcs.ref.head.type") != "branch"
    assert resource.get("vcs.ref.head.name") != "HEAD"


def test_detached_at_a_tag(repository: Project) -> None:
    """A checkout of a tag is named by the tag."""
    repository.git("tag", "v1.2")
    repository.git("checkout", "--quiet", "v1.2")
    resource = observed(repository).resource
    assert (resource["vcs.ref.head.name"], resource["vcs.ref.head.type"]) == ("v1.2", "tag")


def test_shallow_clone(repository: Project, tmp_path: Path) -> None:
    """A shallow clone, as continuous integration makes it, knows its commit."""
    repository.commit("Second")
    clone = Project(tmp_path / "clone", tmp_path / "home")
    shutil.rmtree(clone.path)
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "1", f"file://{repository.path}", str(clone.path)],
        check=True,
        env=repository.environment(),
    )
    assert observed(clone).resource["vcs.ref.head.revision"] == repository.git("rev-parse", "HEAD")


def test_linked_worktree(repository: Project, tmp_path: Path) -> None:
    """A linked worktree has a commit and branch of its own; project and suite are those of its repository."""
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    resource = observed(Project(tmp_path / "side", tmp_path / "home")).resource
    assert resource["vcs.ref.head.name"] == "side"
    here = observed(repository).resource
    for name in ("service.name", "test.suite.name", "vcs.repository.name"):
        assert resource[name] == here[name]


def test_suite_in_a_folder_of_the_repository(repository: Project) -> None:
    """The state directory lies at the root of the repository, whichever folder pytest starts in."""
    inner = Project(repository.path / "deep" / "tests", repository.home)
    (inner.path / "pytest.ini").unlink()
    inner.write("test_inner.py", "def test_inner(): pass\n")
    done = inner.pytest(env={"GIT_CEILING_DIRECTORIES": None})
    assert done.status == 0, done.output
    run = repository.run()
    assert len(run.tests) == 1
    assert run.resource["vcs.ref.head.revision"] == repository.git("rev-parse", "HEAD")


def test_no_repository(project: Project) -> None:
    """Outside of a repository no `vcs` attribute is made up, nor missed."""
    project.write("test_a.py", "def test_a(): pass\n")
    assert "note:" not in project.pytest().output
    resource = project.run().resource
    assert not [key for key in resource if key.startswith("vcs.")]


def test_repository_without_a_commit(project: Project) -> None:
    """A repository before its first commit is no error."""
    project.write("test_a.py", "def test_a(): pass\n")
    project.git("init", "--quiet")
    assert "note:" not in project.pytest().output
    assert "vcs.ref.head.revision" not in project.run().resource


@pytest.mark.parametrize("damage", ["HEAD", "objects", "file"])
def test_broken_repository(repository: Project, damage: str) -> None:
    """A damaged `.git` costs the attributes, not the run."""
    git = repository.path / ".git"
    if damage == "file":
        shutil.rmtree(git)
        git.write_text("gitdir: /nowhere\n")
    elif damage == "HEAD":
        (git / "HEAD").write_text("rubbish\n")
    else:
        shutil.rmtree(git / "objects")
    assert len(observed(repository).tests) == 1


def test_no_git_program(repository: Project, tmp_path: Path) -> None:
    """A machine without git records everything else."""
    run = observed(repository, PATH=str(tmp_path))
    assert len(run.tests) == 1
    assert len(run.resource["gnomon.skills.names"]) == 2


def test_a_commit_that_git_does_not_tell_is_missed_aloud(repository: Project, tmp_path: Path) -> None:
    """Without git, or where git refuses the repository, a note says so, unless the commit is stated."""
    without_git = {"PATH": str(tmp_path)}
    missed = repository.pytest(env=without_git)
    assert "note: the commit is not known: git is not installed" in missed.output
    stated = {"OTEL_RESOURCE_ATTRIBUTES": f"vcs.ref.head.revision={'c' * 40}"}
    assert "note:" not in repository.pytest(env={**without_git, **stated}).output
    (repository.path / ".git" / "HEAD").write_text("rubbish\n")
    refused = repository.pytest()
    assert "note: the commit is not known: git cannot read the repository" in refused.output


def test_a_git_that_hangs(repository: Project, tmp_path: Path) -> None:
    """A git that never answers (a network file system, a broken wrapper) does not hold the run for ever."""
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text("#!/bin/sh\nexec sleep 600\n")
    wrapper.chmod(0o755)
    done = repository.pytest(env={"PATH": f"{wrapper.parent}:/usr/bin:/bin"}, timeout=60)
    assert done.summary == "1 passed"
    assert len(repository.run().tests) == 1


@pytest.mark.parametrize(
    ("remote", "url", "name"),
    [
        ("https://user:t0ken@example.org/team/app.git", "https://example.org/team/app.git", "app"),
        ("https://t0ken@example.org/team/app", "https://example.org/team/app", "app"),
        ("ssh://git@example.org:2222/team/app.git", "ssh://example.org:2222/team/app.git", "app"),
    ],
)
def test_remote_without_credentials(repository: Project, remote: str, url: str, name: str) -> None:
    """The repository's address never carries a user name or token."""
    repository.git("remote", "add", "origin", remote)
    resource = observed(repository).resource
    assert resource["vcs.repository.url.full"] == url
    assert resource["vcs.repository.name"] == name
    for path in repository.state.rglob("*"):
        assert not path.is_file() or b"t0ken" not in path.read_bytes()


def test_remote_over_ssh(repository: Project) -> None:
    """The short form of an ssh remote gives the repository's name."""
    repository.git("remote", "add", "origin", "git@example.org:team/app.git")
    resource = observed(repository).resource
    assert resource["vcs.repository.name"] == "app"


def test_pipeline_of_a_hosted_runner(repository: Project) -> None:
    """On GitHub Actions the run names workflow, run and address of its pipeline."""
    resource = observed(
        repository,
        CI="true",
        GITHUB_ACTIONS="true",
        GITHUB_WORKFLOW="nightly",
        GITHUB_RUN_ID="4711",
        GITHUB_SERVER_URL="https://github.com",
        GITHUB_REPOSITORY="team/app",
    ).resource
    assert resource["cicd.pipeline.name"] == "nightly"
    assert resource["cicd.pipeline.run.id"] == "4711"
    assert resource["cicd.pipeline.run.url.full"] == "https://github.com/team/app/actions/runs/4711"


def skills(run: Run) -> dict[str, tuple[str, str]]:
    resource = run.resource
    columns = (resource[f"gnomon.skills.{column}"] for column in ("names", "paths", "hashes"))
    return {name: (path, digest) for name, path, digest in zip(*columns, strict=True)}


def test_skills_in_force(repository: Project) -> None:
    """Each SKILL.md is named by its skill, its path, and the hash that git gives its content."""
    found = skills(observed(repository))
    assert found == {
        name: (
            f"skills/{name}/SKILL.md",
            repository.git("hash-object", f"skills/{name}/SKILL.md"),
        )
        for name in ("create", "search")
    }


def test_hash_of_the_whole_set(repository: Project) -> None:
    """The set's hash is SHA-256 over its sorted paths and hashes, and moves with any of them."""
    run = observed(repository)
    lines = sorted(f"{path}\0{digest}\n" for path, digest in skills(run).values())
    assert run.resource["gnomon.skills.hash"] == hashlib.sha256("".join(lines).encode()).hexdigest()
    (repository.path / "skills/search/SKILL.md").write_text("---\nname: search\n---\nFinds more.\n")
    again = observed(repository)
    assert again.resource["gnomon.skills.hash"] != run.resource["gnomon.skills.hash"]
    assert skills(again)["search"][1] == repository.git("hash-object", "skills/search/SKILL.md")
    assert skills(again)["create"] == skills(run)["create"]


def test_skills_without_a_repository(project: Project) -> None:
    """Skills are found and hashed where there is no git, hidden and vendored folders left out."""
    project.write("test_a.py", "def test_a(): pass\n")
    project.write("skills/search/SKILL.md", "Finds issues.\n")
    project.write(".venv/lib/SKILL.md", "not ours\n")
    project.write("node_modules/x/SKILL.md", "not ours\n")
    found = skills(observed(project))
    assert [path for path, _ in found.values()] == ["skills/search/SKILL.md"]
    content = (project.path / "skills/search/SKILL.md").read_bytes()
    blob = b"blob %d\0" % len(content) + content
    assert found["search"][1] == hashlib.sha1(blob).hexdigest()  # noqa: S324 - git's own id


def test_odd_skill_files(repository: Project) -> None:
    """An empty, a binary and an unreadable SKILL.md neither fail the run nor hide the others."""
    repository.write("skills/empty/SKILL.md", "")
    binary = repository.write("skills/binary/SKILL.md", "")
    binary.write_bytes(bytes(range(256)))
    (repository.path / "skills/gone").mkdir()
    (repository.path / "skills/gone/SKILL.md").symlink_to("/nowhere")
    (repository.path / "skills/folder/SKILL.md").mkdir(parents=True)
    repository.write("skills/ünï 日本/SKILL.md", "---\nname: [broken\n---\n")
    run = observed(repository)
    paths = run.resource["gnomon.skills.paths"]
    assert {"skills/search/SKILL.md", "skills/create/SKILL.md", "skills/empty/SKILL.md"} <= set(paths)
    assert "skills/binary/SKILL.md" in paths
    assert "skills/ünï 日本/SKILL.md" in paths
    assert len(paths) == len(run.resource["gnomon.skills.names"]) == len(run.resource["gnomon.skills.hashes"])


def test_skill_changed_by_a_test(repository: Project) -> None:
    """What counts is what was in force when the run began."""
    before = skills(observed(repository))
    repository.write(
        "test_a.py",
        """
        import pathlib
        def test_a(): pathlib.Path("skills/search/SKILL.md").write_text("changed by a test")
        """,
    )
    assert skills(observed(repository)) == before


def test_golden_set_version(repository: Project) -> None:
    """A suite's golden set is identified in each run, and its identity moves with its content."""
    repository.write("golden.yaml", "cases: []\n")
    repository.write(
        "gnomon.yaml",
        "suites:\n  - name: routing\n    paths: ['test_*.py']\n    golden_set: golden.yaml\n",
    )
    first = observed(repository).resource
    repository.write("golden.yaml", "cases: [{id: a}]\n")
    second = observed(repository).resource
    assert first["test.suite.name"] == "routing"
    assert first["gnomon.golden_set.version"] != second["gnomon.golden_set.version"]


def test_settings_of_the_project(repository: Project) -> None:
    """Project, environment and suite of gnomon.yaml are on every file of the run."""
    repository.write(
        "gnomon.yaml",
        """
        project:
          name: jira
        environment: staging
        organisation:
          departments: [{name: support}]
          agents: [{name: triage, department: support}]
          environments: [staging]
        suites:
          - name: routing
            paths: ["test_*.py"]
            department: support
            agent: triage
        """,
    )
    resource = observed(repository).resource
    assert resource["service.name"] == "jira-tests"
    assert resource["deployment.environment.name"] == "staging"
    assert resource["test.suite.name"] == "routing"
    assert resource["gnomon.department"] == "support"
    assert resource["gen_ai.agent.name"] == "triage"


def test_common_resource(repository: Project) -> None:
    """A run without any settings says what ran where, with no name made up."""
    resource = observed(repository).resource
    assert resource["gnomon.run.framework"] == "pytest"
    assert resource["gnomon.run.id"] == repository.run().id
    assert resource["gnomon.run.started_at"] == repository.run().root.start
    assert resource["deployment.environment.name"] == "test"
    assert resource["service.name"]
    assert resource["process.runtime.name"] == "cpython"
    assert "service.instance.id" not in resource


def test_standard_resource_variables(repository: Project) -> None:
    """OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have their standard meaning."""
    resource = observed(
        repository,
        OTEL_SERVICE_NAME="nightly-suite",
        OTEL_RESOURCE_ATTRIBUTES="team=search,deployment.environment.name=ci",
    ).resource
    assert resource["service.name"] == "nightly-suite"
    assert resource["team"] == "search"
    assert resource["deployment.environment.name"] == "ci"
