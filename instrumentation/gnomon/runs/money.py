"""How an amount of money is written."""

from __future__ import annotations

_SMALL = 0.001


def dollars(usd: float) -> str:
    """An amount in US dollars with four decimals; a small one with six, so that a single call is not free."""
    return f"{usd:.6f} USD" if 0 < abs(usd) < _SMALL else f"{usd:.4f} USD"
