"""`gnomon check --sarif`: what code hosts read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import jsonschema
import pytest
import yaml

from gnomon_generators.checks.discovery import all_checks
from tests.checks.pages import ROOT
from tests.checks.trees import board, panel, query, rules, write
from tests.cli.run import gnomon

RIGHT: Final = "sum(sum_over_time(gnomon_run_tests[$__range]))"
WRONG: Final = 'sum(increase(gnomon_run_tests{gnomon_test_outcome="passed"}[$__range]))'
BOARD: Final = "dashboards/json/board.json"
ONLY: Final = ("--only", "promql/*", "--only", "contract/[!u]*")

# The parts of SARIF's schema that code hosts insist on, in its own words.
SARIF: Final[Mapping[str, Any]] = {
    "definitions": {
        "text": {"required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}},
        "location": {
            "properties": {
                "id": {"type": "integer", "minimum": -1},
                "physicalLocation": {
                    "required": ["artifactLocation", "region"],
                    "properties": {
                        "artifactLocation": {
                            "required": ["uri"],
                            "properties": {"uri": {"type": "string", "pattern": r"^[!-~]+$"}},
                        },
                        "region": {
                            "required": ["startLine"],
                            "additionalProperties": False,
                            "properties": {
                                "startLine": {"minimum": 1, "type": "integer"},
                                "startColumn": {"minimum": 1, "type": "integer"},
                                "endColumn": {"minimum": 1, "type": "integer"},
                                "snippet": {"$ref": "#/definitions/text"},
                            },
                        },
                    },
                },
            }
        },
    },
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "properties": {
                            "driver": {
                                "required": ["name", "rules"],
                                "properties": {
                                    "rules": {
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id", "name", "help"],
                                            "properties": {
                                                "shortDescription": {"$ref": "#/definitions/text"},
                                                "fullDescription": {"$ref": "#/definitions/text"},
                                                "help": {"$ref": "#/definitions/text"},
                                            },
                                        },
                                    }
                                },
                            }
                        }
                    },
                    "automationDetails": {"required": ["id"]},
                    "invocations": {"items": {"required": ["executionSuccessful"]}},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {
                        "items": {
                            "required": ["message", "ruleId", "locations"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"$ref": "#/definitions/text"},
                                "locations": {"items": {"$ref": "#/definitions/location"}},
                                "relatedLocations": {"items": {"$ref": "#/definitions/location"}},
                                "suppressions": {"items": {"required": ["kind"]}},
                            },
                        }
                    },
                },
            }
        },
    },
}


def run(folder: Path, *arguments: str, code: int = 1) -> dict[str, Any]:
    """The one run of the log that a check writes."""
    done = gnomon("check", "--sarif", "out/check.sarif", *(arguments or ONLY), cwd=folder)
    assert done.returncode == code, done.stderr
    log = json.loads((folder / "out" / "check.sarif").read_text("utf-8"))
    jsonschema.validate(log, dict(SARIF))
    (only,) = log["runs"]
    assert isinstance(only, dict)
    return only


def place(result: Mapping[str, Any]) -> Any:
    """Where a result is."""
    return result["locations"][0]["physicalLocation"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one board that has one wrong and one right panel."""
    wrong, right = panel(query(WRONG), title="Wrong"), panel(query(RIGHT), id=2, title="Right")
    write(tmp_path, {BOARD: board(wrong, right), "gnomon.yaml": "{}\n"})
    return tmp_path


def test_results_point_to_rules_that_explain_themselves(project: Path) -> None:
    """A rule has a name, its whole page as help without links that lead nowhere, and tags."""
    found = run(project, "--only", "promql/*")
    listed = found["tool"]["driver"]["rules"]
    for result in found["results"]:
        assert listed[result["ruleIndex"]]["id"] == result["ruleId"]
    for rule in run(project, code=1)["tool"]["driver"]["rules"]:
        page = (ROOT / rule["properties"]["page"]).read_text("utf-8")
        assert rule["properties"]["tags"] == ["gnomon", rule["id"].partition("/")[0]]
        assert rule["help"]["text"] == rule["help"]["markdown"]
        for section in re.findall(r"^## .+$", page, re.MULTILINE):
            assert section in rule["help"]["markdown"]
        assert not re.search(r"\]\((?!http)", rule["help"]["markdown"])
        full, short = rule["fullDescription"]["text"], rule["shortDescription"]["text"]
        assert len(short) < len(full) <= 1024, "what code hosts take"
    assert {"helpUri", "informationUri"}.isdisjoint({*listed[0], *found["tool"]["driver"]})


def test_every_page_has_what_a_rule_needs(project: Path) -> None:
    """Also those of checks that run only when they are asked for."""
    arguments = [word for check in all_checks() for word in ("--only", check.id)]
    names = [rule["name"] for rule in run(project, *arguments)["tool"]["driver"]["rules"]]
    assert len(set(names)) == len(names) == len(all_checks())


def test_the_region_is_the_part_of_the_expression(project: Path) -> None:
    """With the columns as they stand in the file, where JSON writes quotes otherwise."""
    (result,) = run(project)["results"]
    region = place(result)["region"]
    line = (project / BOARD).read_text().splitlines()[region["startLine"] - 1]
    marked = line[region["startColumn"] - 1 : region["endColumn"] - 1]
    assert marked == region["snippet"]["text"]
    assert json.loads(f'"{marked}"') == 'increase(gnomon_run_tests{gnomon_test_outcome="passed"}[$__range])'


@pytest.mark.parametrize("style", ["expr: {}", "expr: |\n        {}\n        + 0", "expr: >-\n        {}"])
def test_the_region_is_found_in_yaml_too(style: str, tmp_path: Path) -> None:
    """In a line of its own, or in a block below the rule."""
    text = "sum(increase(gnomon_run_tests[1d]))"
    group = f"groups:\n- name: a\n  interval: 1m\n  rules:\n    - record: a:b:c\n      {style.format(text)}\n"
    write(tmp_path, {"rules/yaml/a.yaml": group})
    (result,) = run(tmp_path, "--only", "promql/run-point")["results"]
    region = place(result)["region"]
    line = group.splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "increase(gnomon_run_tests[1d])"


def test_what_is_about_the_project_is_in_its_settings(tmp_path: Path) -> None:
    """On the first line, as whatever has no line of its own."""
    files = {"rules/yaml/a.yaml": rules(("record", "a:b:c", "sum(up)"))}
    write(tmp_path, {**files, "gnomon.yaml": "budgets: {series: 1}\n"})
    (result,) = run(tmp_path, "--only", "contract/series")["results"]
    assert place(result)["artifactLocation"] == {"uri": "gnomon.yaml", "uriBaseId": "SRCROOT"}
    assert place(result)["region"] == {"startLine": 1}


def test_paths_are_those_of_the_repository_and_uris(tmp_path: Path) -> None:
    """From its root on, where code hosts look, wherever gnomon.yaml is; with blanks and letters escaped."""
    (tmp_path / ".git").mkdir()
    project = tmp_path / "teams" / "shop"
    name = "dashboards/json/Müller & Söhne 1.json"
    write(project, {name: board(panel(query(WRONG))), "gnomon.yaml": "{}\n"})
    found = run(project)
    artifact = place(found["results"][0])["artifactLocation"]
    assert artifact["uriBaseId"] == "SRCROOT"
    assert unquote(artifact["uri"]) == f"teams/shop/{name}"
    assert found["originalUriBaseIds"]["SRCROOT"]["uri"] == f"{tmp_path.as_uri()}/"
    assert found["automationDetails"]["id"] == "gnomon-check/teams/shop/"


def test_what_lies_outside_has_its_whole_address(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file that was named and is in no folder of the project."""
    outside = tmp_path_factory.mktemp("out side")
    write(outside, {"a.json": board(panel(query(WRONG)))})
    (result,) = run(project, *ONLY, str(outside / "a.json"))["results"]
    assert place(result)["artifactLocation"] == {"uri": (outside / "a.json").as_uri()}


def test_a_finding_is_known_again(project: Path) -> None:
    """Its fingerprint holds when lines, ids and other findings come; another finding has another."""

    def marks() -> dict[str, str]:
        return {
            result["partialFingerprints"]["gnomonCheck/v1"]: result["properties"]["where"]["panel"]
            for result in run(project)["results"]
        }

    (before,) = marks().items()
    again = panel(query(WRONG), query(WRONG, refId="B"), id=7, title="Again")
    write(project, {BOARD: board(again, panel(query(WRONG), id=9, title="Wrong"))})
    after = marks()
    assert after[before[0]] == "Wrong"
    assert sorted(after.values()) == ["Again", "Again", "Wrong"]


def test_what_is_accepted_is_there_with_its_reason(project: Path) -> None:
    """A suppressed result: code hosts show it as dismissed."""
    entry = {"check": "promql/run-point", "path": BOARD, "reason": "It is to be replaced."}
    (project / "gnomon-check.yaml").write_text(yaml.safe_dump({"suppressions": [entry]}))
    (result,) = run(project, code=0)["results"]
    (suppression,) = result["suppressions"]
    assert suppression["justification"] == "It is to be replaced."
    answer = json.loads(gnomon("check", *ONLY, "--json", cwd=project).stdout)
    assert [one["reason"] for one in answer["accepted"]] == ["It is to be replaced."]


def test_the_definition_is_told(tmp_path: Path) -> None:
    """What a board or rule was generated from, at the line that has the panel's title."""
    definition = 'def dashboard(settings):\n    return [\n        "Wrong",\n    ]\n'
    named = board(panel(query(WRONG), title="Wrong")).replace("gnomon-board", "gnomon-costs")
    write(tmp_path, {BOARD: named, "dashboards/costs.py": definition, "gnomon.yaml": "{}\n"})
    (result,) = run(tmp_path)["results"]
    (related,) = result["relatedLocations"]
    assert place({"locations": [related]}) == {
        "artifactLocation": {"uri": "dashboards/costs.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 3},
    }


def test_where_there_is_nothing_to_check_a_log_says_so(tmp_path: Path) -> None:
    """No result, and no success: what a pipeline sends on is there."""
    (tmp_path / "gnomon.yaml").write_text("{}\n")
    found = run(tmp_path, code=3)
    assert found["results"] == []
    (invocation,) = found["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "gnomon generate" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_it_may_go_to_standard_output(project: Path) -> None:
    """With `--sarif -` the log is all that is printed."""
    done = gnomon("check", *ONLY, "--sarif", "-", cwd=project)
    assert json.loads(done.stdout)["version"] == "2.1.0"
    assert done.returncode == 1
