"""Burn rates: windows and factors as published, pairs that cannot alert refused."""

from __future__ import annotations

import pytest

from gnomon.errors import UserError
from gnomon.registry import attributes as a
from gnomon_generators import stack_metrics
from gnomon_generators.promql import Expr, Window, percent, ratio, total
from gnomon_generators.rules import BURNS, burning, reachable


def errors(window: Window) -> Expr:
    calls = stack_metrics.SPAN_CALLS
    failed = total(calls, window, where={stack_metrics.STATUS_CODE: "STATUS_CODE_ERROR"})
    return ratio(failed, total(calls, window))


def test_factors_are_the_published_ones() -> None:
    """Two per cent of a month's budget in an hour is 14.4 times the even pace, and so on."""
    assert [round(burn.factor(), 6) for burn in BURNS] == [14.4, 6, 3, 1]
    assert [round(burn.factor("28d"), 3) for burn in BURNS] == [13.44, 5.6, 2.8, 0.933]
    assert [burn.severity for burn in BURNS] == ["critical", "critical", "warning", "warning"]


def test_both_windows_must_burn() -> None:
    """The expression asks the long window whether it matters and the short one whether it goes on."""
    text = burning(errors, BURNS[0], 99.9).text
    assert text.count("[1h]") == text.count("[5m]") == 3
    assert text.count("> 0.0144") == 2
    assert ") and (" in text


def test_pairs_that_cannot_alert_are_refused() -> None:
    """At 90 % not even failing always burns fast enough for the first pair: it is named, or left out."""
    with pytest.raises(UserError, match=r"1h and 5m never alert at an objective of 90 %: 144% of errors"):
        burning(errors, BURNS[0], 90)
    assert reachable(90) == BURNS[1:]
    assert reachable(99.9) == BURNS
    with pytest.raises(UserError, match="no pair of windows can alert"):
        reachable(0.5, burns=BURNS[:1])
    with pytest.raises(UserError, match="leaves no budget"):
        BURNS[0].threshold(100)


def test_a_percentage_is_no_share() -> None:
    """A burn rate of a percentage would be a hundred times too high, so it is refused."""

    def wrong(window: Window) -> Expr:
        calls = total(stack_metrics.SPAN_CALLS, window, by=[a.GEN_AI_AGENT_NAME])
        return percent(calls, calls)

    with pytest.raises(UserError, match="a burn rate is of a share of 1"):
        burning(wrong, BURNS[0], 99.9)
