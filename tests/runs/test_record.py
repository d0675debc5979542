"""Records: what `dataclasses` would make of the same annotations, at a fraction of the price."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import pytest

from gnomon.record import Record


class Point(Record):
    kind: ClassVar[str] = "point"
    x: int
    y: int = 2
    tags: list[str] = dataclasses.field(default_factory=list)


class Named(Point):
    name: str = dataclasses.field(default="origin")
    x: int = 7


@dataclasses.dataclass(frozen=True)
class RealPoint:
    kind: ClassVar[str] = "point"
    x: int
    y: int = 2
    tags: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class RealNamed(RealPoint):
    name: str = dataclasses.field(default="origin")
    x: int = 7


class Sums(Record, frozen=False):
    count: int = 0


class Row(Record, eq=False):
    name: str


@pytest.mark.parametrize(("record", "real"), [(Point, RealPoint), (Named, RealNamed)])
def test_dataclasses_sees_a_dataclass(record: Any, real: Any) -> None:
    """`fields`, `replace`, `asdict` and `is_dataclass` answer as for a dataclass."""
    assert [dataclasses.is_dataclass(one) for one in (record, record(3))] == [True, True]
    assert [one.name for one in dataclasses.fields(record)] == [one.name for one in dataclasses.fields(real)]
    assert dataclasses.asdict(record(3)) == dataclasses.asdict(real(3))
    changed = dataclasses.replace(record(3), y=5)
    assert type(changed) is record
    assert dataclasses.asdict(changed) == dataclasses.asdict(dataclasses.replace(real(3), y=5))


@pytest.mark.parametrize(
    ("values", "named"), [((), {}), ((1, 2, [], "a", "b"), {}), ((1,), {"x": 1}), ((1,), {"z": 1})]
)
def test_values_that_do_not_fit(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    """A value that is missing, too much, said twice or unknown is a TypeError, as with a dataclass."""
    with pytest.raises(TypeError):
        RealPoint(*values, **named)
    with pytest.raises(TypeError):
        Point(*values, **named)


def test_each_has_its_own_default() -> None:
    """A default that is made is made anew for each record."""
    first, second = Named(), Named()
    first.tags.append("a")
    assert (first.x, first.name, second.tags) == (7, "origin", [])


def test_frozen_unless_said_otherwise() -> None:
    """A record cannot be changed and has a hash; one that can be changed has none."""
    point = Row("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.name = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.name
    sums = Sums()
    sums.count += 1
    assert sums == Sums(1)
    with pytest.raises(TypeError):
        hash(sums)


def test_equal_by_value_or_by_identity() -> None:
    """Records are equal when class and values are; rows of a table only when they are the same."""
    assert Point(1, tags=["a"]) == Point(1, 2, ["a"])
    assert Point(1) != Named(1)
    assert Row("a") != Row("a")
    assert len({Row("a"), Row("a")}) == 2
