"""What docs/write-a-dashboard.md says of names is so."""

from __future__ import annotations

import inspect
import re

from gnomon_generators import promql, vocabulary
from gnomon_generators.definitions import find
from tests.docs.test_pages import DOCS

PAGE = (DOCS / "write-a-dashboard.md").read_text("utf-8")
OURS = {file.name for file in find(["dashboards"])}
WINDOWS = {promql.RANGE: "RANGE", promql.STEP: "STEP", promql.RATE: "RATE"}


def signature(name: str) -> str:
    """A function as the page writes it: its arguments and their defaults, without types."""
    written = []
    for one in inspect.signature(getattr(promql, name)).parameters.values():
        default = WINDOWS.get(one.default, repr(one.default).replace("'", '"'))
        star = "*" if one.kind is one.VAR_POSITIONAL else ""
        written.append(f"{star}{one.name}" + ("" if one.default is one.empty else f"={default}"))
    return f"{name}({', '.join(written)})"


def test_functions_have_the_arguments_that_the_page_tells() -> None:
    """Each signature in the section on what panels ask is that of the function."""
    told = re.findall(r"^((\w+)\(.*?\))(?:  |$)", PAGE[PAGE.index("```text") :], re.MULTILINE)
    assert {name for _, name in told} >= {"total", "mean", "quantile", "buckets", "percent", "top"}
    for written, name in told:
        assert written == signature(name)


def test_the_page_names_each_of_our_dashboards() -> None:
    """Those that `to_dashboard` reaches, and no link in it leads to one that does not exist."""
    (listed,) = re.findall(r"files and Gnomon's: (.*?)\(\[dashboards", PAGE, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", listed)) == OURS
    assert set(re.findall(r'to_dashboard\("(\w+)"', PAGE)) <= OURS


def test_the_page_names_each_meaning_of_colours() -> None:
    """All colours that the vocabulary offers by their meaning."""
    (listed,) = re.findall(r"Colours say what a value means \((.*?)\)", PAGE, re.DOTALL)
    offered = {name for name in vocabulary.__all__ if str(getattr(vocabulary, name)).startswith("#")}
    assert set(re.findall(r"`(\w+)`", listed)) == offered
