"""Rows of the store as JSON; `docs/results.md` tells the shape."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import datetime
from typing import Any

import click

from gnomon_analysis.store import Tally

_TALLY_SHARES = ("accuracy", "accuracy_interval", "tool_use_accuracy", "pass_rate", "pass_rate_interval")


def plain(value: Any) -> Any:
    """Dataclasses as objects, moments as ISO 8601 in UTC, tuples as lists; a Tally with its shares.

    JSON has no numbers without an end: they are null, not known.
    """
    if isinstance(value, Tally):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return fields | {name: plain(getattr(value, name)) for name in _TALLY_SHARES}
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def echo_json(**parts: Any) -> None:
    """Writes one JSON object to stdout."""
    click.echo(json.dumps({name: plain(value) for name, value in parts.items()}, indent=2))
