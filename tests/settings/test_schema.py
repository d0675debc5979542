"""The JSON Schema and the loader say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from gnomon.errors import UserError
from gnomon.settings import SettingsError, load
from gnomon.settings.reading import read
from gnomon.settings.schema import json_schema
from gnomon.settings.table import walk
from tests.settings.documents import spoilt, valid

VALIDATOR = jsonschema.Draft7Validator(json_schema())
MANY = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)


def written(folder: Path, document: Any) -> Path:
    file = folder / "gnomon.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file


def without_references(document: Any) -> Any:
    """The document without what only makes sense together with other keys."""
    if document is None:
        return None
    document = {
        key: value
        for key, value in document.items()
        if key not in ("suites", "flaky", "changes", "environment")
    }
    if document.get("alerts"):
        named = ("owner", "maintenance")
        document["alerts"] = {key: value for key, value in document["alerts"].items() if key not in named}
    if document.get("organisation"):
        document["organisation"] = {"departments": ["support"], "environments": ["test", "live"]}
    return document


def test_the_schema_is_a_schema() -> None:
    """The schema is valid JSON Schema of its dialect and refuses keys nobody knows."""
    jsonschema.Draft7Validator.check_schema(json_schema())
    assert not VALIDATOR.is_valid({"colour": 1})
    assert VALIDATOR.is_valid({"slo": {"routing_accuracy_percent": 90}})


def test_every_setting_is_explained() -> None:
    """Each setting has a meaning in words, and each number a unit and a limit on both sides."""
    for setting in walk():
        assert setting.meaning.brief.strip().endswith((".", "`.")), setting.key
        if setting.kind in ("integer", "number"):
            meaning = setting.meaning
            assert meaning.unit, setting.key
            assert (meaning.minimum, meaning.above) != (None, None), setting.key
            assert (meaning.maximum, meaning.below) != (None, None), setting.key


@given(document=valid())
@MANY
def test_what_the_schema_allows_loads(tmp_path: Path, document: Any) -> None:
    """Any mapping made from the schema loads, references between keys left aside."""
    assert VALIDATOR.is_valid(document)
    load(written(tmp_path, without_references(document)), environ={})


@given(document=valid() | spoilt())
@MANY
def test_schema_and_loader_agree(tmp_path: Path, document: Any) -> None:
    """A document is valid by the schema exactly when the loader finds nothing wrong key by key."""
    file = written(tmp_path, document)
    problems = read(file).problems
    assert VALIDATOR.is_valid(yaml.safe_load(file.read_text(encoding="utf-8"))) == (not problems), problems


@given(document=spoilt())
@MANY
def test_every_mistake_has_a_place_and_a_remedy(tmp_path: Path, document: Any) -> None:
    """A refused document names a line of the file, a key and what to write, for each mistake."""
    file = written(tmp_path, document)
    lines = file.read_text(encoding="utf-8").count("\n") + 1
    try:
        load(file, environ={})
    except SettingsError as error:
        for problem in error.problems:
            assert problem.place.file == file
            assert problem.place.line is not None and 1 <= problem.place.line <= lines
            assert problem.wrong and problem.remedy
            assert "\n" not in str(problem)


@pytest.mark.parametrize("text", ["- a\n", "just words\n", "3\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    """A list or a word at the top is refused by both."""
    file = tmp_path / "gnomon.yaml"
    file.write_text(text)
    assert not VALIDATOR.is_valid(yaml.safe_load(text))
    with pytest.raises(UserError, match=r"gnomon\.yaml:1"):
        load(file, environ={})
