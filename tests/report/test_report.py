from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gnomon_analysis.demo.demonstration import Demonstration
from gnomon_analysis.report import figures, page, wording
from gnomon_analysis.report.evidence import Evidence, Point, gather
from gnomon_analysis.store import open_store
from tests.demo.replayed import COMMITS, example_repository, replay, wish

SETTING = page.Setting(
    title="A title",
    router_note="note on the router",
    cost_note="note on cost",
    tokens_note="note on tokens",
    latency_note="note on latency",
    tool_use_note="note on tool use",
    facts=(("Gnomon", "1"),),
    checks=("checked",),
    commands=("gnomon runs",),
)


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    folder = tmp_path_factory.mktemp("report")
    return replay(wish(example_repository(folder), folder / "out", runs=2, temperature=0.01))


@pytest.fixture(scope="module")
def evidence(demonstration: Demonstration) -> Evidence:
    return demonstration.evidence


@pytest.fixture(scope="module")
def text(demonstration: Demonstration) -> str:
    return demonstration.report.read_text(encoding="utf-8")


class Elements(HTMLParser):
    """Every element with its attributes, and the text outside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self._raw = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._raw = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._raw = ""

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.said.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.said))


def torn(text: str) -> list[str]:
    """Figures that a narrow page may part from their units, of all that a page says and of its plots."""
    said = "\n".join(Elements(text).said) + json.dumps(embedded(text), ensure_ascii=False)
    return re.findall(r"\d (?:%|ms|s|min|USD|points?)(?!\w)|USD \d", said)


def embedded(text: str) -> dict[str, Any]:
    match = re.search(r'<script type="application/json" id="figures">(.*?)</script>', text, re.DOTALL)
    assert match
    found: dict[str, Any] = json.loads(match[1])
    return found


def test_the_file_needs_no_network(demonstration: Demonstration, text: str) -> None:
    """Nothing is loaded from anywhere, the plotting library is inside once, and the file stays small."""
    elements = Elements(text)
    for tag, attributes in elements.found:
        assert "src" not in attributes
        if tag in ("a", "link"):
            assert (attributes.get("href") or "").startswith("#")
    assert not [tag for tag, _ in elements.found if tag in ("link", "iframe", "img", "object")]
    assert text.count("plotly.js v") == 1
    assert demonstration.report.stat().st_size < 6_000_000


def test_every_plot_is_a_valid_figure(text: str) -> None:
    """Plotly itself accepts each specification once the colours are filled in."""
    import plotly.graph_objects as go  # type: ignore[import-untyped]

    def coloured(value: Any) -> Any:
        if isinstance(value, str):
            return "#123456" if value.startswith("$") else value
        if isinstance(value, list):
            return [coloured(one) for one in value]
        if isinstance(value, dict):
            return {key: coloured(one) for key, one in value.items()}
        return value

    found = embedded(text)
    assert set(found) == {
        *("accuracy", "moves", "matrix", "confusion-first", "confusion-last"),
        *("cost", "tokens", "latency", "outcomes"),
    }
    for name, figure in found.items():
        go.Figure(data=coloured(figure["data"]), layout=coloured(figure["layout"]))
        assert f'id="plot-{name}" role="img" aria-label="' in text


def test_every_colour_has_a_value_in_light_and_in_dark(text: str) -> None:
    """A colour that a plot names is a variable of the page in each of the three themes' blocks."""
    named = set(re.findall(r'"\$([a-z0-9]+)"', json.dumps(embedded(text))))
    assert named
    for name in named:
        assert len(re.findall(rf"--{name}:", text)) == 3, name


def test_the_figures_are_the_stores(demonstration: Demonstration, evidence: Evidence, text: str) -> None:
    """Accuracy in plot and table is right over judged answers, as the store counts them."""
    with open_store(demonstration.out / "gnomon.db") as store:
        rows = {row.commit: row for row in store.accuracy_by_commit("routing")}
    plotted = embedded(text)["accuracy"]["data"][1]["y"]
    assert len(plotted) == len(evidence.points) == COMMITS
    for point, value in zip(evidence.points, plotted, strict=True):
        tally = rows[point.note.commit].tally
        assert value == pytest.approx(100 * tally.correct / tally.judged, abs=1e-3)
        assert wording.unbroken(wording.percent(tally.accuracy)) in text
        assert point.low is not None
        assert point.high is not None
        assert point.low < tally.correct / tally.judged < point.high


def test_repeated_runs_do_not_narrow_the_interval(evidence: Evidence) -> None:
    """Two runs of 44 cases are 44 trials and not 88: the band is at least as wide as one run's."""
    from gnomon.runs.proportion import wilson

    point = evidence.last
    assert point.row.tally.judged == 88
    too_narrow = wilson(point.row.tally.correct, 88)
    assert too_narrow is not None
    assert point.low is not None
    assert point.low < too_narrow[0]


def test_the_matrix_has_every_case_at_every_commit(evidence: Evidence) -> None:
    """Rows come in the golden set's order; the skipped case is there, and empty."""
    figure = figures.matrix(evidence)
    (data,) = figure["data"]
    assert data["y"] == list(evidence.requests)
    assert all(len(row) == COMMITS for row in data["z"])
    assert data["z"][data["y"].index("Q04")] == [None] * COMMITS
    assert figure["cells"]["index"][data["y"].index("Q04")] == [-1] * COMMITS
    case = evidence.last.cases["D01"]
    shown = figure["cells"]["answers"][figure["cells"]["index"][0][-1]]
    assert shown == case.shown_answers


def test_largest_moves_name_their_cases(evidence: Evidence, text: str) -> None:
    """Below each of the largest moves stand the cases that changed, with request and answers."""
    words = Elements(text).words
    for move in (*evidence.largest(1, 6), *evidence.largest(-1, 6)):
        assert move.after.note.subject in words
        for flip in page.flips(move):
            request = evidence.requests[flip.case_id].partition("\n")[0] or "(empty)"
            assert f"{flip.case_id} {request}" in words
            assert flip.share_before != flip.share_after


def test_flaky_tests_come_with_their_evidence(evidence: Evidence, text: str) -> None:
    """With chance in the router some cases are right and wrong at one commit, each shown with where."""
    assert evidence.unsteady
    for case in evidence.unsteady:
        assert case.passed
        assert case.failed
        for one in case.commits:
            assert f"<code>{one.commit[:7]}</code> {one.passed} passed, {one.failed} failed" in text


def test_no_line_ends_between_a_figure_and_its_unit(text: str) -> None:
    """However narrow the page is, in plots and what readers of the screen are told as well."""
    assert torn(text) == []
    assert "95\N{NO-BREAK SPACE}%" in text
    assert not re.search(r'aria-label="[^"]*\d (?:%|ms|points)', text)


def test_estimates_and_chance_are_named(text: str) -> None:
    """Cost is called an estimate, a move is not called an effect, and the false alarms are counted."""
    words = Elements(text).words
    assert "Cost is an estimate: nothing was paid." in words
    assert "It is no language model." in words
    assert "by chance alone" in words
    assert "Benjamini-Hochberg" in words
    assert not re.search(r"\bcaused?\b", words)


def test_foreign_text_stays_text(evidence: Evidence) -> None:
    """Subjects and requests that look like markup or end a script are shown and never run."""
    nasty = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    points = tuple(replace(point, note=replace(point.note, subject=nasty)) for point in evidence.points)
    steps = tuple(
        replace(step, before=points[index], after=points[index + 1])
        for index, step in enumerate(evidence.steps)
    )
    hostile = replace(evidence, points=points, steps=steps, requests=dict.fromkeys(evidence.requests, nasty))
    elements = Elements(page.render(hostile, replace(SETTING, title=nasty)))
    assert not [tag for tag, _ in elements.found if tag == "img"]
    assert len([tag for tag, _ in elements.found if tag == "script"]) == 3
    assert nasty in elements.words


def test_names_that_look_like_markup_are_labels(evidence: Evidence) -> None:
    """Plots show subjects, cases and skills as they are written, not as the markup that labels may hold."""

    def marked(point: Point) -> Point:
        cases = {
            f"<b>{name}": replace(case, expected=f"<i>{case.expected}") for name, case in point.cases.items()
        }
        return replace(point, note=replace(point.note, subject="Add <b>&amp; more</b>"), cases=cases)

    points = tuple(marked(point) for point in evidence.points)
    steps = tuple(
        replace(step, before=points[index], after=points[index + 1])
        for index, step in enumerate(evidence.steps)
    )
    hostile = replace(evidence, points=points, steps=steps)
    drawn = [figures.moves(hostile), figures.matrix(hostile), figures.confusion(hostile.last)]
    labels = [label for figure in drawn for label in figure["data"][0]["y"]]
    assert labels[0].endswith("  Add &lt;b&gt;&amp;amp; more&lt;/b&gt;")
    assert not [label for label in labels if "<" in label]


def test_axes_have_plain_figures(evidence: Evidence) -> None:
    """Small costs are not written with the signs of units, 800µ, nor tokens as 20k."""
    for figure in (figures.cost(evidence), figures.tokens(evidence)):
        assert figure["layout"]["yaxis"]["exponentformat"] == "none"


def test_one_commit_alone_makes_a_report(evidence: Evidence, tmp_path: Path) -> None:
    """Without a second commit there are no moves, and the page says so."""
    alone = replace(evidence, points=evidence.points[-1:], steps=(), overall=None, unsteady=(), misroutes=())
    page.write(alone, SETTING, tmp_path / "report.html")
    words = Elements((tmp_path / "report.html").read_text()).words
    assert "There is only one commit, so there is no step to compare." in words
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_commits_without_a_run_are_left_out(demonstration: Demonstration) -> None:
    """Evidence is gathered for commits that the store knows; none at all is an error."""
    notes = [point.note for point in demonstration.evidence.points]
    stranger = replace(notes[0], commit="0" * 40)
    with open_store(demonstration.out / "gnomon.db") as store:
        assert len(gather(store, [stranger, notes[-1]], "routing").points) == 1
        with pytest.raises(ValueError, match="no run of any"):
            gather(store, [stranger], "routing")


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (wording.percent(0.5), "50.0 %"),
        (wording.percent(None), "not known"),
        (wording.points(0.1), "+10.0"),
        (wording.points(-0.1), "\u221210.0"),
        (wording.points(0.0), "±0.0"),
        (wording.p_value(0.0), "< 0.001"),
        (wording.dollars(None), "not known"),
        (wording.dollars(12.5), "USD 12.50"),
        (wording.dollars(0.000321), "USD 0.000321"),
        (wording.plural(1, "case"), "1 case"),
        (wording.plural(1200, "case"), "1,200 cases"),
        (wording.shortened("a  b\nc" * 3, 6), "a b c…"),
    ],
)
def test_figures_are_written_alike(shown: str, text: str) -> None:
    """Units, signs and unknowns have one form each."""
    assert shown == text
