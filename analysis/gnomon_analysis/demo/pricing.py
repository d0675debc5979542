"""What the demo's router would have cost as a real model: a price row of its own, honestly named.

The router costs nothing. So that cost can be shown at all, its tokens are priced by the list price of a
model that the user names; the price row says so in its name, and the cost's source stays "estimated".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from gnomon import prices
from gnomon.errors import UserError
from gnomon.prices import Price, Rates
from gnomon_analysis.demo.router import MODEL, PROVIDER

DEFAULT_MODEL = "claude-haiku-4-5"


def price_of(model: str) -> Price:
    """The list price of a model today. Raises UserError when the table does not know it."""
    found = prices.price(model)
    if found is None:
        raise UserError(
            f"--price-as {model}: the price table has no such model today; "
            f"name one that it has, such as {DEFAULT_MODEL}"
        )
    return found


def write_price_file(price: Price, path: Path) -> None:
    """Writes a price file in which the router bears the price of another model."""
    entry: dict[str, Any] = {"as_of": price.as_of, "rates": _rates(price.rates)}
    if price.long is not None:
        entry["long"] = _rates(price.long) | {"above": price.long_above}
    row = {
        "model": f"{MODEL} priced as {price.model}",
        "aliases": [MODEL],
        "provider": [PROVIDER],
        "source": price.source,
        "prices": [entry],
    }
    path.write_text(yaml.safe_dump({"models": [row]}, sort_keys=False), encoding="utf-8")


def _rates(rates: Rates) -> dict[str, float]:
    named = {
        "input": rates.input,
        "output": rates.output,
        "cache_read": rates.cache_read,
        "cache_write": rates.cache_write,
        "cache_write_1h": rates.cache_write_1h,
    }
    return {name: value for name, value in named.items() if value is not None}
