"""What kinds of panels there are."""

from __future__ import annotations

from typing import Final

WITHOUT_QUERIES: Final = frozenset(
    {"row", "text", "news", "dashlist", "alertlist", "annolist", "welcome", "gettingstarted", "pluginlist"}
)
"""Panels that ask no data source."""

WITHOUT_NUMBERS: Final = WITHOUT_QUERIES | {"logs", "traces", "nodeGraph", "canvas", "flamegraph", "geomap"}
"""Panels whose content is no number with a unit, or has units of its own."""
