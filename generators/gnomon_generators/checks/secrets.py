"""Secrets that stand in a file in plain text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from gnomon_generators.checks.positions import Keys


def texts(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Every text of a document with the way to it."""
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(item, (*keys, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from texts(item, (*keys, number))


def literal_secrets(
    document: Any, is_secret: re.Pattern[str], is_reference: Callable[[str], bool]
) -> Iterator[Keys]:
    """The places of secrets: values under keys that hold one, and passwords in addresses.

    `is_secret` matches such keys in lower case; `is_reference` tells values that only say where a secret is.
    """
    for keys, text in texts(document):
        if not text.strip() or is_reference(text):
            continue
        name = next((key for key in reversed(keys) if isinstance(key, str)), "")
        if is_secret.fullmatch(name.lower()) or _has_password(text):
            yield keys


def _has_password(text: str) -> bool:
    if "://" not in text:
        return False
    try:
        return bool(urlsplit(text).password)
    except ValueError:
        return False
