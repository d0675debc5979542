"""When an answer is right: the rules of routing tests."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gnomon.runs.routing import RoutingTest, answer, correct, expectation, tool_use

SKILLS = st.sampled_from(["create", "search", "edit", "report"])
ANSWERS = SKILLS | st.none()
EXPECTATIONS = st.fixed_dictionaries(
    {},
    optional={
        "skill": ANSWERS,
        "alternates": st.lists(SKILLS, max_size=2) | SKILLS,
        "clarification": st.booleans(),
        "not_skill": st.lists(SKILLS, max_size=2) | SKILLS | st.none(),
    },
)


@pytest.mark.parametrize(
    ("expected", "answered", "verdict"),
    [
        # The skill itself, or one of its alternates.
        ({"skill": "a"}, {"skill": "a"}, True),
        ({"skill": "a"}, {"skill": "b"}, False),
        ({"skill": "a"}, {"skill": None}, False),
        ({"skill": "a", "alternates": ["b", "c"]}, {"skill": "c"}, True),
        ({"skill": "a", "alternates": "b"}, {"skill": "b"}, True),
        ({"skill": "a", "alternates": "bc"}, {"skill": "b"}, False),
        ({"skill": "a", "alternates": ["b"]}, {"skill": None}, False),
        # No skill at all.
        ({}, {"skill": None}, True),
        ({}, {"skill": "a"}, False),
        ({"alternates": ["a"]}, {"skill": "a"}, True),
        ({"alternates": ["a"]}, {"skill": None}, True),
        # A question back.
        ({"clarification": True}, {"skill": None, "clarified": True}, True),
        ({"clarification": True}, {"skill": None}, False),
        ({"clarification": True, "skill": "a"}, {"skill": "a"}, False),
        ({"clarification": True, "skill": "a"}, {"skill": "a", "clarified": True}, True),
        ({"skill": "a"}, {"skill": None, "clarified": True}, False),
        ({}, {"skill": None, "clarified": True}, False),
        ({"skill": "a"}, {"skill": "a", "clarified": True}, True),
        # Skills that must not be chosen.
        ({"not_skill": "a"}, {"skill": "a"}, False),
        ({"not_skill": "a"}, {"skill": "b"}, True),
        ({"not_skill": ["a", "b"]}, {"skill": None}, True),
        ({"not_skill": "a"}, {"skill": None, "clarified": True}, False),
        ({"skill": "b", "not_skill": "a"}, {"skill": "b"}, True),
        ({"skill": "b", "not_skill": "a"}, {"skill": "c"}, False),
        ({"skill": "a", "not_skill": "a"}, {"skill": "a"}, False),
        ({"alternates": "b", "not_skill": "a"}, {"skill": "b"}, True),
        ({"alternates": "b", "not_skill": "a"}, {"skill": "c"}, False),
    ],
)
def test_verdicts(expected: dict[str, object], answered: dict[str, object], verdict: bool) -> None:
    """The table of expectations, answers and verdicts."""
    record = expectation(**expected) | answer(**answered)  # type: ignore[arg-type]
    assert correct(record) is verdict


@given(EXPECTATIONS, ANSWERS, st.booleans())
def test_laws_of_verdicts(expected: dict[str, object], actual: str | None, clarified: bool) -> None:
    """Only both sides make a verdict; a forbidden skill is never right; a verdict survives its journey."""
    wanted = expectation(**expected)  # type: ignore[arg-type]
    given_answer = answer(actual, clarified=clarified)
    assert correct(wanted) is None
    assert correct(given_answer) is None
    record = wanted | given_answer
    verdict = correct(record)
    assert isinstance(verdict, bool)
    assert correct(json.loads(json.dumps(record))) is verdict
    assert correct(record | {"correct": not verdict}) is not verdict
    assert correct(record | {"confidence": 0.5}) is verdict
    if wanted["clarification"]:
        assert verdict is clarified
    elif actual is not None and actual in wanted["not_skill"]:
        assert verdict is False


@given(EXPECTATIONS, SKILLS)
def test_one_more_alternate_only_helps(expected: dict[str, object], actual: str) -> None:
    """An answer that was right where a skill is expected stays right with more alternates."""
    wanted = expectation(**expected)  # type: ignore[arg-type]
    assume(wanted["expected"] is not None)
    before = correct(wanted | answer(actual))
    more = wanted | {"alternates": [*wanted["alternates"], "another"]}
    assert correct(more | answer(actual)) is before


@given(st.lists(SKILLS, max_size=6), st.lists(SKILLS, max_size=6))
def test_tool_use(expected: list[str], matched: list[str]) -> None:
    """An expected use counts once, in whatever order and however often it was made."""
    found = tool_use(expected, matched)
    assert found.expected == len(set(expected))
    assert found.matched == len(set(expected) & set(matched))
    assert set(found.missing) == set(expected) - set(matched)
    assert len(found.missing) == found.expected - found.matched


def test_one_tool_as_a_string() -> None:
    """A single name needs no list around it."""
    assert tool_use("jql", "jql").matched == 1


def test_what_a_test_says() -> None:
    """The last word counts, and there is no verdict before both sides have spoken."""
    said = RoutingTest()
    assert said.correct is None
    said.routed("a", confidence=0.5)
    assert said.correct is None
    said.expect(skill="b", category="edge", case_id="c1")
    assert said.correct is False
    said.expect(skill="a")
    assert said.correct is True
    said.tools(expected=["x", "y"], matched=["y"])
    assert said.record["tools"] == [2, 1, ["x"]]
    assert (said.record["category"], said.record["case_id"]) == ("edge", "c1")
    assert said.record["routing"]["confidence"] == 0.5
