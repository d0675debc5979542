"""Tool use as a lexical router can show it: are a case's expected commands documented by the chosen skill?

An agent can only use a command that its skill tells it. So the expected command patterns of a golden case
are looked for in the body of the skill that the router chose: a wrong route and a command that was renamed
without its documentation both show. Patterns that only repeat the request (an issue key, a name) are
arguments of the user's, not the skill's, and are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gnomon_analysis.demo.golden import CommandPattern, GoldenCase

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Documented:
    """Texts of the expected patterns that a skill can document, and of those that it does."""

    expected: tuple[str, ...]
    documented: tuple[str, ...]


def compare(case: GoldenCase, body: str) -> Documented:
    """Looks for the case's command patterns in a skill's body (empty: no skill was chosen)."""
    said = frozenset(_WORD.findall(case.request.casefold()))
    asked = [pattern for pattern in case.commands if not _repeats(pattern, said)]
    return Documented(
        expected=tuple(dict.fromkeys(pattern.text for pattern in asked)),
        documented=tuple(dict.fromkeys(pattern.text for pattern in asked if pattern.found_in(body))),
    )


def _repeats(pattern: CommandPattern, said: frozenset[str]) -> bool:
    words = _WORD.findall(pattern.text.casefold())
    return not pattern.is_regex and bool(words) and said.issuperset(words)
