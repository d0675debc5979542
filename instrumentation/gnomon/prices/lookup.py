"""The prices that this process goes by: the table shipped with Gnomon and the user's own rows."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from gnomon.prices.table import UNKNOWN, Cost, Price, PriceTable, day_of
from gnomon.prices.usage import Usage

_SHIPPED = Path(__file__).with_name("prices.yaml")

PreferredSource = Literal["estimated", "provider"]
"""Whose figure counts where there are two; the values of the setting `costs.source`."""

# Tiers billed by another list than the published standard one: an estimate would be wrong.
_STANDARD_TIERS = frozenset({"", "standard", "standard_only", "default", "auto"})


@lru_cache(maxsize=8)
def table(overlay: Path | None = None) -> PriceTable:
    """The shipped table, with the rows of the user's file in front if one is given.

    Raises:
        UserError: the user's file is not a price file.
    """
    shipped = PriceTable.read(_SHIPPED)
    return shipped if overlay is None else shipped.overlay(PriceTable.read(overlay))


_current: PriceTable | None = None


def load_overlay(path: Path | None) -> None:
    """Makes `price` and `cost` go by the user's file from now on (None: the shipped table alone).

    Raises:
        UserError: the file is not a price file.
    """
    global _current  # noqa: PLW0603 - one table a process, as there is one configuration
    _current = table(path)
    _find.cache_clear()


@lru_cache(maxsize=1024)
def _find(model: str, provider: str | None, day: date) -> Price | None:
    return (_current or table()).find(model, provider, day)


def price(
    model: str, provider: str | None = None, when: datetime | date | float | None = None
) -> Price | None:
    """The list price of a model at a moment (default: now), or None where it is not known.

    `provider` is a value of `gen_ai.provider.name`; seconds since 1970 do for `when`.
    """
    return _find(model, provider, day_of(when))


def cost(
    usage: Usage | None,
    model: str,
    provider: str | None = None,
    when: datetime | date | float | None = None,
    *,
    reported_usd: float | None = None,
    service_tier: str | None = None,
    source: PreferredSource = "estimated",
) -> Cost:
    """What a call cost: by the source that is preferred, else by the other one, else unknown.

    `estimated` multiplies the usage with the list price in force at `when`; it has no figure where
    the usage or the price is not known, nor for a service tier with prices of its own (batch, flex,
    priority …). `provider` is `reported_usd`, the figure that the provider gave, if it gave one.
    """
    reported = None if reported_usd is None else Cost(reported_usd, "provider", "reported by the provider")
    if reported is not None and source == "provider":
        return reported
    return _estimate(usage, model, provider, when, service_tier) or reported or UNKNOWN


def _estimate(
    usage: Usage | None,
    model: str,
    provider: str | None,
    when: datetime | date | float | None,
    service_tier: str | None,
) -> Cost | None:
    if usage is None or (service_tier or "") not in _STANDARD_TIERS:
        return None
    found = price(model, provider, when)
    return None if found is None else Cost(found.usd(usage), "estimated", found.name)
