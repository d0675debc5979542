"""`gnomon show FILE` tells all that an artefact says, as text that a reviewer can read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon_generators.artefacts.outline import Item, read_text, text
from gnomon_generators.artefacts.outline.breaking import broken
from tests.artefacts.snapshots import EXAMPLES, present, snapshots
from tests.cli.run import gnomon

SNAPSHOTS = dict(snapshots())


@pytest.mark.parametrize("path", sorted(SNAPSHOTS), ids=lambda path: "/".join(path.parts[-2:]))
def test_the_text_is_the_one_that_was_reviewed(path: Path) -> None:
    """Every committed artefact reads as its snapshot says; `make snapshots` writes them anew."""
    assert path.exists(), "make snapshots"
    assert SNAPSHOTS[path] == path.read_text("utf-8")


def test_there_is_no_snapshot_of_what_is_gone() -> None:
    """Each belongs to an artefact."""
    assert present() <= SNAPSHOTS.keys()


def test_the_command_prints_the_text(tmp_path: Path) -> None:
    """`gnomon show FILE` and nothing else."""
    done = gnomon("show", str(EXAMPLES / "shop.json"), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (EXAMPLES / "shop.txt").read_text("utf-8")


def test_json_has_the_same_outline(tmp_path: Path) -> None:
    """With --json the items come with their facts, to be read by a program."""
    done = gnomon("show", "--json", str(EXAMPLES / "shop.json"), cwd=tmp_path)
    shown = json.loads(done.stdout)
    panel = next(item for item in shown["items"] if item["name"] == "Sold")
    assert (panel["kind"], panel["inside"]) == ("panel", "Sales")
    assert panel["facts"]["thresholds"] == "red, green from 10"
    assert panel["items"][0]["facts"]["text"] == "sum(increase(sales_total[1d]))"


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    return [leaf for inner in value for leaf in leaves(inner)] if isinstance(value, list) else [value]


def values(item: Item) -> str:
    return " ".join(
        [item.name, *(f"{fact.name} {fact.value}" for fact in item.facts), *map(values, item.items)]
    )


def test_nothing_that_a_dashboard_says_is_passed_over() -> None:
    """Every value of a dashboard stands in its outline, but for numbers that Grafana counts up."""
    raw = json.loads((EXAMPLES / "shop.json").read_text("utf-8"))["dashboard"]
    del raw["id"], raw["version"]
    told = values(read_text(json.dumps(raw), "shop.json"))
    untold = [
        leaf
        for leaf in leaves(raw)
        if isinstance(leaf, str)
        and leaf not in ("", "row", "x", "absolute", "prometheus", "value", "range", "special")
        if " ".join(leaf.split()) not in told
    ]
    assert not untold


NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), NAMES)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "id",
        "type",
        "title",
        "gridPos",
        "datasource",
        "targets",
        "fieldConfig",
        "options",
        "links",
        "transformations",
    ]
)


@given(
    st.fixed_dictionaries(
        {"panels": st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=4)},
        optional=dict.fromkeys(
            ("title", "time", "templating", "annotations", "links", "tags", "refresh"), VALUES
        ),
    )
)
def test_whatever_stands_in_a_dashboard_can_be_shown(raw: dict[str, object]) -> None:
    """Other people's files may hold anything anywhere: they are told, and never a crash."""
    assert text(read_text(json.dumps(raw), "any.json")).startswith("dashboard")


@given(
    st.dictionaries(st.sampled_from(["a", "b"]), st.fixed_dictionaries({"spec": VALUES}) | VALUES),
    st.fixed_dictionaries(
        {"spec": st.fixed_dictionaries({}, optional=dict.fromkeys(("rows", "tabs", "items"), VALUES))}
    ),
    VALUES,
)
def test_whatever_stands_in_a_dashboard_of_schema_v2_can_be_shown(
    elements: object, layout: object, rest: object
) -> None:
    """Likewise."""
    raw = {
        "elements": elements,
        "layout": layout,
        "variables": rest,
        "annotations": rest,
        "timeSettings": rest,
    }
    assert text(read_text(json.dumps(raw), "any.json")).startswith("dashboard")


@given(st.text("ab(){}[],\"' \n+or", max_size=80), st.integers(10, 40))
def test_breaking_a_query_loses_none_of_it(query: str, width: int) -> None:
    """Only white space is added or taken, whatever the brackets and quotes."""
    assert re.sub(r"\s", "", "".join(broken(query, width))) == re.sub(r"\s", "", query)


def test_long_queries_are_broken_at_operators_and_brackets() -> None:
    """The loosest operator first; what is quoted or selected stays whole."""
    query = (
        'sum by (a) (rate(errors_total{job="x or y"}[5m])) / sum by (a) (rate(calls_total[5m])) or vector(0)'
    )
    assert list(broken(query, 40)) == [
        "sum by (a) (",
        '  rate(errors_total{job="x or y"}[5m])',
        ")",
        "/ sum by (a) (rate(calls_total[5m]))",
        "or vector(0)",
    ]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.json", '{"a": 1,\n "b"}', "a.json, line 2: Expecting ':' delimiter"),
        ("a.yaml", "a: 1\n  b: 2\nc: 3\n", "a.yaml, line 2: "),
        ("a.yaml", "- a\n", "a.yaml holds no mapping"),
    ],
)
def test_what_cannot_be_understood_is_a_sentence(
    tmp_path: Path, name: str, content: str, sentence: str
) -> None:
    """With the file, the line where there is one, and exit code 2."""
    (tmp_path / name).write_text(content)
    done = gnomon("show", name, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"gnomon: {sentence}")
    assert len(done.stderr.splitlines()) == 1


def test_a_resource_of_kubernetes_is_taken_out_of_its_envelope() -> None:
    """Rules and dashboards as operators and Grafana's own interface have them."""
    rules = read_text(
        "apiVersion: v1\nkind: PrometheusRule\nspec: {groups: [{name: a, rules: []}]}\n", "a.yaml"
    )
    assert [item.label for item in rules.items] == ["group a"]
    board = read_text(
        '{"apiVersion": "v1beta1", "kind": "Dashboard", "spec": {"title": "A", "panels": []}}', "a.json"
    )
    assert board.label == "dashboard A"
