"""`gnomon init`: a gnomon.yaml that fits the repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from gnomon.settings import load
from tests.cli.run import gnomon


def make(folder: Path, *files: str, git: bool = False) -> None:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    if git:
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def test_the_written_file_is_right_and_editors_find_its_schema(tmp_path: Path) -> None:
    """It passes `gnomon config check`, and its first line names a schema that is there and that it obeys."""
    done = gnomon("init", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert gnomon("config", "check", cwd=tmp_path).returncode == 0
    text = (tmp_path / "gnomon.yaml").read_text()
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    schema = json.loads((tmp_path / first.partition("=")[2]).read_text())
    jsonschema.validate(yaml.safe_load(text), schema)
    assert schema == json.loads(gnomon("config", "schema", cwd=tmp_path).stdout)
    assert (tmp_path / ".gnomon" / ".gitignore").read_text().endswith("\n*\n")


@pytest.mark.parametrize("git", [True, False])
def test_project_skills_and_suites_are_detected(tmp_path: Path, git: bool) -> None:
    """Names, skill folders, test folders and golden sets come from the repository, ignored files do not."""
    make(
        tmp_path,
        "skills/a/SKILL.md",
        "skills/deep/b/SKILL.md",
        ".claude/skills/c/SKILL.md",
        "node_modules/x/skills/y/SKILL.md",
        "tests/test_a.py",
        "tests/routing/test_b.py",
        "tests/routing/routing_golden.yaml",
        "plugins/jira/tests/jira_test.py",
        git=git,
    )
    (tmp_path / ".gitignore").write_text("node_modules/\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "my-skills"\n')
    done = gnomon("init", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    settings = load(tmp_path / "gnomon.yaml", environ={})
    assert settings.project.name == "my-skills"
    assert settings.skills.paths == (".claude/skills/**/SKILL.md", "skills/**/SKILL.md")
    assert [(suite.name, suite.paths) for suite in settings.suites] == [
        ("plugins-jira", ("plugins/jira/tests/**/*_test.py",)),
        ("my-skills", ("tests/**/test_*.py",)),
    ]
    assert settings.suites[1].golden_set == tmp_path / "tests/routing/routing_golden.yaml"
    assert "skills: 3" in done.stdout
    assert gnomon("config", "check", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        ("package.json", '{"name": "from-package"}', "from-package"),
        (".claude-plugin/plugin.json", '{"name": "from-plugin"}', "from-plugin"),
        ("pyproject.toml", "[tool.poetry]\nname = 'from-poetry'\n", "from-poetry"),
        ("pyproject.toml", "not toml at all [", "skills: 1"),
        ("package.json", "[]", "skills: 1"),
        ("package.json", '{"name": " "}', "skills: 1"),
    ],
)
def test_the_project_is_called_what_it_calls_itself(tmp_path: Path, file: str, text: str, name: str) -> None:
    """Its own files name it, whatever state they are in; else the folder does, whatever it is called."""
    folder = tmp_path / "skills: 1"
    make(folder, file)
    (folder / file).write_text(text)
    assert gnomon("init", str(folder), cwd=tmp_path).returncode == 0
    assert load(folder / "gnomon.yaml", environ={}).project.name == name


def test_tests_beside_the_code_are_suites_too(tmp_path: Path) -> None:
    """Test files outside of a folder of tests belong to a suite named after their folder."""
    make(tmp_path, "test_top.py", "tools/test_tool.py", "SKILL.md")
    gnomon("init", cwd=tmp_path)
    settings = load(tmp_path / "gnomon.yaml", environ={})
    assert [(suite.name, suite.paths) for suite in settings.suites] == [
        (tmp_path.name, ("test_*.py",)),
        ("tools", ("tools/**/test_*.py",)),
    ]
    assert settings.skills.paths == ("**/SKILL.md",)


def test_a_folder_that_cannot_be_written_to_is_a_mistake(tmp_path: Path) -> None:
    """It is named with the reason, and nothing is left half-written."""
    (tmp_path / ".gnomon").write_text("mine")
    done = gnomon("init", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("gnomon: .gnomon cannot be made (File exists); name a folder that you may")
    assert [path.name for path in tmp_path.iterdir()] == [".gnomon"]


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    """Without --force nothing is overwritten; with it the file is written anew."""
    file = tmp_path / "gnomon.yaml"
    file.write_text("environment: mine\n")
    done = gnomon("init", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "gnomon: gnomon.yaml is there already; edit it, or write it anew with --force\n"
    assert file.read_text() == "environment: mine\n"
    assert not (tmp_path / ".gnomon").exists()
    assert gnomon("init", "--force", cwd=tmp_path).returncode == 0
    assert file.read_text().startswith("# yaml-language-server")
