"""Long expressions are laid out over lines without changing what they say."""

from __future__ import annotations

import promql_parser
from hypothesis import given
from hypothesis import strategies as st

from gnomon_generators.rules.layout import laid_out

leaves = st.sampled_from(
    ["up", 'errors{job="a (b", path=~"[)]"}', "rate(calls[5m] offset 1h)", "30", "a:b:c", "time()"]
)
operators = st.sampled_from([" + ", " - ", " * ", " / ", " > ", " == "])
sets = st.sampled_from([" and ", " or ", " unless ", " and on (a) "])
expressions = st.recursive(
    leaves,
    lambda inner: (
        st.builds("({}){}({})".format, inner, operators, inner)
        | st.builds("sum by (a, b) ({})".format, inner)
        | st.builds("histogram_quantile(0.95, sum by (le) ({}))".format, inner)
        | st.builds("sum({}){}sum({})".format, inner, sets, inner)
    ),
    max_leaves=12,
)


@given(expressions, st.integers(10, 120))
def test_only_white_space_changes(text: str, width: int) -> None:
    """With its line breaks taken out the expression is the same, and it parses as the same."""
    written = laid_out(text, width)
    joined = "".join(written.split())
    assert joined == "".join(text.split())
    try:
        parsed = promql_parser.parse(text)
    except ValueError:
        return
    assert str(promql_parser.parse(written)) == str(parsed)


def test_short_ones_stay_on_a_line() -> None:
    """What fits into the width is one line."""
    assert laid_out("sum(rate(x[5m])) / sum(rate(y[5m]))", 100) == "sum(rate(x[5m])) / sum(rate(y[5m]))"


def test_long_ones_show_their_parts() -> None:
    """Operators begin lines, a number keeps its factor, what is aggregated is indented."""
    text = (
        "100 * (sum by (skill) (rate(right[5m])) or 0 * sum by (skill) (rate(everything[5m]))) / (x > 0) < 85"
    )
    assert laid_out(text, 40) == (
        "100 * (\n"
        "  sum by (skill) (rate(right[5m]))\n"
        "  or 0 * sum by (skill) (\n"
        "    rate(everything[5m])\n"
        "  )\n"
        ")\n"
        "/ (x > 0)\n"
        "< 85"
    )
