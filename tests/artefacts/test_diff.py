"""`gnomon diff` says in words what changed, all of it, and nothing that means nothing."""

from __future__ import annotations

import copy
import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon_generators.artefacts.comparison import compare, text
from gnomon_generators.artefacts.comparison.marking import marked
from gnomon_generators.artefacts.outline import read_text
from tests.artefacts.snapshots import EXAMPLES
from tests.cli.run import clean_environment, gnomon

Json = dict[str, Any]


def stat(name: str, query: str, column: int = 0, line: int = 1, **more: object) -> Json:
    return {
        "id": sum(map(ord, name)),
        "type": "stat",
        "title": name,
        "gridPos": {"x": column, "y": line, "w": 6, "h": 4},
        "fieldConfig": {
            "defaults": {"unit": "short", "thresholds": {"steps": [{"color": "green", "value": None}]}}
        },
        "targets": [{"refId": "A", "datasource": {"type": "prometheus", "uid": "p"}, "expr": query}],
        **more,
    }


def row(name: str, line: int) -> Json:
    return {
        "id": line,
        "type": "row",
        "title": name,
        "gridPos": {"x": 0, "y": line, "w": 24, "h": 1},
        "panels": [],
    }


BOARD: Json = {
    "title": "Shop",
    "schemaVersion": 42,
    "templating": {"list": [{"name": "counter", "type": "query", "query": "label_values(sold, counter)"}]},
    "panels": [
        row("Sales", 0),
        stat("Sold", "sum(increase(sold_total[1d]))"),
        stat("Returned", "sum(increase(returned_total[1d]))", 6),
        stat("Visits", "sum(visits)", 12),
        row("Stock", 5),
        stat("Left", 'sum(stock_pieces{place="cellar"}) by (cheese)', 0, 6),
    ],
}
RULES = (EXAMPLES / "rules.yaml").read_text("utf-8")


def named(board: Json, title: str) -> Json:
    panel: Json = next(panel for panel in board["panels"] if panel["title"] == title)
    return panel


def said(change: Callable[[Json], object]) -> list[str]:
    """What is said of a board after something was done to it."""
    after = copy.deepcopy(BOARD)
    change(after)
    return text(compare(outline(BOARD), outline(after))).splitlines()


def outline(board: Json) -> Any:
    return read_text(json.dumps(board), "board.json")


def test_nothing_is_said_of_equal_boards() -> None:
    """Neither of the same board nor of one with its keys in another order and Grafana's counters moved on."""

    def shuffle(board: Json) -> None:
        keys = list(board)
        random.Random(1).shuffle(keys)
        content = {key: board[key] for key in keys}
        board.clear()
        board.update(content, id=3, version=17, refresh=None)

    assert said(shuffle) == []


def test_a_panel_that_came() -> None:
    """Its heading, its row, and what it asks; the panels that it pushed on are counted."""

    def change(board: Json) -> None:
        board["panels"].insert(3, stat("Cost", "sum(cost_usd)", 18))
        named(board, "Left")["gridPos"]["y"] = 10

    assert said(change) == [
        "added panel Cost: stat, 6x4, unit short (row Sales)",
        "  sum(cost_usd)",
        "1 panel or row has another place",
    ]


def test_a_panel_that_went() -> None:
    """Likewise."""
    assert said(lambda board: board["panels"].remove(named(board, "Visits"))) == [
        "removed panel Visits: stat, 6x4, unit short (row Sales)",
        "  sum(visits)",
    ]


def test_a_panel_with_another_name_is_not_one_gone_and_one_come() -> None:
    """It is known by what it asks, or by its id where Grafana kept that."""

    def change(board: Json) -> None:
        named(board, "Left").update(title="In stock", id=99)
        board["panels"].remove(named(board, "Returned"))

    assert said(change) == [
        "panel In stock (row Stock)",
        "  was called Left",
        "removed panel Returned: stat, 6x4, unit short (row Sales)",
        "  sum(increase(returned_total[1d]))",
        "1 panel or row has another id",
    ]


def test_a_panel_in_another_row_was_moved() -> None:
    """And the panels that stayed in their row were not."""

    def change(board: Json) -> None:
        named(board, "Visits")["gridPos"] = {"x": 6, "y": 6, "w": 6, "h": 4}

    assert said(change) == [
        "panel Visits (row Stock)",
        "  moved from Sales to Stock",
        "1 panel or row has another place",
    ]


def test_panels_in_another_order_were_moved() -> None:
    """As few as explain the new order."""

    def change(board: Json) -> None:
        for title, column in (("Visits", 0), ("Sold", 6), ("Returned", 12)):
            named(board, title)["gridPos"]["x"] = column

    assert said(change) == [
        "panel Visits (row Sales)",
        "  moved to the front",
        "3 panels and rows have another place",
    ]


def test_a_row_with_another_name_does_not_move_its_panels() -> None:
    """One rename, and not a move of every panel in it."""
    assert said(lambda board: named(board, "Sales").update(title="Turnover")) == [
        "row Turnover",
        "  was called Sales",
    ]


def test_the_changed_part_of_a_query_is_marked() -> None:
    """Old above new, what the other does not have underlined."""

    def change(board: Json) -> None:
        target = named(board, "Left")["targets"][0]
        target["expr"] = 'sum(stock_pieces{place="shelf"}) by (cheese, maker)'

    assert said(change) == [
        "panel Left (row Stock), query A",
        "  text:",
        '    - sum(stock_pieces{place="cellar"}) by (cheese)',
        "                              ~~~~~~",
        '    + sum(stock_pieces{place="shelf"}) by (cheese, maker)',
        "                              ~~~~~              ~~~~~~~",
    ]


def test_a_query_on_other_lines_is_the_same() -> None:
    """White space means nothing in a query."""

    def change(board: Json) -> None:
        target = named(board, "Sold")["targets"][0]
        target["expr"] = "sum(increase(sold_total[1d]))\n"

    assert said(change) == []


@pytest.mark.parametrize(
    ("way", "value", "sentence"),
    [
        (("fieldConfig", "defaults", "unit"), "percent", "unit: short → percent"),
        (("fieldConfig", "defaults", "decimals"), 2, "added decimals: 2"),
        (("fieldConfig", "defaults", "thresholds", "steps"), [{"color": "red"}], "thresholds: green → red"),
        (("type",), "gauge", "type: stat → gauge"),
        (("description",), "Why.", "added about: Why."),
        (("gridPos", "w"), 5, "size: 6x4 → 5x4"),
        (("options", "graphMode"), "area", "added options.graphMode: area"),
        (("interval",), "1m", "added smallest step: 1m"),
        (("maxDataPoints",), 7, "added maxDataPoints: 7"),
    ],
)
def test_what_else_a_panel_is(way: tuple[str, ...], value: object, sentence: str) -> None:
    """Units, thresholds, sizes, options: each by its name, old and new."""

    def change(board: Json) -> None:
        inner = named(board, "Sold")
        for key in way[:-1]:
            inner = inner.setdefault(key, {})
        inner[way[-1]] = value

    assert said(change) == ["panel Sold (row Sales)", f"  {sentence}"]


def test_what_a_dashboard_offers() -> None:
    """Variables, links, the time range."""

    def change(board: Json) -> None:
        board["templating"]["list"][0]["multi"] = True
        board["links"] = [{"title": "Handbook", "url": "https://example.com"}]
        board["time"] = {"from": "now-1h", "to": "now"}
        board["title"] = "The shop"

    assert said(change) == [
        "dashboard The shop",
        "  was called Shop",
        "  added time: now-1h to now",
        "variable counter",
        "  added several: several at once",
        "added link Handbook",
        "  https://example.com",
    ]


def test_what_a_rule_is() -> None:
    """Expression, duration, labels, annotations and group of an alert."""
    after = (
        RULES.replace("for: 30m", "for: 10m")
        .replace("severity: warning", "severity: critical\n          team: counter")
        .replace("< 0.1", "< 0.2")
        .replace("interval: 1m", "interval: 30s")
    )
    changes = compare(read_text(RULES, "rules.yaml"), read_text(after, "rules.yaml"))
    assert text(changes).splitlines() == [
        "group shop",
        "  every: 1m → 30s",
        "alert NobodyBuys (group shop)",
        "  for: 30m → 10m",
        "  expression:",
        "    - counter:sales:rate5m < 0.1 and on (counter) open == 1",
        "                               ~",
        "    + counter:sales:rate5m < 0.2 and on (counter) open == 1",
        "                               ~",
        "  label severity: warning → critical",
        "  added label team: counter",
    ]


def test_two_alerts_of_one_name_are_compared_in_their_order() -> None:
    """An alert with two severities is two rules."""
    rule = "{{alert: A, expr: up == {}, labels: {{severity: {}}}}}"
    before = "groups: [{name: g, rules: [" + rule.format(0, "info") + ", " + rule.format(1, "page") + "]}]"
    changes = compare(read_text(before, "a"), read_text(before.replace("up == 1", "up == 2"), "a"))
    assert [(change.item.facts[-1].value, change.old, change.new) for change in changes] == [
        ("page", "up == 1", "up == 2")
    ]


WORDS = st.text("ab (),", max_size=30)


@given(WORDS, WORDS)
def test_marks_lie_under_what_differs(old: str, new: str) -> None:
    """Without what is marked, old and new are the same."""
    rests = []
    lines = list(marked(old, new))
    while lines:
        line = lines.pop(0)[2:]
        marks = lines.pop(0)[2:] if lines and set(lines[0]) <= {" ", "~"} and "~" in lines[0] else ""
        rests.append([c for number, c in enumerate(line) if marks[number : number + 1] != "~"])
    assert len(rests) == 2
    assert rests[0] == rests[1]


@given(st.permutations(BOARD["panels"]), st.permutations(BOARD["panels"]))
def test_every_difference_is_one(old: list[Json], new: list[Json]) -> None:
    """The order of panels in the file means nothing where their places say it."""
    assert compare(outline({**BOARD, "panels": old}), outline({**BOARD, "panels": new})) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(("one", "two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.json").write_text(json.dumps(BOARD, indent=number))
        (tmp_path / name / "rules.yaml").write_text(RULES.replace("30m", f"{number}m"))
        (tmp_path / name / f"only-{name}.json").write_text(json.dumps(BOARD))
        (tmp_path / name / "notes.md").write_text(name)
    return tmp_path


def test_files_of_two_folders_are_compared_by_name(folder: Path) -> None:
    """Those on one side only are named; those that mean the same are not."""
    done = gnomon("diff", "one", "two", cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "removed only-one.json",
        "",
        "added only-two.json",
        "",
        "rules.yaml",
        "  alert NobodyBuys (group shop)",
        "    for: 0m → 1m",
    ]


def test_the_same_meaning_ends_with_0(folder: Path) -> None:
    """Other white space is no difference."""
    done = gnomon("diff", "one/same.json", "two/same.json", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "no difference in meaning\n")


def test_revisions_of_git_are_files_and_folders_too(folder: Path) -> None:
    """`REV:path` names either, as git understands it."""
    environment = clean_environment(
        GIT_CEILING_DIRECTORIES=str(folder.parent), GIT_CONFIG_NOSYSTEM="1", HOME=str(folder)
    )

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(
            ["git", *identity, *arguments], cwd=folder, env=environment, check=True, capture_output=True
        )

    git("init", "-q")
    git("add", "one")
    git("commit", "-q", "-m", "one")
    (folder / "one" / "rules.yaml").write_text(RULES)
    file = gnomon("diff", "HEAD:one/rules.yaml", "one/rules.yaml", cwd=folder)
    assert (file.returncode, file.stdout.splitlines()[-1]) == (1, "    for: 0m → 30m")
    tree = gnomon("diff", "HEAD:one", "one", cwd=folder)
    assert tree.stdout.splitlines() == ["rules.yaml", "  alert NobodyBuys (group shop)", "    for: 0m → 30m"]
    root = gnomon("diff", "HEAD:", "HEAD:", cwd=folder)
    assert (root.returncode, root.stderr) == (0, "")
    unknown = gnomon("diff", "NOPE:one", "one", cwd=folder)
    assert unknown.returncode == 3
    assert unknown.stderr.startswith("gnomon: git does not know NOPE:one: ")
    assert len(unknown.stderr.splitlines()) == 1


def test_json_has_every_change(folder: Path) -> None:
    """With its way from the artefact inwards, old and new."""
    done = gnomon("diff", "--json", "one", "two", cwd=folder)
    assert done.returncode == 1
    files = {file["path"]: file for file in json.loads(done.stdout)["files"]}
    assert {path: file["what"] for path, file in files.items()} == {
        "only-one.json": "removed",
        "only-two.json": "added",
        "rules.yaml": "changed",
        "same.json": "same",
    }
    (change,) = files["rules.yaml"]["changes"]
    assert [step["kind"] for step in change["in"]] == ["rules", "alert"]
    assert (change["fact"], change["old"], change["new"]) == ("for", "0m", "1m")


@pytest.mark.parametrize(
    ("old", "new", "sentence", "code"),
    [
        ("one", "two/same.json", "two/same.json is a file and one a folder", 2),
        ("none", "two", "there is no file or folder none; name one, or REV:path", 3),
        ("one/same.json", "one/rules.yaml", "", 1),
    ],
)
def test_what_cannot_be_compared(folder: Path, old: str, new: str, sentence: str, code: int) -> None:
    """A sentence; two artefacts of different kinds are different."""
    done = gnomon("diff", old, new, cwd=folder)
    assert done.returncode == code
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
