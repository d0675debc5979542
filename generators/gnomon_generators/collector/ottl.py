"""Statements and conditions in the Collector's transformation language that follow from the registry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from gnomon.registry import attributes as a
from gnomon.registry import metrics, spans
from gnomon.registry.attribute import Attribute
from gnomon.settings import Settings
from gnomon_generators.collector.processors import Statements

_RUN_POINTS: Final = "gnomon.run."
_IN_BRACES: Final = re.compile(r"\{([^}]+)\}")
# What `capture.failure_messages` lets through; everything else needs `capture.content`.
_MESSAGES: Final = (a.GNOMON_TEST_MESSAGE, a.EXCEPTION_MESSAGE, a.EXCEPTION_STACKTRACE)


def without_content(settings: Settings) -> tuple[Statements, ...]:
    """Statements that remove a person's or a customer's words from spans and their events.

    What the settings let a process record is let through here too; anything else was sent by somebody
    who does not know the settings.
    """
    capture = settings.capture
    removed = [
        row
        for row in a.ALL
        if row.content and not (capture.failure_messages if row in _MESSAGES else capture.content)
    ]
    if not removed:
        return ()
    return (
        Statements("span", tuple(f"delete_key(span.attributes, {_quoted(row.name)})" for row in removed)),
        Statements(
            "spanevent", tuple(f"delete_key(spanevent.attributes, {_quoted(row.name)})" for row in removed)
        ),
    )


def bounded_span_names() -> Statements:
    """Statements that cut from names of spans what labels no metric of a service, such as the id of a test.

    The name of a span is a label of span metrics, so it must be made of what is a label elsewhere too.
    """
    labels = {
        row.name
        for metric in metrics.ALL
        if metric.counting in ("counter", "histogram")
        for row in metric.attributes
    }
    unbounded = [row.name for row in spans.ALL if not labels.issuperset(_IN_BRACES.findall(row.name))]
    pairs = ((_quoted(_fixed_part(name)), _quoted(_pattern(name))) for name in unbounded)
    return Statements(
        "span",
        tuple(f"set(span.name, {fixed}) where IsMatch(span.name, {pattern})" for fixed, pattern in pairs),
    )


def is_run_point() -> str:
    """The condition that a metric is a run point: sent once a run, with the run's end as its time."""
    names = [row.name for row in metrics.ALL if row.counting == "run_point"]
    if all(row.counting == "run_point" for row in metrics.ALL if row.name.startswith(_RUN_POINTS)):
        names = [_RUN_POINTS, *(f"{name}$" for name in names if not name.startswith(_RUN_POINTS))]
    else:
        names = [f"{name}$" for name in names]
    pattern = "|".join(name.replace(".", r"\.") for name in names)
    return f"IsMatch(metric.name, {_quoted(f'^({pattern})')})"


def only_these(rows: Iterable[Attribute]) -> Statements:
    """The statement that leaves a resource these attributes alone."""
    names = ", ".join(_quoted(row.name) for row in rows)
    return Statements("resource", (f"keep_keys(resource.attributes, [{names}])",))


def from_the_resource(rows: Iterable[Attribute]) -> Statements:
    """Statements that give every metric point these attributes of its resource, where it has none itself."""
    return Statements(
        "datapoint",
        tuple(
            f"set(datapoint.attributes[{name}], resource.attributes[{name}]) "
            f"where datapoint.attributes[{name}] == nil and resource.attributes[{name}] != nil"
            for name in (_quoted(row.name) for row in rows)
        ),
    )


def _fixed_part(name: str) -> str:
    """What is left of a span's name without the parts in braces."""
    return _IN_BRACES.sub("", name).strip(" _")


def _pattern(name: str) -> str:
    escaped = re.escape(_IN_BRACES.sub("\0", name)).replace(re.escape("\0"), ".+")
    return f"^{escaped}$"


def _quoted(text: str) -> str:
    """A string of the language, which escapes as JSON does."""
    return json.dumps(text, ensure_ascii=False)
