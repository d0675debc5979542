"""Panels find their places by themselves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gnomon_generators import vocabulary as v
from gnomon_generators.vocabulary.layout import Place, flow
from tests.vocabulary.boards import ABOUT, COST, RATE_OF_PASSES, board

SIZES = st.lists(st.tuples(st.integers(1, 24), st.integers(1, 12)), max_size=30)


def cells(place: Place) -> set[tuple[int, int]]:
    columns = range(place.x, place.x + place.width)
    return {(x, y) for x in columns for y in range(place.y, place.y + place.height)}


@given(SIZES, st.integers(0, 50))
def test_panels_neither_overlap_nor_leave_the_grid(sizes: list[tuple[int, int]], top: int) -> None:
    """Whatever their sizes, panels stand apart, within 24 columns, below the top, in the size asked for."""
    places, below = flow(sizes, top)
    taken: set[tuple[int, int]] = set()
    for (width, height), place in zip(sizes, places, strict=True):
        assert (place.width, place.height) == (width, height)
        assert place.x + width <= 24
        assert top <= place.y
        assert place.y + height <= below
        assert not cells(place) & taken
        taken |= cells(place)


@given(SIZES)
def test_nothing_hangs_in_the_air(sizes: list[tuple[int, int]]) -> None:
    """Each panel stands at the top or right under another: Grafana would pull it up otherwise."""
    places, _ = flow(sizes, 0)
    taken: set[tuple[int, int]] = set()
    for place in places:
        under = {(x, place.y - 1) for x in range(place.x, place.x + place.width)}
        assert place.y == 0 or under & taken
        taken |= cells(place)


def test_small_panels_pile_up_beside_a_tall_one() -> None:
    """A gauge of eight rows has two lines of stats beside it."""
    stats = [v.stat(f"Stat {number}", COST, about=ABOUT, width=6) for number in range(6)]
    document = v.document(board(v.gauge("Gauge", RATE_OF_PASSES, about=ABOUT), *stats), "board")
    assert [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in document["panels"]] == [
        *((0, 0), (6, 0), (12, 0), (18, 0)),
        *((6, 4), (12, 4), (18, 4)),
    ]


def test_rows_stand_below_each_other() -> None:
    """A row begins below the panels of the one before; a collapsed one takes a line and holds its panels."""
    dashboard = v.Dashboard(
        title="Rows",
        description="Three of them.",
        panels=[v.stat("Top", COST, about=ABOUT)],
        rows=[
            v.row("First", v.stat("A", COST, about=ABOUT)),
            v.row("Second", v.stat("B", COST, about=ABOUT), collapsed=True),
            v.row("Third", v.stat("C", COST, about=ABOUT)),
        ],
        variables=[v.suite],
    )
    panels = v.document(dashboard, "rows")["panels"]
    assert [(panel["title"], panel["gridPos"]["y"]) for panel in panels] == [
        ("Top", 0),
        ("First", 4),
        ("A", 5),
        ("Second", 9),
        ("Third", 10),
        ("C", 11),
    ]
    assert [panel["title"] for panel in panels[3]["panels"]] == ["B"]


def test_a_small_panel_goes_beside_a_tall_one() -> None:
    """A gauge, five stats and a chart: the fifth stat under the first one, the chart beside that."""
    places, below = flow([(6, 8), *[(4, 4)] * 5, (12, 8)], 0)
    assert [(place.x, place.y) for place in places] == [
        *((0, 0), (6, 0), (10, 0), (14, 0), (18, 0), (6, 4)),
        (10, 4),
    ]
    assert below == 12
