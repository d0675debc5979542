"""What the schema refuses in a dashboard, worked out once for the checks that ask."""

from __future__ import annotations

from functools import lru_cache

from gnomon_generators.checks.dashboard.shapes import Shape, explains, old_shapes
from gnomon_generators.checks.schema import Fault, is_data_source, schema_faults
from gnomon_generators.checks.subjects import DashboardFile


@lru_cache(maxsize=64)
def shapes_of(dashboard: DashboardFile) -> tuple[Shape, ...]:
    """The dashboard's old shapes."""
    return tuple(old_shapes(dashboard.document))


@lru_cache(maxsize=64)
def unexplained_faults(dashboard: DashboardFile) -> tuple[Fault, ...]:
    """The schema's faults but for those of which an old shape, or a data source as text, is the reason."""
    return tuple(
        fault
        for fault in schema_faults(dashboard.document)
        if not explains(shapes_of(dashboard), fault.path) and not is_data_source(fault.path)
    )
