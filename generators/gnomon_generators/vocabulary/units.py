"""The registry's UCUM units in Grafana's words."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from gnomon.errors import UserError

_UNITS: Final = {
    "1": "percentunit",
    "%": "percent",
    "ns": "ns",
    "us": "µs",
    "ms": "ms",
    "s": "s",
    "min": "m",
    "h": "h",
    "d": "d",
    "By": "bytes",
    "KiBy": "kbytes",
    "MiBy": "mbytes",
    "GiBy": "gbytes",
    "By/s": "binBps",
    "Hz": "hertz",
    "1/s": "cps",
    "Cel": "celsius",
    "W": "watt",
    "J": "joule",
    "V": "volt",
    "A": "amp",
    "USD": "currencyUSD",
    "EUR": "currencyEUR",
    "{USD}": "currencyUSD",
    "{EUR}": "currencyEUR",
}
# UCUM has no calendar and no words; these name what Grafana can show besides quantities.
_WORDS: Final = {"date": "dateTimeAsIso", "ago": "dateTimeFromNow", "text": "string", "plain": "none"}
_RATES: Final = {"s": "cps", "min": "cpm"}
_REQUESTS: Final = frozenset({"{request}", "{call}"})
_ANNOTATION: Final = re.compile(r"\{[^{}]+\}")


def grafana_unit(unit: str) -> str:
    """Grafana's id of a UCUM unit.

    Counts of things (`{test}`) are `short`, money per thing (`{USD}/{test}`) is money, things per time
    (`{retry}/s`) are counts a second. Besides UCUM: `date` and `ago` for a time in milliseconds since 1970,
    `text` and `plain`. Raises `UserError` for any other unit.
    """
    known = _UNITS.get(unit) or _WORDS.get(unit)
    if known is not None:
        return known
    main, stroke, per = unit.partition("/")
    if _ANNOTATION.fullmatch(main) and per in _RATES:
        return "reqps" if main in _REQUESTS and per == "s" else _RATES[per]
    if _ANNOTATION.fullmatch(main) and not stroke:
        return "short"
    if stroke and (_ANNOTATION.fullmatch(per) or _is_money(main)):
        return grafana_unit(main)
    near = get_close_matches(unit, [*_UNITS, *_WORDS], n=3)
    advice = " or ".join(near) or ", ".join([*_UNITS, *_WORDS, "{thing}", "{thing}/s"])
    raise UserError(f"the unit {unit!r} is not known: write {advice}")


def _is_money(unit: str) -> bool:
    return _UNITS.get(unit, "").startswith("currency")
