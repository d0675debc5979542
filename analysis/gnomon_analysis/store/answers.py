"""What a router was to answer and what it answered, in the words that every command and page uses."""

from __future__ import annotations

from collections.abc import Sequence

ASKS_BACK = "asks back"
NO_SKILL = "no skill"
NOT_ANSWERED = "not answered"


def answered(skill: str | None, asked: bool | None) -> str | None:
    """The answer: a skill's name, `no skill` for the empty one, `asks back`; None where there was none."""
    if asked and not skill:
        return ASKS_BACK
    return None if skill is None else skill or NO_SKILL


def wanted(skill: str | None, question: bool | None, alternates: Sequence[str] = ()) -> str | None:
    """The right answer, or answers: `refunds or orders`; None for what is no routing test.

    `question`: a question back is the right answer.
    """
    if question:
        return ASKS_BACK
    return None if skill is None else " or ".join((skill or NO_SKILL, *alternates))
