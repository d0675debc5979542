"""Numbers and words that others hand over, as what they are meant to be; nothing where they are not.

A caller passes what its client gave it: None for a field that was not there, a number of numpy's, a status as
text. None of it may cost the record of a call, and none may reach the spool as what no reader adds up.
"""

from __future__ import annotations

import math
from typing import Any

LARGEST_COUNT = 10**15
"""No call has so many tokens; thousands of such counts still add up in 64 bits."""


def count(value: Any) -> int:
    """A whole number from 0 to `LARGEST_COUNT`; 0 for anything else. Fractions are cut off."""
    if isinstance(value, (str, bytes, bool)):
        return 0
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return whole if 0 <= whole <= LARGEST_COUNT else 0


def amount(value: Any) -> float | None:
    """A finite number that is not negative, such as seconds or US dollars; None for anything else."""
    if isinstance(value, (str, bytes, bool)):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def http_status(value: Any) -> int | None:
    """An HTTP status, also where it is text; None for anything else."""
    try:
        status = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return status if 100 <= status < 600 else None


def name(value: Any) -> str:
    """A name as text; empty for None."""
    return value if isinstance(value, str) else "" if value is None else str(value)
