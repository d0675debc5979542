"""Does each request reach the skill that ought to answer it?"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

import gnomon
from gnomon.runs.routing import RoutingTest
from gnomon_analysis.demo.documented import compare
from gnomon_analysis.demo.golden import GoldenCase
from gnomon_analysis.demo.router import MODEL, PROVIDER, LexicalRouter
from gnomon_analysis.demo.skills import Skill


def test_request_reaches_its_skill(
    *,
    case: GoldenCase,
    router: LexicalRouter,
    checkout: dict[str, Skill],
    chance: Callable[[str], random.Random],
    note: Callable[[str, str | None], None],
    gnomon_test: RoutingTest,
) -> None:
    """Routes one golden case and states the answer; the expectation stands in the test's marks."""
    with gnomon.model_call(MODEL, provider=PROVIDER) as call:
        answer = router.route(case.prompt, chance(case.id))
        call.tokens(input=answer.input_tokens, output=answer.output_tokens)
    note(case.id, answer.skill)
    gnomon_test.routed(answer.skill, clarified=answer.skill is None)
    chosen = checkout.get(answer.skill or "")
    commands = compare(case, chosen.body if chosen else "")
    if commands.expected:
        gnomon_test.tools(expected=commands.expected, matched=commands.documented)
    if not case.accepts(answer.skill):
        right = " or ".join((case.expected or "a question back", *case.alternates))
        pytest.fail(f"expected {right}, got {answer.skill or 'a question back'}", pytrace=False)
