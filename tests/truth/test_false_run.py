"""What nobody ran is told of. On a stage of its own: its Prometheus is wrong from then on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.truth.parts import eventually
from tests.truth.planted_suite import plans
from tests.truth.stage import Played, played_on


@pytest.fixture
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with played_on(tmp_path_factory.mktemp("stage"), plans(9, 90, 4)) as found:
        yield found


def test_a_false_run_is_noticed(played: Played) -> None:
    """Points of a run that nobody ran make a difference, and are named."""
    project, address = played.stage.apart, played.stage.prometheus.address
    asked = ("reconcile", "--from", "-1h", "--prometheus", address, "--environment", "staging", "--json")
    before = json.loads(project.gnomon(*asked).stdout)["report"]
    line = next(project.spool.glob("*.metrics.jsonl.sent")).read_text()
    # The same run again, a second and a millisecond later.
    at = next(part for part in line.split('"') if part.isdigit() and len(part) == 19)
    (project.spool / "false.metrics.jsonl").write_text(line.replace(at, str(int(at) + 1_001_000_000)))
    assert project.gnomon("spool", "replay", "--endpoint", played.stage.collector.endpoint).status == 0
    eventually(
        lambda: len(json.loads(project.gnomon(*asked).stdout)["report"]["unknown"]) > len(before["unknown"])
    )
