"""What the buckets of a histogram measure."""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.registry import metrics
from gnomon.registry.prometheus import name_of
from gnomon_generators.vocabulary.description import series_in
from gnomon_generators.vocabulary.queries import PROMETHEUS, Query

_SUFFIX = "_bucket"


def bucket_unit(queries: Sequence[Query]) -> str:
    """The unit of the bounds of a histogram's buckets; empty when no query reads one of the registry's.

    The expression's own unit is that of the counts in them.
    """
    histograms = (metric for metric in metrics.ALL if metric.instrument == "histogram")
    units = {name_of(metric) + _SUFFIX: metric.unit for metric in histograms}
    read = (name for query in queries if query.source == PROMETHEUS for name in series_in(query.text))
    return next((units[name] for name in read if name in units), "")
