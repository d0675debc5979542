"""What somebody meant who wrote something else: for the sentences that say so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import ModuleType
from typing import Final

_MOST: Final = 3
_LONGEST: Final = 60


def constants_like(text: object, alias: str, module: ModuleType, kind: type) -> str:
    """`a.GNOMON_TEST_OUTCOME` for "outcome": constants of a module that end so, else those written almost so.

    `alias` is what definitions call the module. Empty for what is no text, and where nothing is near.
    """
    if not isinstance(text, str):
        return ""
    known = [name for name, value in vars(module).items() if isinstance(value, kind)]
    word = re.sub(r"\W+", "_", text).strip("_").upper()
    exact = [name for name in known if name == word]
    ending = [name for name in known if word and name.endswith(f"_{word}")]
    near = exact or ending or get_close_matches(word, known, n=_MOST, cutoff=0.75)
    return " or ".join(f"{alias}.{name}" for name in near[:_MOST])


def told(value: object) -> str:
    """A value in a sentence: its text where that is short, else what it is."""
    name = getattr(value, "name", None)
    if isinstance(name, str):
        return f"{type(value).__name__} {name}"
    shown = repr(value)
    if len(shown) <= _LONGEST:
        return shown
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, Sequence) else f"a {type(value).__name__}"
