"""Every kind of fault is found where it was planted, once, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnomon import settings
from gnomon_generators.checks.finding import Finding
from gnomon_generators.checks.loading import load_tree
from gnomon_generators.checks.runner import run
from tests.checks.programs import missing_program
from tests.checks.seeded import SEEDS, Found, Seed, copied
from tests.checks.seeded_queries import QUERIES

# Those that need certain words in a query choose their panels first.
ALL = (*QUERIES, *SEEDS)
Planted = dict[str, Found]


def _findings(folder: Path) -> tuple[Finding, ...]:
    return run(load_tree(settings.load(start=folder, environ={}))).findings


def _said(finding: Finding) -> tuple[str, str, str, str]:
    """What a finding says, without the line, which planting moves."""
    return finding.check, finding.path.as_posix(), str(finding.where), finding.message


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Planted, list[Finding]]:
    """The places of all faults, planted in one copy, and what is found there and not in an untouched one."""
    untouched = tmp_path_factory.mktemp("untouched")
    copied(untouched).write()
    before = {_said(finding) for finding in _findings(untouched)}
    seeded = tmp_path_factory.mktemp("seeded")
    copy = copied(seeded)
    places = {seed.check: seed.plant(copy) for seed in ALL}
    copy.write()
    return places, [finding for finding in _findings(seeded) if _said(finding) not in before]


@pytest.mark.parametrize("seed", ALL, ids=str)
def test_a_planted_fault_is_found_once(seed: Seed, planted: tuple[Planted, list[Finding]]) -> None:
    """The check that knows the kind reports it, in the file and panel or rule where it is, and once."""
    if reason := missing_program(seed.check):
        pytest.skip(reason)
    places, findings = planted
    found = [finding for finding in findings if finding.check == seed.check]
    assert len(found) == 1, found
    assert places[seed.check].is_place_of(found[0]), found


def test_nothing_else_is_found(planted: tuple[Planted, list[Finding]]) -> None:
    """No fault is told twice by two checks, and what was not touched raises no alarm."""
    places, findings = planted
    assert [_said(one) for one in findings if one.check not in places] == []


def test_the_faults_are_of_forty_kinds_and_more() -> None:
    """Each fault is of a kind of its own."""
    assert len({seed.check for seed in ALL}) == len(ALL) >= 40
