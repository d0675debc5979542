"""Whether Prometheus says of the runs of a time range what the results store says of them.

with open_store(settings) as store:
    report = reconcile(store, Prometheus("http://localhost:9090"), Range(begin, end))
"""

from gnomon_analysis.reconcile.comparing import Difference, Report, reconcile
from gnomon_analysis.reconcile.prometheus import Access, Prometheus
from gnomon_analysis.reconcile.ranges import Range
from gnomon_analysis.reconcile.whereabouts import RunPointsOf

__all__ = ["Access", "Difference", "Prometheus", "Range", "Report", "RunPointsOf", "reconcile"]
