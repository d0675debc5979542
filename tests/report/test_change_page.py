"""The page of one change: what it says, and that nothing that it shows can be anything but text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from gnomon_analysis.report import change_page, change_reading, wording
from gnomon_analysis.report.change import (
    Candidate,
    ChangePage,
    Effect,
    FileChange,
    MovedCase,
    PartChange,
    Point,
    Series,
)
from gnomon_analysis.store import Store, open_store, schema
from tests.commands.conftest import Project
from tests.gating.test_commits import Repository
from tests.report.test_report import Elements, embedded, torn
from tests.store import changes as planted
from tests.store.spool_files import Run

REVISION = "c" * 40

EFFECT = Effect(
    impact_id="f1",
    metric="routing_accuracy",
    title="routing accuracy",
    unit="%",
    more_is_better=True,
    scope_kind="suite",
    scope="routing",
    suite="routing",
    environment="test",
    verdict="improvement",
    status="open",
    sentence="Commit ccccccc likely raised routing accuracy by 11 points.",
    before=80.0,
    after=91.0,
    difference=11.0,
    low=6.0,
    high=17.0,
    ratio=None,
    p_change=0.998,
    p_commit=0.97,
    runs_before=2,
    runs_after=4,
    runs_needed=None,
    before_revision="b" * 40,
    after_revision=REVISION,
    candidates=(Candidate(REVISION, 0.9, "Narrow refunds"), Candidate("d" * 40, 0.07, None)),
    cases=(MovedCase("D01", "where is my refund", "refunds", 0.2, 1.0, 5, 6, "tickets", "refunds"),),
    also=("cost a test rose by 8 %",),
    advice="Run `gnomon bisect routing_accuracy`.",
    series=Series(
        (
            Point("a" * 40, "first", 78.0, (78.0,), 70.0, 84.0),
            Point("b" * 40, "second", 82.0, (81.0, 83.0), 75.0, 88.0),
            Point(REVISION, "Narrow refunds", 91.0, (90.0, 92.0), 85.0, 95.0),
        ),
        2,
    ),
)
FILE = FileChange(
    source="git",
    kind="skill",
    change="modified",
    path="skills/refunds/SKILL.md",
    old_path=None,
    skill="refunds",
    old_value=None,
    new_value=None,
    lines_added=1,
    lines_deleted=1,
    old_tokens=400,
    new_tokens=420,
    parts=(PartChange("description", "description", "modified", "Refunds.", "Refunds of paid orders."),),
    summary="skill refunds: description; +20 tokens",
    diff="@@ -1 +1 @@\n-Refunds.\n+Refunds of paid orders.\n same",
)
PAGE = ChangePage(
    revision=REVISION,
    repository="desk",
    subject="Narrow refunds",
    author="Someone",
    changed_at=datetime(2026, 5, 4, 9, tzinfo=UTC),
    files=(FILE,),
    effects=(EFFECT,),
    requests_known=True,
    false_findings_percent=5.0,
)


def words(page: ChangePage) -> str:
    return Elements(change_page.render(page)).words


def test_what_the_page_says() -> None:
    """The finding, then levels, what was changed, the tests with what they ask, suspects, the budget."""
    said = words(PAGE)
    for part in (
        "ccccccc Narrow refunds",
        "Commit ccccccc likely raised routing accuracy by 11 points.",
        "Repository desk · by Someone · 2026-05-04 09:00 UTC · 1 tracked file changed",
        "80.0 % 91.0 % ▲ +11.0 points [+6.0, +17.0] over 99 % 97 % 2 + 4 improvement",
        "skill refunds: description; +20 tokens",
        "about 400 → 420 tokens",
        "D01 where is my refund refunds 20.0 % 100.0 % tickets refunds 5 + 6",
        "Narrow refunds this one 90 %",
        "cost a test rose by 8 %",
        "about 1 in 20 is wrong about there being a change",
        "An answer is the one that came most often.",
    ):
        assert part in said, said


def test_figures_stay_with_their_units_and_quotations_as_they_are() -> None:
    """No line ends between the two, not in the sentence of a finding either; a diff can still be copied."""
    sentence = (
        "Routing accuracy rose by 8 points [2, 14], from 73 % to 81 % at 1.2 s and 0.004 USD; 97 % sure."
    )
    told = replace(EFFECT, sentence=sentence, also=("cost a test rose by 8 %",))
    assert torn(change_page.render(replace(PAGE, effects=(told,), files=()))) == []
    part = PartChange("description", "description", "modified", "Up to 5 % off.", "Up to 7 % off.")
    quoting = replace(FILE, diff="@@ -1 +1 @@\n-Up to 5 % off.\n+Up to 7 % off.", parts=(part,))
    assert torn(change_page.render(replace(PAGE, files=(quoting,)))) == ["5 %", "7 %"]


def test_an_interval_that_holds_zero_is_explained() -> None:
    """Beside the interval in a word, and below in a sentence; not where there is nothing to explain."""
    for scope, word in (("suite", "not sure as a whole"), ("case", "not sure by itself")):
        said = words(replace(PAGE, effects=(replace(EFFECT, scope_kind=scope, low=-1.0),)))
        assert f"+11.0 points [\u22121.0, +17.0] {word} over 99 %" in said
        assert "the interval holds no movement, though it is sure that something moved" in said
    for other in ({}, {"low": -1.0, "p_change": 0.9}, {"low": -1.0, "scope_kind": "agent"}):
        assert "ot sure" not in words(replace(PAGE, effects=(replace(EFFECT, **other),)))
    relative = replace(EFFECT, unit="s", ratio=(1.02, 0.99, 1.05))
    assert "[\u22121.0, +5.0] not sure as a whole" in words(replace(PAGE, effects=(relative,)))


def test_the_change_is_marked() -> None:
    """A line between the commits, both levels over the commits they are from, each run as a dot."""
    (plot,) = embedded(change_page.render(PAGE)).values()
    assert plot["layout"]["shapes"][0]["x0"] == 1.5
    assert plot["layout"]["annotations"][0]["text"] == "from ccccccc on"
    levels = [trace for trace in plot["data"] if trace.get("line", {}).get("width") == 3]
    # Two runs before: those of the commit next to the change.
    assert [(trace["x"], trace["y"]) for trace in levels] == [
        ([0.5, 1.5], [80.0] * 2),
        ([1.5, 2.5], [91.0] * 2),
    ]
    dots = next(trace for trace in plot["data"] if trace.get("marker", {}).get("size") == 4)
    assert dots["y"] == [81.0, 83.0, 90.0, 92.0]


def test_a_drift_is_drawn_from_where_it_began() -> None:
    """The level before stands at the commits before the slope, and the line says where the slope ends."""
    drift = replace(EFFECT, verdict="drift", before=78.0, runs_before=1, before_revision="a" * 40)
    (plot,) = embedded(change_page.render(replace(PAGE, effects=(drift,)))).values()
    assert plot["layout"]["annotations"][0]["text"] == "drift up to ccccccc"
    levels = [trace for trace in plot["data"] if trace.get("line", {}).get("width") == 3]
    assert [(trace["x"], trace["y"]) for trace in levels] == [
        ([-0.5, 0.5], [78.0] * 2),
        ([1.5, 2.5], [91.0] * 2),
    ]


def test_every_plot_is_a_valid_figure_and_every_colour_known() -> None:
    """Plotly takes the specification, and each colour has a value in light and dark."""
    import plotly.graph_objects as go  # type: ignore[import-untyped]

    text = change_page.render(PAGE)
    found = embedded(text)
    plain = json.loads(re.sub(r'"\$[a-z0-9]+"', '"#123456"', json.dumps(found)))
    for figure in plain.values():
        go.Figure(data=figure["data"], layout=figure["layout"])
    for name in set(re.findall(r'"\$([a-z0-9]+)"', json.dumps(found))):
        assert len(re.findall(rf"--{name}:", text)) == 3, name


def test_the_file_needs_no_network(tmp_path: Path) -> None:
    """Nothing is loaded from anywhere; the plotting library is inside where there is a plot."""
    path = tmp_path / "change.html"
    change_page.write(PAGE, path)
    text = path.read_text("utf-8")
    for tag, attributes in Elements(text).found:
        assert "src" not in attributes
        assert not {name for name in attributes if name.startswith("on")}
        if tag in ("a", "link"):
            assert (attributes.get("href") or "").startswith("#")
    assert text.count("plotly.js v") == 1
    assert "plotly.js v" not in change_page.render(replace(PAGE, effects=()))


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`&{{7*7}}{% raw %}\u2028"


def test_hostile_text_is_text() -> None:
    """Whatever a skill, a message, a case, a model or a finding says, no element comes of it."""
    part = PartChange(HOSTILE, HOSTILE, HOSTILE, HOSTILE, f"{HOSTILE} more")
    file = replace(
        FILE,
        path=HOSTILE,
        old_path=HOSTILE + "2",
        skill=HOSTILE,
        summary=HOSTILE,
        diff=f"+{HOSTILE}",
        parts=(part,),
    )
    case = MovedCase(HOSTILE, HOSTILE, HOSTILE, 0.0, 1.0, 1, 1, HOSTILE, HOSTILE)
    series = (
        Series(tuple(replace(point, subject=HOSTILE) for point in EFFECT.series.points), 1)
        if EFFECT.series
        else None
    )
    effect = replace(
        EFFECT, title=HOSTILE, scope=HOSTILE, suite=HOSTILE, sentence=HOSTILE, also=(HOSTILE,),
        advice=HOSTILE, cases=(case,), series=series,
        candidates=(Candidate(REVISION, 0.6, HOSTILE), Candidate("d" * 40, 0.3, HOSTILE)),
    )  # fmt: skip
    switched = replace(file, source="telemetry", old_value=HOSTILE, new_value=HOSTILE, diff=None)
    page = replace(
        PAGE, subject=HOSTILE, author=HOSTILE, repository=HOSTILE, files=(file, switched),
        effects=(effect, replace(effect, verdict="inconclusive", impact_id="f2")),
    )  # fmt: skip
    text = change_page.render(page)
    found = Elements(text).found
    harmless = [tag for tag, _ in Elements(change_page.render(PAGE)).found]
    assert {tag for tag, _ in found} <= {*harmless, "del", "ins", "ul", "li", "details"}
    assert sum(tag == "script" for tag, _ in found) == harmless.count("script")
    assert not [tag for tag, _ in found if tag == "img"]
    for _, attributes in found:
        assert not {name for name in attributes if name.startswith("on")}
    assert "49" not in Elements(text).words.replace(HOSTILE, "")
    # What Plotly draws as HTML is escaped once more within the data.
    hovers = json.dumps(embedded(text))
    assert "<script" not in hovers
    assert "<img" not in hovers


@pytest.mark.parametrize(
    ("old", "new", "segments"),
    [
        ("a b c", "a x c", [(" ", "a "), ("-", "b"), ("+", "x"), (" ", " c")]),
        (None, "new", [("+", "new")]),
        ("gone", None, [("-", "gone")]),
        ("same", "same", [(" ", "same")]),
    ],
)
def test_words_that_differ(old: str | None, new: str | None, segments: list[tuple[str, str]]) -> None:
    """Both texts in one, what went struck out, what came underlined."""
    assert (
        change_page.words_changed(PartChange("description", "description", "modified", old, new)) == segments
    )


def test_long_texts_are_not_compared_word_by_word() -> None:
    """They are shown whole, the old and the new one."""
    found = change_page.words_changed(PartChange("section", "s", "modified", "a " * 900, "b " * 900))
    assert [sign for sign, _ in found] == ["-", "+"]
    assert len(list(change_page.diff_lines("+x\n" * 1000))) == 601


def test_a_part_without_a_name_is_called_what_it_is() -> None:
    """Front matter that cannot be read has no keys."""
    part = PartChange("front_matter", "", "modified", "name: [a", "name: [b")
    said = words(replace(PAGE, files=(replace(FILE, parts=(part,)),)))
    assert "front matter modified name: " in said


def test_nothing_moved() -> None:
    """A commit that changed something and moved nothing known has a page, too."""
    said = words(replace(PAGE, effects=()))
    assert "Nothing is known to have moved at commit ccccccc." in said
    assert "No metric is known to have moved here." in said
    open_only = replace(EFFECT, verdict="not_enough_runs", sentence="Too few runs.", series=None)
    said = words(replace(PAGE, effects=(open_only,)))
    assert "Too few runs." in said
    assert "1 metric of which too little is known yet" in said


def test_a_change_without_a_commit() -> None:
    """Another model is what was changed, and no commit is blamed."""
    file = replace(
        FILE, source="telemetry", kind="model", change="switched", path=None, old_value="old-model",
        new_value="new-model", diff=None, parts=(), summary="model: old-model to new-model",
    )  # fmt: skip
    effect = replace(EFFECT, verdict="upstream", p_commit=None, candidates=())
    said = words(replace(PAGE, revision=None, subject=None, files=(file,), effects=(effect,)))
    assert "model: old-model to new-model" in said
    assert "no commit did it: model from old-model to new-model" in said


def test_nobody_is_suspected_of_what_was_switched_outside() -> None:
    """Commits of the same time are named as such, and nothing counts as a tracked file that was changed."""
    file = replace(
        FILE, source="telemetry", kind="model", change="switched", path=None, summary="model: a to b"
    )
    near = (Candidate("d" * 40, 1.0, "Note 16"),)
    effect = replace(EFFECT, verdict="upstream", p_commit=None, candidates=near)
    said = words(replace(PAGE, revision=None, subject=None, files=(file,), effects=(effect,)))
    assert "Commits of the same time cannot be told from that: ddddddd Note 16" in said
    for wrong in ("Nobody: each finding names this commit", "tracked file changed", "not known this commit"):
        assert wrong not in said
    drift = replace(EFFECT, verdict="drift", p_commit=None, candidates=())
    said = words(replace(PAGE, revision=None, subject=None, files=(), effects=(drift,)))
    assert "No commit is blamed." in said


def test_what_made_up_for_one_another_has_moved() -> None:
    """Tests that moved up and down are told as mixed, and not as what too little is known of."""
    said = words(replace(PAGE, effects=(EFFECT, replace(EFFECT, impact_id="f2", verdict="unchanged"))))
    assert "Besides, 1 more finding here: of no clear worth." in said
    assert "mixed" in said
    assert "too little is known" not in said


def test_amounts() -> None:
    """Levels and differences keep the digits that tell them apart."""
    assert wording.amount(0.00042, "s") == "0.42 ms"
    assert wording.amount(12.345, "s") == "12.35 s"
    assert wording.amount(249.4, "{token}") == "249"
    assert wording.probability(0.9951) == "over 99 %"
    assert wording.probability(0.004) == "under 1 %"
    relative = replace(EFFECT, unit="s", ratio=(1.161, 1.026, 1.306))
    assert change_page.difference(relative) == "+16.1 % [+2.6, +30.6]"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A finding planted among runs of three commits."""
    commits = ("a" * 40, "b" * 40, REVISION)
    spool = tmp_path / "spool"
    for number, commit in enumerate(commits):
        for repeat in range(2):
            run = Run(
                key=f"{number}-{repeat}", sequence=2 * number + repeat, commit=commit, started=number * 1000.0
            )
            for case in ("D01", "D02"):
                good = case == "D02" or commit == REVISION
                actual = "refunds" if good else "tickets"
                run.test(case, "passed" if good else "failed", expected="refunds", actual=actual, calls=1)
            run.write(spool)
    found = open_store(tmp_path / "gnomon.db")
    found.ingest(spool)
    planted.plant(found, changed_ns=1_700_000_000_000_000_000)
    with found.engine.begin() as connection:
        impacts = schema.change_impacts
        known = {
            "before_revision": "b" * 40,
            "after_revision": REVISION,
            "also": ["skill refunds was modified"],
        }
        connection.execute(update(impacts).values(**known))
    return found


def test_a_page_out_of_the_store(store: Store) -> None:
    """Finding, change and runs come together; what was withdrawn is not among them."""
    known = change_reading.Known(requests={("routing", "D01"): "where is my refund"})
    page = change_reading.gather(store, "ccc", known)
    (effect,) = page.effects
    assert (page.revision, page.subject, effect.impact_id) == (REVISION, "Narrow refunds", "open-ccccccccc")
    assert [(point.revision[0], point.value) for point in effect.series.points] == [  # type: ignore[union-attr]
        ("a", 50.0), ("b", 50.0), ("c", 100.0),
    ]  # fmt: skip
    assert effect.series is not None
    assert effect.series.first_after == 2
    assert effect.cases[0].request == "where is my refund"
    assert effect.cases[0].expected == "refunds"
    assert page.files[0].parts[0].name == "When to use"
    assert change_reading.gather(store, "open-ccc", known) == page
    assert change_reading.find(store, "ccc") == [REVISION]
    assert change_reading.find(store, "open") == [REVISION]
    assert change_reading.find(store, "0000") == []
    ids = change_reading.ids_of(store, "ccc")
    assert ids == ["open-ccccccccc"]
    assert change_reading.cases_of(store, ids) == {("routing", "D01")}
    with pytest.raises(ValueError, match="knows no change"):
        change_reading.gather(store, "0000", known)


def test_a_change_without_findings_shows_the_suite_around_it(store: Store) -> None:
    """What most want to see, as the runs are; nothing is said about it."""
    with store.engine.begin() as connection:
        connection.execute(update(schema.change_impacts).values(status="withdrawn"))
    page = change_reading.gather(store, "ccc", change_reading.Known())
    assert page.effects == ()
    assert [(one.title, one.suite) for one in page.around] == [
        ("routing accuracy", "routing"), ("cost", "routing"), ("latency", "routing"),
    ]  # fmt: skip
    assert [point.value for point in page.around[0].series.points] == [50.0, 50.0, 100.0]
    text = change_page.render(page)
    assert set(embedded(text)) == {one.key for one in page.around}
    assert "No metric is known to have moved here." in Elements(text).words
    # A commit that no run measured is stood for by the next one that was.
    order = ["a" * 40, "b" * 40, "e" * 40, REVISION]
    with store.engine.begin() as connection:
        connection.execute(update(schema.skill_change_events).values(revision="e" * 40))
    (accuracy, *_) = change_reading.gather(store, "eee", change_reading.Known(order=order)).around
    assert accuracy.series.first_after == 2


@pytest.mark.parametrize(
    ("finding", "value"),
    [
        (("pass_rate", "%", "suite", "routing"), None),
        (("cost", "USD", "case", "D01"), 0.01),
        (("tokens", "{token}", "skill", "refunds"), 120.0),
        (("latency", "s", "suite", "routing"), 0.75),
        (("attempts", "{attempt}", "suite", "routing"), 1.0),
        (("retries", "{retry}", "suite", "routing"), 1.0),
        (("routing_accuracy", "%", "model", "demo-model"), None),
    ],
)
def test_each_metric_is_drawn_from_the_runs(
    store: Store, finding: tuple[str, str, str, str], value: float | None
) -> None:
    """In its own unit and scope; what the runs cannot tell is not drawn."""
    metric, unit, kind, scope = finding
    with store.engine.begin() as connection:
        values: dict[str, Any] = {"metric": metric, "unit": unit, "scope_kind": kind, "scope": scope}
        connection.execute(update(schema.change_impacts).values(**values))
    series = change_reading.gather(store, "ccc", change_reading.Known()).effects[0].series
    if value is None:
        assert series is None
    else:
        assert series is not None
        assert [point.value for point in series.points] == [pytest.approx(value)] * 3


def test_latency_is_drawn_as_its_finding_counts_it(tmp_path: Path) -> None:
    """The mean over the tests of a run, without set-up: what is slow is in the plot as in the level."""
    run = Run(commit=REVISION).test("slow", duration=3.9)
    run.test("fast", duration=2.0, attributes={"gnomon.test.call.duration": 0.1})
    run.write(tmp_path / "spool")
    with open_store(tmp_path / "gnomon.db") as found:
        found.ingest(tmp_path / "spool")
        around = change_reading.gather(
            _planted(found, metric="latency", unit="s"), "ccc", change_reading.Known()
        )
    series = around.effects[0].series
    assert series is not None
    assert [point.value for point in series.points] == [pytest.approx(2.0)]


def _planted(store: Store, **values: Any) -> Store:
    """The store, with a finding of its suite."""
    planted.plant(store, changed_ns=1_700_000_000_000_000_000)
    with store.engine.begin() as connection:
        connection.execute(update(schema.change_impacts).values(after_revision=REVISION, **values))
    return store


def test_what_says_most_is_told_first(store: Store) -> None:
    """The page begins with the finding that `gnomon changes` begins with."""
    with store.engine.begin() as connection:
        (row,) = connection.execute(schema.change_impacts.select()).mappings().all()[:1]
        other = {
            **row,
            "impact_id": "cost-cccc",
            "metric": "cost",
            "unit": "USD",
            "sentence": "It costs more.",
        }
        connection.execute(insert(schema.change_impacts), {**other, "status": "open", "p_change": 1.0})
    ids = ["open-ccccccccc", "cost-cccc"]
    for told in (ids, ids[::-1]):
        page = change_reading.gather(store, "ccc", change_reading.Known(told_first=told))
        assert [effect.impact_id for effect in page.effects] == told


def test_the_order_of_the_history_counts(store: Store) -> None:
    """Commits stand as the history has them, whenever they were run."""
    order = ["b" * 40, "a" * 40, REVISION, "d" * 40]
    series = change_reading.gather(store, "ccc", change_reading.Known(order=order)).effects[0].series
    assert series is not None
    assert [point.revision[0] for point in series.points] == ["b", "a", "c"]


def test_the_command(tmp_path: Path) -> None:
    """`gnomon changes page` writes the file, says the sentence, and knows commits by any name."""
    folder = tmp_path / "desk"
    repository = Repository(folder)
    project = Project(folder)
    commit = repository.commit("Narrow refunds")
    Run(key="a", commit=commit).test("D01", expected="refunds", actual="refunds").write(project.spool)
    project.gnomon("runs")
    with open_store(project.folder / ".gnomon" / "gnomon.db") as found:
        planted.plant(found, changed_ns=1_700_000_000_000_000_000, revision=commit)
        other = {
            "event_id": "e2", "source": "git", "repository": "desk", "revision": "f" * 40,
            "changed_ns": 1, "noticed_ns": 1, "kind": "skill", "change": "modified",
        }  # fmt: skip
        with found.engine.begin() as connection:
            connection.execute(insert(schema.skill_change_events), other)
    said = project.gnomon("changes", "page", "HEAD")
    assert said.splitlines() == [
        "The commit raised routing accuracy by 11 points.",
        f"page  change-{commit[:8]}.html",
    ]
    text = (folder / f"change-{commit[:8]}.html").read_text("utf-8")
    assert "Narrow refunds" in Elements(text).words
    project.gnomon("changes", "page", "ffff", "--out", "other.html")
    assert "Nothing is known to have moved" in (folder / "other.html").read_text("utf-8")
    assert "is no finding" in project.gnomon("changes", "page", "nothing", code=1)
    said = project.gnomon("changes", "page", "HEAD", "--out", "no/where.html", code=2)
    assert "cannot be written (No such file or directory); name a file in a folder that is there" in said
