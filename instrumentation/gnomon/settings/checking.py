"""Whether a value is one that its setting allows, wherever the value was written."""

from __future__ import annotations

import math
import re

from gnomon.settings.fields import SECRET_IN_URL
from gnomon.settings.table import Setting, allowed, plain


def number_mistake(setting: Setting, value: float) -> str | None:
    """What is wrong with a number, or None."""
    meaning = setting.meaning
    if not math.isfinite(value):
        return f"{value} is not a finite number"
    inside = (
        (meaning.minimum is None or value >= meaning.minimum)
        and (meaning.maximum is None or value <= meaning.maximum)
        and (meaning.above is None or value > meaning.above)
        and (meaning.below is None or value < meaning.below)
    )
    return None if inside else f"{plain(value)} is out of range"


def text_mistake(setting: Setting, text: str) -> str | None:
    """What is wrong with a text, or None. The text of what may hold a secret is not repeated."""
    if setting.choices:
        return None if text in setting.choices else f"{quoted(text)} is not one of its values"
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        return "it holds half of a character (a lone surrogate)"
    form = setting.meaning.format
    if form is None or form.matches(text):
        return None
    return f"{shown(setting, text)} does not have the form that is needed"


def shown(setting: Setting, text: str) -> str:
    """What was written, unless it could be a secret."""
    return "the value" if setting.meaning.private or setting.meaning.no_password else quoted(text)


def carries_secret(setting: Setting, text: str) -> bool:
    """Whether an address holds a password although its setting must not."""
    return setting.meaning.no_password and re.search(SECRET_IN_URL, text) is not None


def remedy(setting: Setting) -> str:
    """What to write for the setting instead."""
    example = f", such as {example_text(setting)}" if example_text(setting) else ""
    return f"write {allowed(setting)}{example}"


def example_text(setting: Setting) -> str:
    """A value that a person could write, when the allowed values do not say it themselves."""
    if setting.choices or setting.kind in ("switch", "section", "entries", "secret", "texts", "duration"):
        return ""
    if setting.kind in ("integer", "number"):
        value = setting.default if setting.default is not None else setting.meaning.example
        return plain(value) if value is not None else ""
    return str(setting.meaning.example or setting.default or "")


def quoted(text: str, longest: int = 60) -> str:
    """A text in quotes, on one line, shortened when it is long."""
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    return ascii(shown) if any(not c.isprintable() for c in shown) else f"'{shown}'"
