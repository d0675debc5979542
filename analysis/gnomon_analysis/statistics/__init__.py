"""Which change moved which series: the statistics, which know nothing of stores, repositories or clocks."""
