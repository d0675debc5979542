from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon_analysis.demo import golden
from gnomon_analysis.demo.documented import compare
from gnomon_analysis.demo.router import LexicalRouter, count_tokens, terms
from gnomon_analysis.demo.skills import Skill, parse


def skill(name: str, description: str, body: str = "") -> Skill:
    return parse(f'---\nname: {name}\ndescription: "{description}"\n---\n{body}', f"skills/{name}/SKILL.md")


DESK = (
    skill("tickets", "Create and close tickets.", "desk ticket close ABC-1"),
    skill("refunds", "Pay money back.", "desk refund create --order 4711"),
    skill("outages", "Status page and disturbances.", "desk outage list"),
)


def choose(skills: tuple[Skill, ...], request: str) -> str | None:
    return LexicalRouter(skills, ()).route(request, random.Random(0)).skill


def test_an_edit_of_a_description_moves_the_answer() -> None:
    """The same request goes elsewhere once a skill claims its words."""
    assert choose(DESK, "is checkout down?") is None
    edited = (*DESK[:2], skill("outages", "Use when checkout is down.", "desk outage list"))
    assert choose(edited, "is checkout down?") == "outages"


def test_an_edit_of_a_body_moves_the_answer() -> None:
    """Bodies are read, too."""
    edited = (skill("tickets", "Create and close tickets.", "When somebody is charged twice"), *DESK[1:])
    assert choose(DESK, "charged twice") is None
    assert choose(edited, "charged twice") == "tickets"


def test_what_a_skill_is_not_for_counts_against_it() -> None:
    """Words after NOT FOR pull away from a skill and not towards it."""
    plain = skill("tickets", "Tickets and refund questions")
    warned = skill("tickets", "Tickets. NOT FOR: refund questions")
    score = {
        text.description: LexicalRouter((text, DESK[2]), ()).scores("refund questions")["tickets"]
        for text in (plain, warned)
    }
    assert score[plain.description] > 0 > score[warned.description] - 1e-9


def test_an_example_key_meets_any_key() -> None:
    """Issue keys and numbers are one word each, plural and singular are one."""
    assert terms("close ABC-12 and 3 tickets") == terms("close xyz-9 and 77 ticket")


def test_a_request_that_nobody_speaks_of_is_asked_back() -> None:
    """Neither an empty request nor a foreign one reaches a skill, and a tie is asked back."""
    assert choose(DESK, "") is None
    assert choose(DESK, "zebra") is None
    twins = (skill("one", "move things"), skill("two", "move things"))
    assert choose(twins, "move things") is None


def test_without_chance_the_answer_depends_on_the_skills_alone() -> None:
    """Neither the order of the skills nor the generator matters at temperature 0."""
    forwards, backwards = LexicalRouter(DESK, ()), LexicalRouter(DESK[::-1], ())
    for request in ("close ABC-2", "money back please", "status page", ""):
        answers = {
            router.route(request, random.Random(seed)).skill
            for router in (forwards, backwards)
            for seed in range(5)
        }
        assert len(answers) == 1


def test_chance_follows_the_softmax_of_the_scores() -> None:
    """Above 0 an answer comes as often as its score's share says, and the same seed says the same."""
    temperature = 0.1
    router = LexicalRouter(DESK, (), temperature)
    request = "close the tickets and pay money back"
    drawn = Counter(router.route(request, random.Random(seed)).skill for seed in range(4000))
    weights = {name: math.exp(score / temperature) for name, score in router.scores(request).items()}
    ratio = weights["tickets"] / weights["refunds"]
    assert drawn["tickets"] / drawn["refunds"] == pytest.approx(ratio, rel=0.15)
    assert router.route(request, random.Random("x")) == router.route(request, random.Random("x"))


def test_tokens_are_counted_over_the_whole_prompt() -> None:
    """A longer description costs tokens for every request."""
    short = LexicalRouter(DESK, ()).route("close it", random.Random(0))
    longer = LexicalRouter((*DESK, skill("more", "one two three")), ()).route("close it", random.Random(0))
    assert longer.input_tokens - short.input_tokens == count_tokens("more: one two three")


def test_a_skill_is_who_the_golden_set_says() -> None:
    """The folder's name counts where the golden set uses it, else the name of the front matter."""
    found = parse("---\nname: desk-bulk-operations\ndescription: d\n---\n", "a/desk-bulk/SKILL.md")
    assert found.identity({"desk-bulk"}) == "desk-bulk"
    assert found.identity({"desk-bulk-operations"}) == "desk-bulk-operations"
    assert found.identity(()) == "desk-bulk-operations"


@pytest.mark.parametrize(
    ("text", "name", "description"),
    [
        ("# Title\n\nWhat it does,\nin two lines.\n\n## More\n", "folder", "What it does, in two lines."),
        ("---\nname: n\ndescription: >\n  folded\n  text\n---\nbody", "n", "folded text"),
        ("---\nname: [broken\n---\n\nbody", "folder", "--- name: [broken ---"),
        ("\ufeff---\r\nname: n\r\ndescription: d\r\n---\r\nbody", "n", "d"),
        ("", "folder", ""),
        ("---\nno end", "folder", "--- no end"),
    ],
)
def test_front_matter_may_be_missing_or_broken(text: str, name: str, description: str) -> None:
    """Every SKILL.md yields a skill; without front matter the folder names it."""
    found = parse(text, "skills/folder/SKILL.md")
    assert (found.name, found.description) == (name, description)


@given(st.text(max_size=300), st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_can_be_read_and_asked(text: str, request: str) -> None:
    """No SKILL.md and no request breaks the router, and scores stay finite."""
    router = LexicalRouter((parse(text, "a/b/SKILL.md"), *DESK), (), 0.01)
    assert all(math.isfinite(score) for score in router.scores(request).values())
    assert router.route(request, random.Random(0)).skill in {None, *router.scores(request)}


def test_documented_commands_leave_out_what_the_user_said() -> None:
    """A pattern that repeats the request is no command of the skill; the rest is looked for in its body."""
    (case,) = golden.parse(
        """
tests:
  - id: A
    input: show ABC-1
    expected_skill: tickets
    expected_commands:
      - pattern: ABC-1
      - pattern: desk ticket show
      - pattern_regex: desk \\w+ list
""",
        Path("golden.yaml"),
    ).cases
    found = compare(case, "    desk ticket show ABC-9")
    assert found.expected == ("desk ticket show", "desk \\w+ list")
    assert found.documented == ("desk ticket show",)
    assert compare(case, "").documented == ()
