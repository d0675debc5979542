"""Attributes of traces that are written, by where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from gnomon.registry import resources, spans
from gnomon.registry.attribute import Attribute

INTRINSICS: Final = frozenset(
    {
        *("status", "statusMessage", "name", "duration", "kind", "childCount"),
        *("traceDuration", "rootName", "rootServiceName"),
        *("nestedSetLeft", "nestedSetRight", "nestedSetParent", "parent"),
        *("span:status", "span:statusMessage", "span:name", "span:duration", "span:kind", "span:id"),
        *("span:parentID", "span:childCount"),
        *("trace:duration", "trace:rootName", "trace:rootService", "trace:id"),
        *("event:name", "event:timeSinceStart", "link:spanID", "link:traceID"),
        *("instrumentation:name", "instrumentation:version"),
    }
)
"""What Tempo 2.8 knows of every span without an attribute."""

# Words that may stand where a field may: options of `with (…)`, and names of its stages' results.
OPTIONS: Final = frozenset({"most_recent", "sample", "exemplars"})


@cache
def attributes() -> Mapping[str, Mapping[str, Attribute]]:
    """The attributes of the registry by scope and name."""
    return {
        "span": {row.name: row for span in spans.ALL for row in span.attributes},
        "resource": {row.name: row for resource in resources.ALL for row in resource.attributes},
        "event": {row.name: row for span in spans.ALL for event in span.events for row in event.attributes},
    }
