"""The price table: rows read from YAML, found by model, provider and day."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from gnomon.errors import UserError
from gnomon.prices.usage import Usage

CostSource = Literal["provider", "estimated", "none"]

# What providers put behind a model's name without changing its price: a snapshot's date, `latest`,
# and the mark by which Claude Code names the long context window.
_SUFFIX = re.compile(r"(?:[-@]\d{8}|-\d{4}-\d{2}-\d{2}|-latest|\[1m\])+$")
_PER_TOKEN = 1e-6


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per million tokens of each kind; see the head of `prices.yaml`."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None

    def usd(self, usage: Usage) -> float:
        """What the tokens cost. A cached token is billed once, at the cache's rate."""
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        long_write = write if self.cache_write_1h is None else self.cache_write_1h
        fresh = max(0, usage.input - usage.cache_read - usage.cache_write)
        hour = min(usage.cache_write_1h, usage.cache_write)
        return _PER_TOKEN * (
            fresh * self.input
            + usage.cache_read * read
            + (usage.cache_write - hour) * write
            + hour * long_write
            + usage.output * self.output
        )


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one model in one span of days (`valid_to` is the first day it no longer held).

    `long` holds for a whole request whose input has more than `long_above` tokens. `source` is the
    address of the published list and `as_of` the day for which it was read.
    """

    model: str
    providers: tuple[str, ...]
    rates: Rates
    as_of: date
    source: str
    valid_from: date | None = None
    valid_to: date | None = None
    long: Rates | None = None
    long_above: int = 0

    @property
    def name(self) -> str:
        """What `gnomon.cost.price_source` says: the table's entry and its day."""
        return f"{self.providers[0]} {self.model} as of {self.as_of.isoformat()}"

    def holds(self, day: date) -> bool:
        """Whether the price was in force on that day (UTC)."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )

    def usd(self, usage: Usage) -> float:
        """What one request with that usage cost."""
        if self.long is not None and usage.input > self.long_above:
            return self.long.usd(usage)
        return self.rates.usd(usage)


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost and where it comes from; `usd` is None exactly where `source` is "none"."""

    usd: float | None
    source: CostSource
    price_source: str = ""


UNKNOWN = Cost(None, "none")


class PriceTable:
    """Prices by model name. Rows of `overlay` stand before the others of the same name."""

    def __init__(self, prices: Mapping[str, tuple[Price, ...]]) -> None:
        self._prices = prices

    @classmethod
    def read(cls, path: Path) -> PriceTable:
        """Reads a price file.

        Raises:
            UserError: the file cannot be read or a row is not as `prices.yaml` describes it.
        """
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UserError(f"the price file {path} cannot be read: {reason}") from None
        import yaml  # noqa: PLC0415 - takes 50 ms, and only a program that estimates costs needs it

        # The parser in C takes 5 ms for the table, the one in Python 100 ms.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            content = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
        except yaml.YAMLError as error:
            where = getattr(error, "problem_mark", None)
            line = f", line {where.line + 1}" if where else ""
            raise UserError(f"the price file {path}{line} is not YAML") from None
        return cls(_parse(content, path))

    def overlay(self, other: PriceTable) -> PriceTable:
        """This table with the other's rows in front: where both know a model, the other's count."""
        merged = dict(self._prices)
        for name, prices in other._prices.items():
            merged[name] = prices + merged.get(name, ())
        return PriceTable(merged)

    def find(self, model: str, provider: str | None, day: date) -> Price | None:
        """The price in force, or None. Without a provider the model's name alone decides."""
        name = model.removeprefix("models/")
        rows = self._prices.get(name) or self._prices.get(_SUFFIX.sub("", name)) or ()
        for row in rows:
            if (provider is None or provider in row.providers) and row.holds(day):
                return row
        return None

    def __iter__(self) -> Iterator[Price]:
        seen: set[int] = set()
        for rows in self._prices.values():
            for row in rows:
                if id(row) not in seen:
                    seen.add(id(row))
                    yield row


def day_of(when: datetime | date | float | None) -> date:
    """The UTC day of a moment: a datetime, a date, seconds since 1970, or None for now."""
    if when is None:
        return datetime.now(UTC).date()
    if isinstance(when, datetime):
        return when.astimezone(UTC).date()
    if isinstance(when, date):
        return when
    return datetime.fromtimestamp(when, UTC).date()


class _RowError(Exception):
    """A row's mistake in words; the reader adds the file and the model."""


def _parse(content: object, path: Path) -> dict[str, tuple[Price, ...]]:
    if not isinstance(content, dict) or not isinstance(content.get("models"), list):
        raise UserError(f"the price file {path} has no list `models`; write one row a model")
    sources = content.get("sources") or {}
    if not isinstance(sources, dict):
        raise UserError(f"`sources` in the price file {path} is no mapping; write `name: address`")
    table: dict[str, tuple[Price, ...]] = {}
    for number, row in enumerate(content["models"], start=1):
        name = row.get("model") if isinstance(row, dict) else None
        try:
            _add(table, row, sources)
        except _RowError as error:
            label = f"model {name!r}" if isinstance(name, str) and name else f"row {number}"
            raise UserError(f"the price file {path}, {label}: {error}") from None
    return table


def _add(table: dict[str, tuple[Price, ...]], row: object, sources: Mapping[str, Any]) -> None:
    if not isinstance(row, dict) or not isinstance(row.get("model"), str) or not row["model"]:
        raise _RowError("it has no `model`; write the model's name")
    prices = _row(row, sources)
    for name in (row["model"], *_texts(row, "aliases", required=False)):
        if name in table:
            raise _RowError(f"the name {name!r} stands in the file twice; leave one of them out")
        table[name] = prices


def _row(row: Mapping[str, Any], sources: Mapping[str, Any]) -> tuple[Price, ...]:
    providers = _texts(row, "provider", required=True)
    source = str(row.get("source") or "")
    source = str(sources.get(source, source))
    entries = row.get("prices")
    if not isinstance(entries, list) or not entries:
        raise _RowError("it has no `prices`; write at least one entry with `as_of` and `rates`")
    prices = []
    for entry in entries:
        if not isinstance(entry, dict):
            raise _RowError("an entry of `prices` is no mapping; write `as_of` and `rates`")
        long = entry.get("long")
        as_of = _day(entry, "as_of")
        if as_of is None:
            raise _RowError("an entry has no `as_of`; write the day for which the price was read")
        prices.append(
            Price(
                model=str(row["model"]),
                providers=providers,
                rates=_rates(entry.get("rates"), "rates"),
                as_of=as_of,
                source=source,
                valid_from=_day(entry, "valid_from"),
                valid_to=_day(entry, "valid_to"),
                long=None if long is None else _rates(long, "long"),
                long_above=0 if long is None else int(_number(long, "above", "long")),
            )
        )
    return tuple(prices)


def _texts(row: Mapping[str, Any], key: str, *, required: bool) -> tuple[str, ...]:
    value = row.get(key)
    values = [value] if isinstance(value, str) else value
    if values is None and not required:
        return ()
    if not isinstance(values, list) or not values or not all(isinstance(each, str) for each in values):
        raise _RowError(f"`{key}` is {value!r}; write a name or a list of names")
    return tuple(values)


def _day(entry: Mapping[str, Any], key: str) -> date | None:
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise _RowError(f"`{key}` is {value!r}; write a day like 2026-03-13")
    return value


def _rates(value: object, key: str) -> Rates:
    if not isinstance(value, dict):
        raise _RowError(f"`{key}` is {value!r}; write `{{input: 3, output: 15}}` in USD per million tokens")
    known = {"input", "output", "cache_read", "cache_write", "cache_write_1h"}
    if key == "long":
        known.add("above")
    if unknown := sorted(str(name) for name in value if name not in known):
        raise _RowError(f"`{key}` has the unknown rate `{unknown[0]}`; known are {', '.join(sorted(known))}")
    return Rates(
        input=_number(value, "input", key),
        output=_number(value, "output", key),
        cache_read=_optional(value, "cache_read", key),
        cache_write=_optional(value, "cache_write", key),
        cache_write_1h=_optional(value, "cache_write_1h", key),
    )


def _optional(rates: Mapping[str, Any], name: str, key: str) -> float | None:
    return _number(rates, name, key) if rates.get(name) is not None else None


def _number(rates: Mapping[str, Any], name: str, key: str) -> float:
    value = rates.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise _RowError(f"`{key}.{name}` is {value!r}; write a number that is not negative")
    return float(value)
