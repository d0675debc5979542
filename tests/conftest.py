"""What holds for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.store.postgres import postgres_server

# One server for all: imported elsewhere, it would be another one, which runs to the end of the session.
__all__ = ["postgres_server"]

# How long something takes says more of the machine than of Gnomon: see benchmarks/.
settings.register_profile("gnomon", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gnomon")
