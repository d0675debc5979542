"""The same with the newest Prometheus and Alertmanager, as Go builds them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gnomon_generators.programs import Missing, find
from gnomon_generators.programs.built import Tool
from gnomon_generators.programs.module_built import WithoutPages
from tests.delivery import stack
from tests.delivery.planting import case_of
from tests.delivery.test_alerts import deliver

VARIABLE = "GNOMON_REQUIRE_UPSTREAM"


@pytest.fixture
def programs() -> stack.Programs:
    """Prometheus and Alertmanager of tools/go.mod, where they were built before.

    With GNOMON_REQUIRE_UPSTREAM=1 they are built, which takes minutes, and the test fails where they cannot.
    """
    prometheus, alertmanager = (find(name, ways=("go",)) for name in ("prometheus", "alertmanager"))
    required = os.environ.get(VARIABLE) == "1"
    if isinstance(alertmanager, WithoutPages) and isinstance(prometheus, Tool):
        if required or alertmanager.built:
            return stack.Programs(
                str(prometheus.executable()), str(alertmanager.executable()), webhook_address_in_file=True
            )
        pytest.skip(f"Alertmanager {alertmanager.known.version} was not built; {VARIABLE}=1 builds it")
    assert isinstance(alertmanager, Missing)
    if required:
        pytest.fail(str(alertmanager))
    pytest.skip(str(alertmanager))


@pytest.mark.parametrize("alert", ["RoutingAccuracyBelowSLO", "RoutingErrorBudgetBurnsFast"])
def test_the_newest_deliver_alike(alert: str, tmp_path: Path, programs: stack.Programs) -> None:
    """A warning and a critical alert come by every channel, the webhook's address from a file too."""
    deliver(case_of(alert), tmp_path / alert, programs)
