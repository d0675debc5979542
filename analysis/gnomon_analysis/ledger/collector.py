"""What `gnomon metrics` serves, read from the store when somebody asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from gnomon_analysis.ledger import changes, routing_tests
from gnomon_analysis.store import Store, schema
from gnomon_analysis.store.opening import reading


class Ledger(Collector):
    """A prometheus-client collector over a store.

    `refresh` is called before each reading, to bring pending files in; what it raises ends the scrape.
    """

    def __init__(self, store: Store, refresh: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._refresh = refresh
        self._lock = threading.Lock()
        self._read_at: Any = None
        self._tests: list[Family] = []

    def registry(self) -> CollectorRegistry:
        """A registry with nothing but the ledger."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return registry

    def describe(self) -> Iterable[Family]:
        """The families without samples."""
        return [*routing_tests.empty_families(), *changes.empty_families()]

    def collect(self) -> Iterable[Family]:
        """The families as the store is now; tests are counted again only when some came since."""
        with self._lock:
            self._refresh()
            with reading(self._store.engine) as connection:
                state = _state(connection)
                if state != self._read_at:
                    self._tests = list(routing_tests.families(connection))
                    self._read_at = state
                return [*self._tests, *changes.families(connection)]


def _state(connection: Connection) -> Any:
    """Changes whenever something of a run came, from a file or over the network."""
    files = schema.ingested_files.c
    return tuple(
        connection.execute(select(func.count(), func.max(files.ingested_ns), func.sum(files.size))).one()
    )
