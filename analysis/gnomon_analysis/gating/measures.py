"""What the gate looks at: each metric, what a test says of it, and how much worse it may get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gnomon.settings.model import Gate
from gnomon_analysis.store import ResultRow
from gnomon_analysis.store.rows import FAILING


class Form(StrEnum):
    """How two sides of a metric are compared.

    A `SHARE` by the difference of the shares, a `TOTAL` by the ratio of the means (which is what is paid),
    a `TYPICAL` by the ratio of the geometric means, so that one slow test does not speak for all.
    """

    SHARE = "share"
    TOTAL = "total"
    TYPICAL = "typical"


class Value(NamedTuple):
    """What one test of one run says: a share of `weight` things, or an amount (`weight` 1)."""

    value: float
    weight: float = 1.0


Reading = Callable[[ResultRow], Value | None]


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric. `limit` gives the largest loss that the settings let pass; without it nothing is decided.

    Losses of shares are fractions of 1, those of amounts relative rises (0.1 for a tenth more). `otherwise`
    reads something that says nearly the same, where `read` finds nothing on one of the sides.
    """

    name: str
    title: str
    unit: str
    form: Form
    more_is_better: bool
    read: Reading
    otherwise: Reading | None = None
    limit: Callable[[Gate], float] | None = None


def is_good(result: ResultRow) -> bool | None:
    """Whether a test speaks for what was tested: its verdict, else whether it passed; None: neither."""
    return result.correct if result.correct is not None else _passed(result)


def _passed(result: ResultRow) -> bool | None:
    if result.outcome == "passed":
        return True
    return False if result.outcome in FAILING else None


def _flag(flag: bool | None) -> Value | None:
    return None if flag is None else Value(float(flag))


def _tools(result: ResultRow) -> Value | None:
    if not result.tools_expected:
        return None
    return Value((result.tools_matched or 0) / result.tools_expected, result.tools_expected)


def _asked_needlessly(result: ResultRow) -> Value | None:
    return _flag(result.clarification_asked) if result.clarification_expected is False else None


def _amount(amount: float | None) -> Value | None:
    return None if amount is None else Value(amount)


def _cost(result: ResultRow) -> Value | None:
    # A sum that leaves calls out is no cost.
    return None if not result.calls.calls or result.calls.unpriced else _amount(result.calls.cost_usd)


def _tokens(result: ResultRow) -> Value | None:
    calls = result.calls
    return _amount(calls.input_tokens + calls.output_tokens) if calls.calls else None


def _api_latency(result: ResultRow) -> Value | None:
    return _amount(result.calls.api_latency) if result.calls.calls and result.calls.api_latency > 0 else None


def _duration(result: ResultRow) -> Value | None:
    seconds = result.own_duration
    return _amount(seconds) if _passed(result) is not None and seconds is not None and seconds > 0 else None


def _drop(gate: Gate) -> float:
    return gate.accuracy_drop_points / 100


MEASURES: tuple[Measure, ...] = (
    Measure(
        name="routing_accuracy",
        title="routing accuracy",
        unit="%",
        form=Form.SHARE,
        more_is_better=True,
        read=lambda result: _flag(result.correct),
        limit=_drop,
    ),
    Measure(
        name="pass_rate",
        title="pass rate",
        unit="%",
        form=Form.SHARE,
        more_is_better=True,
        read=lambda result: _flag(_passed(result)),
        limit=_drop,
    ),
    Measure(
        name="tool_use_accuracy",
        title="tool use",
        unit="%",
        form=Form.SHARE,
        more_is_better=True,
        read=_tools,
        limit=_drop,
    ),
    Measure(
        name="clarification_rate",
        title="needless questions",
        unit="%",
        form=Form.SHARE,
        more_is_better=False,
        read=_asked_needlessly,
    ),
    Measure(
        name="cost",
        title="cost a test",
        unit="USD",
        form=Form.TOTAL,
        more_is_better=False,
        read=_cost,
        limit=lambda gate: gate.cost_rise_percent / 100,
    ),
    Measure(
        name="latency",
        title="latency a test",
        unit="s",
        form=Form.TYPICAL,
        more_is_better=False,
        # The time that models took, without the pauses before retries.
        read=_api_latency,
        otherwise=_duration,
        limit=lambda gate: gate.latency_rise_percent / 100,
    ),
    Measure(
        name="tokens",
        title="tokens a test",
        unit="{token}",
        form=Form.TOTAL,
        more_is_better=False,
        read=_tokens,
    ),
)
