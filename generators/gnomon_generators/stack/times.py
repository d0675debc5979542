"""Times as the programs of the stack write them."""

from __future__ import annotations


def days(count: float) -> str:
    """A number of days in a notation that Prometheus and Tempo both read: whole hours, at least one."""
    return f"{max(1, round(count * 24))}h"
