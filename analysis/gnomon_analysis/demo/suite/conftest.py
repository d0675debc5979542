"""Options and fixtures of the demo's routing suite."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from gnomon import prices
from gnomon_analysis.demo import answers, skills
from gnomon_analysis.demo.golden import GoldenCase, GoldenSet, load
from gnomon_analysis.demo.router import LexicalRouter

GOLDEN = pytest.StashKey[GoldenSet]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The replay says by these what to route, how, and where to write the answers."""
    group = parser.getgroup("gnomon demo")
    group.addoption("--demo-golden", type=Path, required=True, help="golden set")
    group.addoption("--demo-skills", type=Path, required=True, help="folder with the skills")
    group.addoption("--demo-commit", default="", help="commit that the skills are of")
    group.addoption("--demo-run", type=int, default=1, help="which run at this commit, from 1")
    group.addoption("--demo-temperature", type=float, default=0.0, help="0: always the best score")
    group.addoption("--demo-prices", type=Path, default=None, help="price file with the router's price")
    group.addoption("--demo-answers", type=Path, default=None, help="file for the router's own notes")


def pytest_configure(config: pytest.Config) -> None:
    """Reads the golden set and the prices once, before collection."""
    config.stash[GOLDEN] = load(config.getoption("--demo-golden"))
    prices.load_overlay(config.getoption("--demo-prices"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a golden case, with what is expected as marks so that even skipped cases carry it."""
    if "case" in metafunc.fixturenames:
        cases = metafunc.config.stash[GOLDEN].cases
        metafunc.parametrize("case", [pytest.param(case, id=case.id, marks=_marks(case)) for case in cases])


def _marks(case: GoldenCase) -> list[pytest.MarkDecorator]:
    marks = [
        pytest.mark.gnomon(case_id=case.id, category=case.category),
        pytest.mark.routing(
            skill=case.expected,
            alternates=case.alternates,
            clarification=case.clarification,
            not_skill=case.not_skill,
        ),
    ]
    if case.skip:
        marks.append(pytest.mark.skip(reason=case.skip_reason or "skipped in the golden set"))
    return marks


@pytest.fixture(scope="session")
def checkout(pytestconfig: pytest.Config) -> dict[str, skills.Skill]:
    """The skills at this commit, by the name that the golden set calls them."""
    known = pytestconfig.stash[GOLDEN].skill_names
    found = skills.find(pytestconfig.getoption("--demo-skills"))
    return {skill.identity(known): skill for skill in found}


@pytest.fixture(scope="session")
def router(pytestconfig: pytest.Config, checkout: dict[str, skills.Skill]) -> LexicalRouter:
    """The router over these skills."""
    known = pytestconfig.stash[GOLDEN].skill_names
    return LexicalRouter(list(checkout.values()), known, pytestconfig.getoption("--demo-temperature"))


@pytest.fixture(scope="session")
def chance(pytestconfig: pytest.Config) -> Callable[[str], random.Random]:
    """A generator for a case: the same for the same commit, run and case, in whatever process it runs."""
    commit, run = pytestconfig.getoption("--demo-commit"), pytestconfig.getoption("--demo-run")
    return lambda case: random.Random(f"{commit}/{run}/{case}")  # noqa: S311 - a choice, no secret


@pytest.fixture
def note(pytestconfig: pytest.Config) -> Callable[[str, str | None], None]:
    """Writes an answer to the router's own notebook, if there is one."""
    path = pytestconfig.getoption("--demo-answers")
    commit, run = pytestconfig.getoption("--demo-commit"), pytestconfig.getoption("--demo-run")

    def write(case: str, answer: str | None) -> None:
        if path is not None:
            answers.append(path, answers.WrittenAnswer(commit, run, case, answer))

    return write
