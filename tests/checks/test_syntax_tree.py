"""Expressions are parsed with Grafana's variables in them, and every part keeps its place."""

from __future__ import annotations

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon_generators.checks.syntax.nodes import (
    Aggregation,
    Binary,
    Call,
    Node,
    Number,
    Range,
    Selector,
    Subquery,
    bare,
)
from gnomon_generators.checks.syntax.parsing import parse

names = st.sampled_from(["up", "job:errors:ratio", "http_requests_total", "x"])
labels = st.sampled_from(["job", "le", "code"])
durations = st.sampled_from(["5m", "1h30m", "59999ms", "1d"])
matchers = st.lists(
    st.builds(
        "{}{}{}".format,
        labels,
        st.sampled_from(["=", "!=", " =~ ", "!~"]),
        st.sampled_from(['"a"', '"a|b"', "'{}'", '"\\\\d+ # no comment"', "`[)]`"]),
    ),
    max_size=3,
).map(lambda found: f"{{{', '.join(found)}}}" if found else "")
selectors = st.builds("{}{}".format, names, matchers)
shifts = st.sampled_from(["", " offset 5m", " offset -1h", " @ end()", " @ 12.5 offset 1m"])
clauses = st.builds(
    "{} ({})".format, st.sampled_from(["by", "without"]), st.lists(labels, max_size=2).map(", ".join)
)


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "and", "or", "> bool", "== on (job) group_left (code)"])
    return st.one_of(
        st.builds("({})".format, inner),
        st.builds("-{}".format, inner),
        st.builds("sum {} ({})".format, clauses, inner),
        st.builds("sum({}) {}".format, inner, clauses),
        st.builds("topk(3, {})".format, inner),
        st.builds("clamp({}, 0, 1e3)".format, inner),
        st.builds("histogram_quantile(0.9, {})".format, inner),
        st.builds("max_over_time(({})[{}:1m]{})".format, inner, durations, shifts),
        st.builds("({}) {} ({})".format, inner, operators, inner),
        st.builds("{}\n  # why\n  + {}".format, inner, inner),
    )


vectors = st.recursive(
    st.one_of(
        st.builds("{}{}".format, selectors, shifts),
        st.builds("rate({}[{}]{})".format, selectors, durations, shifts),
    ),
    _compound,
    max_leaves=6,
)


def _parts(node: Node) -> list[Node]:
    """The parts that can stand alone."""
    return [inner for inner in node.walk() if isinstance(inner, Aggregation | Call | Selector | Subquery)]


@given(vectors)
def test_every_part_is_its_own_text(text: str) -> None:
    """Cut out by its place, each call, aggregation, selector and subquery is what it is in the whole."""
    parsed = parse(text)
    assert parsed.root is not None, (text, parsed.error)
    assert promql_parser.parse(parsed.of(parsed.root.span)).prettify() == promql_parser.parse(text).prettify()
    for node in _parts(parsed.root):
        again = parse(parsed.of(node.span)).root
        assert again is not None, parsed.of(node.span)
        assert type(bare(again)) is type(node)
        assert [type(inner) for inner in again.walk()] == [type(inner) for inner in node.walk()]


@given(vectors, st.sampled_from(["$suite", "${suite:regex}", "[[suite]]"]))
def test_a_variable_moves_nothing(text: str, variable: str) -> None:
    """A variable in front of an expression shifts every place by its own length and changes nothing else."""
    plain = parse(text).root
    prefix = f'up{{job=~"{variable}"}} + ('
    whole = parse(f"{prefix}{text})").root
    assert plain is not None
    assert isinstance(whole, Binary)
    inner = bare(whole.right)
    assert inner.span == (bare(plain).span[0] + len(prefix), bare(plain).span[1] + len(prefix))


@pytest.mark.parametrize(
    ("text", "seconds", "variable"),
    [
        ("rate(x[5m])", 300.0, None),
        ("rate(x[$__rate_interval])", None, "__rate_interval"),
        ("rate(x[${__interval}])", None, "__interval"),
        ("increase(x[${__range_s}s])", None, "__range_s"),
        ("increase(x[[[window]]])", None, None),
    ],
)
def test_windows_say_what_they_are(text: str, seconds: float | None, variable: str | None) -> None:
    """A window has its length in seconds, or the name of the variable that says it."""
    call = parse(text).root
    if isinstance(call, Call):
        window = call.arguments[0]
        assert isinstance(window, Range)
        assert window.window.seconds == seconds
        assert variable is None or (window.window.variable or "").startswith(variable)


@pytest.mark.parametrize(
    "text",
    [
        "topk($count, up)",
        "up > $limit",
        "$aggregation(up)",
        "sum by ($label) (up)",
        "${metric}_total",
        '${metric:raw}{job="$job"}',
        "up offset $back",
        'sum(up{$label="a", ${filters}})',
        "up * $__range_s / $__interval_ms",
        "quantile by (job) ($share, up)",
        'label_replace(up, "a", "$1", "job", "(.*)")',
    ],
)
def test_variables_may_stand_anywhere(text: str) -> None:
    """Numbers, labels, names, durations, functions and whole matchers may be variables."""
    assert parse(text).root is not None, parse(text).error


def test_a_number_that_varies_is_not_known() -> None:
    """What stands in for a variable is not taken for its value."""
    comparison = parse("up > $limit").root
    assert isinstance(comparison, Binary)
    assert isinstance(comparison.right, Number)
    assert comparison.right.value is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("rate(up)", "rate"),
        ("sum(up{)", ")"),
        ("sum(rate(up[5m])", "(rate(up[5m])"),
        ("nosuch(up)", "nosuch"),
        ('up{job="a}', '"a}'),
        ('up{job=~"a(b"}', "a(b"),
    ],
)
def test_a_mistake_is_marked(text: str, part: str) -> None:
    """Of an expression that does not parse the part that is to blame is marked, where that can be told."""
    parsed = parse(text)
    assert parsed.root is None
    assert parsed.of(parsed.error_span) == part
    assert parsed.error


def test_only_grafana_knows_variables() -> None:
    """In a rule a variable is a mistake, and it is what is marked."""
    parsed = parse('rate(up{job="$1"}[$__range])', in_grafana=False)
    assert parsed.root is None
    assert parsed.of(parsed.error_span) == "$__range"
