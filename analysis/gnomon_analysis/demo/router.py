"""The demo's router: a lexical reader of skills, in plain Python.

It reads what an agent reads to choose a skill (names, descriptions, bodies), so an edit of a
SKILL.md truly moves its answers. It is not a language model and never says it is: its model name in
every record is `lexical-tfidf`.

Scoring: the words and word pairs of a request are weighed by how few skills use them (smoothed
inverse document frequency, ln((1 + skills) / (1 + skills that use it)) + 1) and compared with each
skill's name and description, and with its body, by cosine similarity with sublinear term counts.
What a description says it is NOT for counts against the skill.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gnomon_analysis.demo.skills import Skill

PROVIDER = "gnomon-demo"
MODEL = "lexical-tfidf"

DESCRIPTION_WEIGHT = 0.5
BODY_WEIGHT = 0.5
NEGATED_WEIGHT = 0.2

# The router asks back when no skill reaches the floor, or when the best is not ahead of the second
# by the lead (a share of the second's score).
CLARIFICATION_FLOOR = 0.008
CLARIFICATION_LEAD = 0.05

_TOKEN = re.compile(r"[a-z][a-z0-9]+-\d+|\d+[a-z]?|[a-z]+(?:'[a-z]+)?", re.IGNORECASE)
_KEY = re.compile(r"[a-z][a-z0-9]+-\d+", re.IGNORECASE)
_PROMPT_TOKEN = re.compile(r"\w+|[^\w\s]")
_NEGATED = re.compile(r"\b(?:not for|do not use|don't use|not to be used)\b", re.IGNORECASE)
_STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "has",
        "have",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "of",
        "on",
        "or",
        "our",
        "please",
        "so",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "this",
        "those",
        "to",
        "was",
        "we",
        "were",
        "with",
        "your",
    ]
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the router chose for a request: a skill's name, or None for a question back.

    `score` is the similarity of the choice (0 to about 1; no probability), `input_tokens` and
    `output_tokens` count the prompt and the answer by `count_tokens`.
    """

    skill: str | None
    score: float
    input_tokens: int
    output_tokens: int


class LexicalRouter:
    """Chooses a skill for a request from the skills of one checkout.

    `known` are the names the golden set uses (see `Skill.identity`). At `temperature` 0 the best score
    wins, and equal scores are settled by name; above 0 the choice is drawn from the softmax of
    score / temperature by the generator that `route` is given.
    """

    def __init__(self, skills: Sequence[Skill], known: Collection[str], temperature: float = 0.0) -> None:
        self._temperature = temperature
        self._names = [skill.identity(known) for skill in skills]
        described = [_split_negated(f"{skill.name} {skill.description}") for skill in skills]
        bodies = [terms(skill.body) for skill in skills]
        positive = [terms(said) for said, _ in described]
        self._rarity = _Rarity([here + there for here, there in zip(positive, bodies, strict=True)])
        self._descriptions = [self._rarity.vector(counted) for counted in positive]
        self._negated = [self._rarity.vector(terms(negated)) for _, negated in described]
        self._bodies = [self._rarity.vector(counted) for counted in bodies]
        listing = "\n".join(
            f"{name}: {skill.description}" for name, skill in zip(self._names, skills, strict=True)
        )
        self._listing_tokens = count_tokens(listing)

    def scores(self, request: str) -> dict[str, float]:
        """Similarity of the request to every skill, by name."""
        asked = self._rarity.vector(terms(request))
        found: dict[str, float] = {}
        for name, said, negated, body in zip(
            self._names, self._descriptions, self._negated, self._bodies, strict=True
        ):
            score = (
                DESCRIPTION_WEIGHT * _cosine(asked, said)
                + BODY_WEIGHT * _cosine(asked, body)
                - NEGATED_WEIGHT * _cosine(asked, negated)
            )
            found[name] = max(found.get(name, 0.0), score)
        return found

    def route(self, request: str, generator: random.Random) -> Answer:
        """The router's choice for one request, a question back among the choices."""
        scored = self.scores(request)
        ranked = sorted(scored.values(), reverse=True)
        second = ranked[1] if len(ranked) > 1 else 0.0
        choices: dict[str | None, float] = dict(sorted(scored.items()))
        choices[None] = max(CLARIFICATION_FLOOR, second * (1.0 + CLARIFICATION_LEAD))
        chosen = self._choose(choices, generator)
        return Answer(
            skill=chosen,
            score=choices[chosen],
            input_tokens=self._listing_tokens + count_tokens(request),
            output_tokens=count_tokens(chosen or "Which of these do you mean?"),
        )

    def _choose(self, choices: dict[str | None, float], generator: random.Random) -> str | None:
        if self._temperature == 0:
            return max(choices, key=lambda name: choices[name])
        top = max(choices.values())
        weights = [math.exp((score - top) / self._temperature) for score in choices.values()]
        return generator.choices(list(choices), weights)[0]


def terms(text: str) -> Counter[str]:
    """Words and pairs of neighbouring words of a text.

    Issue keys (`ABC-12`) and numbers each become one common word, so that an example key in a skill meets any
    key in a request; words lose a plural s; stop words are dropped.
    """
    words = [word for word in map(_normal, _TOKEN.findall(text)) if word not in _STOP_WORDS]
    counted = Counter(words)
    counted.update(f"{one} {two}" for one, two in pairwise(words))
    return counted


def count_tokens(text: str) -> int:
    """Tokens by the demo's own rule: every word and every punctuation mark is one."""
    return sum(1 for _ in _PROMPT_TOKEN.finditer(text))


def _normal(word: str) -> str:
    if word[0].isdigit():
        return "#number"
    if _KEY.fullmatch(word):
        return "#key"
    word = word.lower()
    if len(word) > 3 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _split_negated(description: str) -> tuple[str, str]:
    """What a description says the skill is for, and what it says it is not for."""
    parts = _NEGATED.split(description, maxsplit=1)
    return parts[0], parts[1] if len(parts) > 1 else ""


class _Rarity:
    """Smoothed inverse document frequency over the skills' texts."""

    def __init__(self, documents: Sequence[Counter[str]]) -> None:
        used = Counter(term for document in documents for term in document)
        self._unseen = math.log(1 + len(documents)) + 1.0
        self._weight = {
            term: math.log((1 + len(documents)) / (1 + count)) + 1.0 for term, count in used.items()
        }

    def vector(self, counted: Counter[str]) -> dict[str, float]:
        """Unit vector of a text: (1 + ln count) times rarity, divided by its length."""
        raw = {
            term: (1.0 + math.log(count)) * self._weight.get(term, self._unseen)
            for term, count in counted.items()
        }
        # fsum over sorted terms: the same text gives the same bits in every process.
        length = math.sqrt(math.fsum(value * value for value in raw.values()))
        return {term: value / length for term, value in raw.items()} if length else {}


def _cosine(asked: dict[str, float], text: dict[str, float]) -> float:
    return math.fsum(weight * text[term] for term, weight in asked.items() if term in text)
