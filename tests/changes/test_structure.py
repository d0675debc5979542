from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon_analysis.changes import structure
from gnomon_analysis.changes.structure import Node, UnreadableError, compare, read_json, read_toml, read_yaml

UNTIMED = settings(deadline=None)

KEYS = st.text(st.sampled_from("abc.[]\"' é"), min_size=1, max_size=4)
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=4)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
MAPPINGS = st.recursive(
    SCALARS, lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=4), max_leaves=15
)


def of(value: Any) -> Node:
    return read_json(json.dumps(value))


def found(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    return [
        (one.path, one.old and structure.shown(one.old), one.new and structure.shown(one.new))
        for one in compare(of(old), of(new))
    ]


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    if isinstance(value, dict) and value:
        return {
            key: leaf for name, inner in value.items() for key, leaf in leaves(inner, (*path, name)).items()
        }
    return {path: json.dumps(value)}


@UNTIMED
@given(VALUES)
def test_nothing_differs_from_itself(value: Any) -> None:
    """Whatever it is, and however it is laid out."""
    assert compare(of(value), read_json(json.dumps(value, indent=4))) == []


@UNTIMED
@given(VALUES, VALUES)
def test_what_differs_is_named(old: Any, new: Any) -> None:
    """Two values are equal exactly where no key is named."""
    assert (compare(of(old), of(new)) == []) == (of(old) == of(new))


@UNTIMED
@given(VALUES, VALUES)
def test_the_other_way_round_is_the_same_with_old_and_new_exchanged(old: Any, new: Any) -> None:
    """No key is found in one direction only."""
    there = {(one.path, repr(one.old), repr(one.new)) for one in compare(of(old), of(new))}
    back = {(one.path, repr(one.new), repr(one.old)) for one in compare(of(new), of(old))}
    assert there == back


@UNTIMED
@given(MAPPINGS, MAPPINGS)
def test_every_key_that_differs_is_named_by_its_path(old: Any, new: Any) -> None:
    """Each leaf of either that the other has not lies below a path that is named, and no other does."""
    paths = {one.path for one in compare(of(old), of(new))}
    before, after = leaves(old), leaves(new)
    for leaf in {**before, **after}:
        spelled = [structure_path(leaf[:depth]) for depth in range(len(leaf) + 1)]
        differs = before.get(leaf) != after.get(leaf)
        assert differs == bool(paths & set(spelled)) or (not differs and not leaf)


def structure_path(keys: tuple[str, ...]) -> str:
    return ".".join(
        key if not set(key) & set(" .[]\"'") else json.dumps(key, ensure_ascii=False) for key in keys
    )


def test_items_are_known_by_their_ids() -> None:
    """A case that came, one that went and one that changed, wherever they stand."""
    old = {"tests": [{"id": "A", "skill": "x"}, {"id": "B", "skill": "y"}, {"id": "C", "skill": "z"}]}
    new = {"tests": [{"id": "D", "skill": "w"}, {"id": "C", "skill": "z"}, {"id": "B", "skill": "q"}]}
    assert found(old, new) == [
        ("tests[A]", '{"id": "A", "skill": "x"}', None),
        ("tests[B].skill", '"y"', '"q"'),
        ("tests[D]", None, '{"id": "D", "skill": "w"}'),
    ]
    turned = {"tests": [*reversed(old["tests"])]}
    assert [path for path, _, _ in found(old, turned)] == ["tests"]


def test_values_of_a_list_come_and_go_by_what_they_are() -> None:
    """Not by their places; another order of the same is a change of the whole list."""
    assert found({"a": ["x", "y"]}, {"a": ["z", "y"]}) == [("a[]", '"x"', None), ("a[]", None, '"z"')]
    assert found({"a": ["x", "y"]}, {"a": ["y", "x"]}) == [("a", '["x", "y"]', '["y", "x"]')]


def test_other_items_are_counted_from_both_ends() -> None:
    """One more item in the middle is one item."""
    assert found([[1], [2], [4]], [[1], [2], [3], [4]]) == [("[2]", None, "[3]")]
    assert found([[1], [2]], [[1], [3]]) == [("[1][]", "2", None), ("[1][]", None, "3")]


def test_yaml_says_the_same_however_it_is_written() -> None:
    """Comments, quotes, block style, anchors and order say nothing; types and numbers as written do."""
    plain = read_yaml("a: {b: [x, y]}\nc: text\n")
    assert compare(plain, read_yaml("# why\nc: 'text'\na:\n  b:\n  - x\n  - \"y\"\n")) == []
    assert compare(read_yaml("a: &n {x: 1}\nb: {x: 1}"), read_yaml("a: &n {x: 1}\nb: *n")) == []
    for old, new in (("v: 5", "v: '5'"), ("v: 1.1", "v: 1.10"), ("v: true", "v: 'true'"), ("v:", "v: ''")):
        assert [one.path for one in compare(read_yaml(old), read_yaml(new))] == ["v"]
    assert compare(read_yaml("v:"), read_yaml("v: ~")) == []


def test_toml_has_dates_and_tables() -> None:
    """Every type of TOML has its text."""
    old = read_toml("[a]\nday = 2026-01-01\nat = 07:30:00\n[[m]]\nname = 'x'\nprice = 1.5\n")
    new = read_toml("[a]\nday = 2026-01-02\nat = 07:30:00\n[[m]]\nname = 'x'\nprice = 2.5\n")
    assert [(one.path, one.old, one.new) for one in compare(old, new)] == [
        ("a.day", structure.Scalar("2026-01-01"), structure.Scalar("2026-01-02")),
        ("m[x].price", structure.Scalar("1.5"), structure.Scalar("2.5")),
    ]


def _nine(number: int) -> str:
    return ", ".join([f"*a{number}"] * 9)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_yaml, "a: [1"),
        (read_yaml, "a: b: c"),
        (read_yaml, "\x07"),
        (read_yaml, "&a [*a]"),
        (read_yaml, "[" * 5000),
        (read_yaml, "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{_nine(n - 1)}]" for n in range(1, 9))])),
        (read_json, "{"),
        (read_json, "[" * 100_000),
        (read_json, '{"a": 1} x'),
        (read_toml, "a = "),
        (read_toml, "a = " + "[" * 100_000),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else value.__name__,
)
def test_what_cannot_be_read_is_said_to_be(read: Any, text: str) -> None:
    """Broken, endless and exploding documents end in one kind of error."""
    with pytest.raises(UnreadableError):
        read(text)


@UNTIMED
@given(VALUES)
def test_yaml_and_json_of_one_value_agree(value: Any) -> None:
    """The keys that differ between two files do not depend on the format, but for how floats are written."""
    if not any(isinstance(leaf, float) for leaf in _flat(value)):
        assert compare(read_yaml(yaml.safe_dump(value)), of(value)) == []


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _flat(inner)]
    return [leaf for inner in value for leaf in _flat(inner)] if isinstance(value, list) else [value]
