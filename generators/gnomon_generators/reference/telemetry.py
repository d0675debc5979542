"""`docs/telemetry.md`: the registry as a page to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from gnomon.registry import attributes as a
from gnomon.registry import events, metrics, resources, spans
from gnomon.registry.attribute import Attribute, Source
from gnomon.registry.model import Counting, Event, Metric, Resource, Span
from gnomon.registry.prometheus import label_of, name_of, series_names
from gnomon.registry.sources import GNOMON
from gnomon_generators import promql
from gnomon_generators.document import MARK, Document
from gnomon_generators.reference.markdown import block, code, codes, table

PATH = PurePosixPath("telemetry.md")

_INTRODUCTION = """\
# Telemetry

Every metric, span, event and attribute that Gnomon writes, from its registry (`gnomon.registry`). Where
OpenTelemetry has a name today it is used; our own names stand under `gnomon.`, except those that were
promised before (marked *contract*). The same tables as an OpenTelemetry registry: [registry/](registry/).
"""
_STABILITY = """\
Stability uses OpenTelemetry's words. *stable*: the name stays. *release_candidate*: it stays unless something
is found wrong with it. *development*: it may change with the convention that it comes from; Gnomon's
changelog says so when it does.
"""
_PROMETHEUS = """\
Names in Prometheus are computed from the OpenTelemetry ones by the published translation: dots become
underscores, the unit becomes a suffix (`s` → `_seconds`, `%` → `_percent`), counters end in `_total`, counts
of things (`{test}`, `{USD}`) add nothing. A histogram has the series `_bucket`, `_sum` and `_count`.
"""
_HEADINGS: dict[Counting, tuple[str, str]] = {
    "run_point": (
        "Run points",
        "One sample a run and label set, stamped with the run's end, written by the one process that sees "
        "all results; the value is that run's alone and never grows from run to run. The total over a "
        "window is the sum of its samples, exactly, however short the runs and however late a sample came. "
        "`increase()` and `rate()` are wrong here: they look for growth. A bare name shows a sample for "
        "five minutes only, so every expression takes a range.",
    ),
    "ledger": (
        "Ledger",
        "Totals over all runs in the results store, exposed by `gnomon metrics`. They only grow, start where "
        "they stopped, and expose their zeros, so the value now less the value then is the exact total "
        "between. Boards of Gnomon read run points; the ledger is for those who query these names.",
    ),
    "counter": (
        "Counters of services",
        "Ordinary counters of long-running services. `increase()` is right up to the percent or so by which "
        "it estimates what happened at the window's ends.",
    ),
    "histogram": (
        "Histograms of services",
        "Ordinary histograms of long-running services.",
    ),
    "gauge": ("Gauges of services", "Levels, read as they stand."),
}

_SPANS_BY_ID = {row.id: row for row in spans.ALL}


def documents() -> tuple[Document, ...]:
    """The page, one document."""
    return (Document(PATH, _page()),)


def _page() -> str:
    parts = [
        f"<!-- {MARK} from the registry in instrumentation/gnomon/registry: edit that. -->\n",
        _INTRODUCTION,
        _contents(),
        "## Metrics\n",
        _PROMETHEUS,
        _STABILITY,
        _accuracy(),
        *(_metrics_counted(counting) for counting in _HEADINGS),
        "## Spans\n",
        _span_tree(),
        *(_span(row) for row in spans.ALL),
        "## Events\n",
        *(_event(row) for row in events.ALL),
        "## Resources\n",
        *(_resource(row) for row in resources.ALL),
        "## Attributes\n",
        "What may hold a person's or a customer's words is marked *content* and recorded on request only. "
        "An attribute with values or a bound may label a metric; no other may.\n",
        *(_attributes_of(source) for source in _sources()),
        "## Conventions\n",
        _conventions(),
    ]
    return "\n".join(parts)


def _contents() -> str:
    return (
        "- [Metrics](#metrics): "
        + ", ".join(
            f"[{heading.lower()}](#{_anchor(heading)})"
            for counting, (heading, _) in _HEADINGS.items()
            if _counted(counting)
        )
        + "\n- [Spans](#spans)\n- [Events](#events)\n- [Resources](#resources)\n- [Attributes](#attributes)\n"
        "- [Conventions](#conventions)\n"
    )


def _accuracy() -> str:
    verdicts = metrics.GNOMON_RUN_ROUTING_VERDICTS
    routing = promql.percent(
        promql.total(verdicts, where={a.GNOMON_ROUTING_CORRECT: True}), promql.total(verdicts)
    )
    tool_use = promql.percent(
        promql.total(metrics.GNOMON_RUN_TOOL_USE_MATCHED), promql.total(metrics.GNOMON_RUN_TOOL_USE_EXPECTED)
    )
    return (
        "### Accuracy over a window\n\n"
        "The accuracies in percent are those of single runs. Over a window, divide sums, so that every "
        "answer weighs the same; tests without an answer count neither as right nor as wrong "
        f"({code(metrics.GNOMON_RUN_ROUTING_UNANSWERED.name)} counts them). Where none was right there is no "
        "series of right ones: `or 0 *` makes that 0 %, not nothing.\n\n"
        + block("promql", f"# routing\n{routing}\n\n# tool use\n{tool_use}")
    )


# --- metrics ---------------------------------------------------------------------------------------


def _counted(counting: Counting) -> list[Metric]:
    return [row for row in metrics.ALL if row.counting == counting]


def _metrics_counted(counting: Counting) -> str:
    rows = _counted(counting)
    if not rows:
        return ""
    heading, explanation = _HEADINGS[counting]
    overview = table(
        ("metric", "in Prometheus", "unit", "meaning"),
        (
            (f"[{code(row.name)}](#{_anchor(row.name)})", code(name_of(row)), code(row.unit), row.brief)
            for row in rows
        ),
    )
    shared = [row for row in rows[0].attributes if all(row in other.attributes for other in rows)]
    common = f"Labels that all of them have:\n\n{_labels(rows[0], shared)}\n" if shared else ""
    return f"### {heading}\n\n{explanation}\n\n{common}{overview}\n" + "\n".join(
        _metric(row, [label for label in row.attributes if label not in shared]) for row in rows
    )


def _metric(row: Metric, own_labels: Sequence[Attribute]) -> str:
    """A metric's section; the labels that all of its kind share are named above it."""
    facts = [
        f"{row.instrument}, unit {code(row.unit)}, {row.stability}" + (", *contract*" if row.seed else ""),
        _from(row.source),
        f"series {codes(series_names(row))}",
    ]
    if row.buckets:
        facts.append(f"upper bounds of the buckets: {', '.join(f'{bound:g}' for bound in row.buckets)}")
    return (
        f"#### {code(row.name)}\n\n{row.brief}\n\n"
        + "".join(f"- {fact}\n" for fact in facts)
        + (f"\n{_labels(row, own_labels)}" if own_labels else "")
        + "\n"
        + block("promql", _expressions(row))
    )


def _labels(row: Metric, shown: Iterable[Attribute]) -> str:
    return table(
        ("label", "attribute", "always there", "values"),
        (
            (
                code(label_of(attribute)),
                code(attribute.name),
                "yes" if attribute in row.required else "when known",
                _bound(attribute, row),
            )
            for attribute in shown
        ),
    )


def _expressions(row: Metric) -> str:
    if not row.additive or row.counting == "gauge":
        return f"{promql.latest(row)}  # newest value"
    lines = [f"{promql.total(row)}  # total over the window"]
    if row.instrument == "histogram":
        lines = [
            f"{promql.quantile(row, 0.95)}  # 95th percentile",
            f"{promql.histogram_sum(row)}  # sum",
            f"{promql.total(row)}  # number of observations",
        ]
    return "\n".join(lines)


def _bound(attribute: Attribute, row: Metric) -> str:
    """What the attribute may say; on OpenTelemetry's own token metric only its own two kinds."""
    if row is metrics.GEN_AI_CLIENT_TOKEN_USAGE and attribute is a.GEN_AI_TOKEN_TYPE:
        return codes(("input", "output"))
    told = row.values_of(attribute)
    return attribute.bounded_by if told is None else codes(told)


# --- spans, events, resources ----------------------------------------------------------------------


def _span_tree() -> str:
    """The spans as a tree: each kind under its first parent, equals on one line."""
    below = {
        row.id: frozenset(other.id for other in spans.ALL if row.id in other.parents) for row in spans.ALL
    }
    together: dict[tuple[tuple[str, ...], frozenset[str]], list[Span]] = {}
    for row in spans.ALL:
        together.setdefault((row.parents, below[row.id]), []).append(row)

    def lines(parents: set[str], depth: int) -> Iterable[str]:
        for rows in together.values():
            first_parent = next((parent for parent in rows[0].parents if parent != rows[0].id), "")
            if first_parent in parents:
                yield f"{'  ' * depth}{'  |  '.join(row.name for row in rows)}"
                yield from lines({row.id for row in rows}, depth + 1)

    return (
        "One trace a run. A service's trace begins with whatever span the host has, or with the agent's or "
        "workflow's. Each kind of span stands here under one of its parents; its own section names all.\n\n"
        + block("text", "\n".join(lines({""}, 0)))
    )


def _span(row: Span) -> str:
    parents = [_SPANS_BY_ID[parent].name for parent in row.parents]
    facts = [
        f"{row.id}, kind {row.kind}, {row.stability}",
        _from(row.source),
        f"under {codes(parents)}" if parents else "root of its trace",
    ]
    if row.events:
        facts.append(f"events {codes(event.name for event in row.events)}")
    return (
        f"### {code(row.name)}\n\n{row.brief}\n\n"
        + "".join(f"- {fact}\n" for fact in facts)
        + "\n"
        + _attribute_uses(row.required, row.optional)
    )


def _event(row: Event) -> str:
    return (
        f"### {code(row.name)}\n\n{row.brief}\n\n- {row.stability}\n- {_from(row.source)}\n\n"
        + _attribute_uses(row.required, row.optional)
    )


def _resource(row: Resource) -> str:
    return f"### {code(row.id)}\n\n{row.brief}\n\n" + _attribute_uses(row.required, row.optional)


def _attribute_uses(required: Sequence[Attribute], optional: Sequence[Attribute]) -> str:
    return table(
        ("attribute", "type", "always there", "meaning"),
        (
            (code(row.name), row.type, "yes" if row in required else _when(row), row.brief)
            for row in (*required, *optional)
        ),
    )


def _when(row: Attribute) -> str:
    return "on request" if row.content else "when known"


# --- attributes and conventions --------------------------------------------------------------------


def _sources() -> list[Source]:
    """The conventions in the order in which their names first appear, ours first."""
    found = dict.fromkeys(row.source for row in a.ALL if row.source is not None)
    return sorted(found, key=lambda source: source is not GNOMON)


def _attributes_of(source: Source) -> str:
    return f"### From {source}\n\n" + table(
        ("attribute", "type", "stability", "meaning", "values or examples"),
        (
            (
                code(row.name),
                row.type + (", *content*" if row.content else ""),
                row.stability,
                row.brief,
                _values(row),
            )
            for row in a.ALL
            if row.source is source
        ),
    )


def _values(row: Attribute) -> str:
    if row.values is not None:
        return f"one of {codes(row.values)}"
    examples = ", ".join(code(_shown(example)) for example in row.examples[:4])
    bound = f"bound: {row.bounded_by}" if row.bounded_by else ""
    return "; ".join(part for part in (examples, bound) if part)


def _shown(example: str | int | float | bool | tuple[str, ...]) -> str:
    if isinstance(example, tuple):
        return "[" + ", ".join(f'"{item}"' for item in example) + "]"
    if isinstance(example, bool):
        return str(example).lower()
    return '""' if example == "" else str(example)


def _conventions() -> str:
    return table(
        ("convention", "version", "where"),
        ((source.name, source.version or "-", source.url or "this page") for source in _sources()),
    )


def _from(source: Source | None) -> str:
    return f"from {source}"


def _anchor(heading: str) -> str:
    """The anchor that Markdown renderers give a heading."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")
