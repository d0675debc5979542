"""The commented gnomon.yaml."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import jsonschema
import yaml

from gnomon.settings import Settings, load
from gnomon.settings.schema import json_schema
from gnomon.settings.table import walk
from gnomon.settings.template import render


def loaded(folder: Path, text: str) -> Settings:
    file = folder / "gnomon.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, environ={})


def uncommented(text: str) -> str:
    """The template with every `# key: value` written out."""
    return re.sub(r"^( *)# (?=( *- )?[a-z_0-9]+:( |$))", r"\1", text, flags=re.MULTILINE)


def test_the_template_as_it_is_changes_nothing(tmp_path: Path) -> None:
    """The template with nothing given loads to the defaults."""
    settings = loaded(tmp_path, render({}))
    defaults = Settings(
        path=settings.path,
        root=tmp_path,
        state_directory=settings.state_directory,
        project=settings.project,
    )
    assert settings == defaults


def test_every_comment_taken_away_is_valid_and_keeps_the_defaults(tmp_path: Path) -> None:
    """Each commented key has its default, or an example where that is empty, in the right place."""
    text = uncommented(render({}))
    settings = loaded(tmp_path, text)
    document = yaml.safe_load(text)
    jsonschema.validate(document, json_schema())
    for setting in walk():
        if setting.kind == "section":
            continue
        value = document
        for name in setting.key.split("."):
            value = value[name]
        if setting.default not in (None, (), ""):
            expected: object = settings
            for name in setting.key.split("."):
                expected = getattr(expected, name)
            default = tmp_path / setting.default if setting.kind == "path" else setting.default
            assert expected == default, setting.key


def test_what_is_given_is_written(tmp_path: Path) -> None:
    """Given values stand there uncommented, whatever characters they have; the rest keeps its default."""
    suites = [{"name": "a: b #c", "paths": ["*.py", "- x"]}, {"name": "'quoted'", "golden_set": 'g "x".yaml'}]
    given = {"project.name": "é: {x}", "suites": suites, "skills.paths": ["a/**/SKILL.md"]}
    settings = loaded(tmp_path, render(given, ".gnomon/settings.schema.json"))
    assert settings.project.name == "é: {x}"
    assert [suite.name for suite in settings.suites] == ["a: b #c", "'quoted'"]
    assert settings.suites[0].paths == ("*.py", "- x")
    assert settings.suites[1].golden_set == tmp_path / 'g "x".yaml'
    assert settings.skills.paths == ("a/**/SKILL.md",)
    assert settings.skills.config_paths == Settings().skills.config_paths
    assert dataclasses.asdict(settings.slo) == dataclasses.asdict(Settings().slo)


def test_editors_find_the_schema() -> None:
    """The first line names the schema, as YAML language servers want it."""
    assert render({}, "x.json").splitlines()[0] == "# yaml-language-server: $schema=x.json"
