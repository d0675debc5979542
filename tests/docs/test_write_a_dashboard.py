"""What docs/write-a-dashboard.md says of names is so."""

from __future__ import annotations

import inspect
import json
import re
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import pytest

from gnomon.registry import metrics
from gnomon_generators import promql, vocabulary
from gnomon_generators.checks.known.tables import tables
from gnomon_generators.definitions import find
from gnomon_generators.vocabulary.panel import Common
from tests.docs.test_pages import DOCS
from tests.vocabulary.boards import ABOUT, COST_OVER_TIME, KINDS

PAGE = (DOCS / "write-a-dashboard.md").read_text("utf-8")
OURS = {file.name for file in find(["dashboards"])}
WINDOWS = {promql.RANGE: "RANGE", promql.STEP: "STEP", promql.RATE: "RATE"}
PANELS: Final = (
    *("stat", "gauge", "bar_gauge", "pie", "timeseries", "bars", "heatmap", "histogram", "state_timeline"),
    *("table", "traces", "trace", "logs", "node_graph", "text", "panel"),
)


def signature(name: str) -> str:
    """A function as the page writes it: its arguments and their defaults, without types."""
    written = []
    function = getattr(promql, name, None) or getattr(vocabulary, name)
    for one in inspect.signature(function).parameters.values():
        default = WINDOWS.get(one.default, repr(one.default).replace("'", '"'))
        star = "*" if one.kind is one.VAR_POSITIONAL else ""
        written.append(f"{star}{one.name}" + ("" if one.default is one.empty else f"={default}"))
    return f"{name}({', '.join(written)})"


def section(title: str) -> str:
    """What stands under a heading of the reference."""
    begun = PAGE.index(f"\n### {title}\n")
    end = PAGE.find("\n### ", begun + 1)
    return PAGE[begun : end if end > 0 else None]


def rows(text: str) -> dict[str, list[str]]:
    """The rows of the tables in a text, by each name in their first cell: the other cells."""
    found: dict[str, list[str]] = {}
    for line in re.findall(r"^\| (`.*) \|$", text, re.MULTILINE):
        names, *cells = line.split(" | ")
        for name in re.findall(r"`(\w+)", names):
            found.setdefault(name, []).append(" | ".join(cells))
    return found


def words(function: Any) -> dict[str, tuple[str, ...]]:
    """The arguments of a function that take certain words, with these."""
    found = {}
    for name, hint in get_type_hints(function).items():
        parts = [part for one in (hint, *get_args(hint)) for part in (one, *get_args(one))]
        closed = [word for part in parts if get_origin(part) is Literal for word in get_args(part)]
        if closed and name != "return":
            found[name] = tuple(map(str, closed))
    return found


def test_functions_have_the_arguments_that_the_page_tells() -> None:
    """Each signature in the reference is that of the function."""
    told = re.findall(r"^((\w+)\(.*?\))(?:  |$)", PAGE[PAGE.index("## Reference") :], re.MULTILINE)
    assert {name for _, name in told} >= {"total", "mean", "buckets", "percent", "top", "label_variable"}
    for written, name in told:
        assert written == signature(name)


@pytest.mark.parametrize("name", PANELS)
def test_panels_have_the_sizes_that_the_page_tells(name: str) -> None:
    """Columns and rows of each kind, where nothing else is said."""
    made = KINDS | {"panel": lambda: vocabulary.panel("clock", "Time", COST_OVER_TIME, about=ABOUT)}
    panel = made[name.replace("_", " ")]()
    shown = rows(section("Panels"))[name][0].split(" | ")
    assert shown[1] == f"{panel.width}x{panel.height}"


@pytest.mark.parametrize("name", PANELS)
def test_the_page_tells_every_argument_of_a_panel(name: str) -> None:
    """With the function that takes it, and with every word that it may be."""
    function = getattr(vocabulary, name)
    told = rows(section("Panels"))
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and name != "text":
            of = [row for row in told[parameter.name] if f"`{name}`" in row]
            assert of, parameter.name
            for word in words(function).get(parameter.name, ()):
                assert f'"{word}"' in of[0], word


def test_the_page_tells_every_argument_that_panels_share() -> None:
    """`about` is told before all others; each of these has a row."""
    told = rows(section("Panels"))
    for name in get_type_hints(Common):
        assert name in told or name == "about", name
    for name, closed in words(Common).items():
        assert all(f'"{word}"' in told[name][0] for word in closed)


def test_the_page_tells_every_argument_of_an_override_and_a_dashboard() -> None:
    """Each has a row, with the words that it may be."""
    overriding, holding = rows(section("Overrides")), rows(section("Dashboard and rows"))
    for name in inspect.signature(vocabulary.override).parameters:
        assert name in overriding or name == "field", name
    for name, closed in words(vocabulary.override).items():
        assert all(f'"{word}"' in overriding[name][0] for word in closed)
    for name in inspect.signature(vocabulary.Dashboard).parameters:
        assert name in holding, name


def test_the_page_tells_views_that_there_are() -> None:
    """With columns that these have, each of which the page about results explains."""
    known, results = tables(), (DOCS / "results.md").read_text("utf-8")
    assert known is not None
    told = rows(PAGE[PAGE.index("## The results store") : PAGE.index("## Mistakes")])
    assert set(told) == {
        "case_results",
        "run_model_calls",
        "run_totals",
        "changes",
        "findings",
        "finding_cases",
    }
    for view, (row,) in told.items():
        assert set(re.findall(r"`(\w+)`", row)) <= set(known[view])
        for column in known[view]:
            assert f"`{column}`" in results, f"{view}.{column}"


def test_the_page_tells_the_variables_of_our_own_dashboards() -> None:
    """Which links may set; those of data sources are not for links."""
    told = rows(section("Links"))
    for name in OURS:
        board = json.loads((DOCS.parent / "dashboards" / "json" / f"{name}.json").read_text("utf-8"))
        named = [one["name"] for one in board["templating"]["list"] if one["type"] != "datasource"]
        assert re.findall(r"`(\w+)`", told[name][0]) == named, name


def test_the_page_tells_families_of_metrics_that_there_are() -> None:
    """Each name, or beginning of names, is one of the registry; and no metric is left out."""
    head = PAGE[: PAGE.index("## Ten panels and a note")]
    patterns = re.findall(r"`([\w.]+[.\w]\*?)`", " ".join(re.findall(r"^\| [^|]+ \| ([^|]+) \|", head, re.M)))
    names = [metric.name for metric in metrics.ALL]
    known = [pattern for pattern in patterns if any(fnmatchcase(name, pattern) for name in names)]
    assert len(known) >= 8
    assert [name for name in names if not any(fnmatchcase(name, pattern) for pattern in known)] == []


def test_a_budget_warns_from_where_the_page_says() -> None:
    """From nine tenths of it, or from `near`."""
    assert "`budget(25)`: bad from 25 on, a warning from 22.5, or from `near=20`" in PAGE
    assert [value for value, _ in vocabulary.budget(25).steps] == [22.5, 25]
    assert [value for value, _ in vocabulary.budget(25, near=20).steps] == [20, 25]
