"""What a routing test expects, what it got, and when the answer is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gnomon.record import Record


def _names(value: str | Iterable[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(item) for item in value]


def expectation(
    *,
    skill: str | None = None,
    alternates: str | Iterable[str] = (),
    clarification: bool = False,
    not_skill: str | Iterable[str] | None = None,
) -> dict[str, Any]:
    """What a routing test expects, in the form that travels from the test to the results.

    `skill` None expects no skill at all, unless `clarification` (the router should ask back) or
    `not_skill` (skills that must not be chosen) says what is expected instead.
    """
    return {
        "expected": skill,
        "alternates": _names(alternates),
        "clarification": bool(clarification),
        "not_skill": _names(not_skill),
    }


def answer(skill: str | None, *, clarified: bool = False, confidence: float | None = None) -> dict[str, Any]:
    """What the router answered; `skill` None is "no skill"."""
    values: dict[str, Any] = {"actual": skill, "clarified": bool(clarified)}
    if confidence is not None:
        values["confidence"] = float(confidence)
    return values


def correct(record: Mapping[str, Any]) -> bool | None:  # noqa: PLR0911 - one return a rule
    """Whether the answer in a routing record is right; None where there is no answer or no expectation.

    A request for clarification is right exactly where it was expected. Otherwise the expected skill
    and its alternates are right, and a skill of `not_skill` never is. Where nothing but `not_skill`
    is expected, every other skill is right. A verdict that the record holds already stands.
    """
    if "actual" not in record or "expected" not in record:
        return None
    if "correct" in record:
        return bool(record["correct"])
    actual, expected = record["actual"], record["expected"]
    if record["clarification"]:
        return bool(record["clarified"])
    if record["clarified"] and actual is None:
        return False
    if actual is not None and actual in record["not_skill"]:
        return False
    if expected is None and record["not_skill"] and not record["alternates"]:
        return True
    return actual == expected or (actual is not None and actual in record["alternates"])


class ToolUse(Record):
    """How many of the expected tool uses (commands) were made, and which were not."""

    expected: int
    matched: int
    missing: tuple[str, ...]


def tool_use(expected: Iterable[str], matched: Iterable[str]) -> ToolUse:
    """Compares what should be used with what was; an expected use counts once, however often it occurs."""
    wanted = list(dict.fromkeys(_names(expected)))
    seen = set(_names(matched))
    missing = tuple(name for name in wanted if name not in seen)
    return ToolUse(len(wanted), len(wanted) - len(missing), missing)


class RoutingTest:
    """What the `gnomon_test` fixture gives a test: where it says what it expects and what it got.

    Works the same with Gnomon switched off, so that a suite needs no second form of its tests.
    Everything said is kept in `record`, and the last word counts.
    """

    __test__ = False

    def __init__(self, record: dict[str, Any] | None = None) -> None:
        self.record: dict[str, Any] = {} if record is None else record

    def expect(
        self,
        skill: str | None = None,
        *,
        alternates: str | Iterable[str] = (),
        clarification: bool = False,
        not_skill: str | Iterable[str] | None = None,
        category: str | None = None,
        case_id: str | None = None,
    ) -> None:
        """States what is expected; the same keywords as `@pytest.mark.routing`.

        `case_id` is the stable id of the case in its golden set, `category` its class there.
        """
        state(
            self.record,
            skill=skill,
            alternates=alternates,
            clarification=clarification,
            not_skill=not_skill,
            category=category,
            case_id=case_id,
        )

    def routed(self, skill: str | None, *, clarified: bool = False, confidence: float | None = None) -> None:
        """States what the router answered: a skill, none, or a question back. `confidence` is 0…1."""
        self.record.setdefault("routing", {}).update(
            answer(skill, clarified=clarified, confidence=confidence)
        )

    def tools(self, *, expected: Iterable[str], matched: Iterable[str]) -> None:
        """States which tool uses (commands) were expected and which were made."""
        result = tool_use(expected, matched)
        self.record["tools"] = [result.expected, result.matched, list(result.missing)]

    @property
    def correct(self) -> bool | None:
        """The verdict on what was stated so far; None as long as something is missing."""
        return correct(self.record.get("routing", {}))


def state(
    record: dict[str, Any],
    *,
    skill: str | None = None,
    alternates: str | Iterable[str] = (),
    clarification: bool = False,
    not_skill: str | Iterable[str] | None = None,
    category: str | None = None,
    case_id: str | None = None,
) -> None:
    """Puts an expectation into a test's record; see `RoutingTest.expect` for the words.

    Raises:
        TypeError: a word is no string where one is needed.
    """
    record.setdefault("routing", {}).update(
        expectation(skill=skill, alternates=alternates, clarification=clarification, not_skill=not_skill)
    )
    if category is not None:
        record["category"] = str(category)
    if case_id is not None:
        record["case_id"] = str(case_id)
