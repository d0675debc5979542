"""Which change moved which series: the statistics, which know nothing of stores, repositories or clocks."""

from gnomon_analysis.statistics.locating import locate

__all__ = ["locate"]
