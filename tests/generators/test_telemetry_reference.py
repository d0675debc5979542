"""The reference page says everything, and its links, tables and expressions hold."""

from __future__ import annotations

import re

from gnomon.registry import attributes, events, lookup, metrics, spans
from gnomon.registry.prometheus import series_names
from gnomon_generators.reference import telemetry

PAGE = telemetry.documents()[0].text


def test_every_row_is_on_the_page() -> None:
    """Each metric, series, span, event and attribute is named and explained."""
    for metric in metrics.ALL:
        assert f"#### `{metric.name}`\n\n{metric.brief}\n" in PAGE
        assert all(f"`{series}`" in PAGE for series in series_names(metric))
    for span in spans.ALL:
        assert f"### `{span.name}`\n\n{span.brief}\n" in PAGE
    for event in events.ALL:
        assert f"### `{event.name}`\n\n{event.brief}\n" in PAGE
    for attribute in attributes.ALL:
        assert re.search(rf"^\| `{re.escape(attribute.name)}` \| .*{attribute.stability}", PAGE, re.MULTILINE)
        assert all(f"`{value}`" in PAGE for value in attribute.values or ())


def test_links_lead_to_headings() -> None:
    """Every link within the page has its heading."""
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = set(re.findall(r"\]\(#([^)]*)\)", PAGE))
    assert len(links) > len(metrics.ALL)
    assert links <= anchors


def test_tables_are_rectangular() -> None:
    """Every row of a table has as many cells as its head."""
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(widths) == 1, table


def test_expressions_name_only_metrics_of_the_registry() -> None:
    """Whatever an expression reads is a series of the registry."""
    blocks = "\n".join(re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL))
    # A level is read as it stands, everything else over a window.
    read = set(re.findall(r"\(([a-z_]+)(?:\{[^}]*\})?\[", blocks))
    read |= set(re.findall(r"^max\(([a-z_]+)\)", blocks, re.MULTILINE))
    assert {lookup.prometheus_metric(name) for name in read} == set(metrics.ALL)


def test_the_spans_form_a_tree() -> None:
    """Each kind of span stands exactly once in the tree, a test under its run, a call under its agent."""
    tree = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert tree
    lines = tree.group(1).splitlines()
    for span in spans.ALL:
        found = [line for line in lines if span.name in re.split(r"  \|  ", line.strip())]
        assert len(found) == 1, span.name
    depth = {line.strip(): len(line) - len(line.lstrip()) for line in lines}
    assert depth["test_run"] == 0
    assert depth["test_worker"] == depth["test_case  |  routing_test_{gnomon.test.case.id}"] == 2
    assert depth["{gen_ai.operation.name} {gen_ai.request.model}"] > depth["invoke_agent {gen_ai.agent.name}"]
