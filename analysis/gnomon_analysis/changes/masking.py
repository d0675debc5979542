"""What looks like a key or a password, out of what is stored and shown of a change.

It stands in the repository all the same; but who may read a board is not who may read the repository.
"""

from __future__ import annotations

import re

MASK = "***"

_VALUES = re.compile(
    r"""
    \b(?:
        sk-[A-Za-z0-9_-]{20,200}
      | AKIA[A-Z2-7]{16}
      | gh[pousr]_[A-Za-z0-9]{36,255} | github_pat_[A-Za-z0-9_]{22,255}
      | gl[a-z]{2,8}-[A-Za-z0-9_-]{20,255}
      | xox[abeoprs]-[A-Za-z0-9-]{10,255}
      | AIza[A-Za-z0-9_-]{35}
      | eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,2000}(?:\.[A-Za-z0-9_-]{0,2000})?
      | whsec_[A-Za-z0-9+/=]{20,200}
    )
    """,
    re.VERBOSE,
)
_BEARER = re.compile(r"(?i)\b(bearer|basic) +[A-Za-z0-9._~+/-]{16,512}=*")
_SECRET_KEY = re.compile(
    r"(?i)api[_-]?key|secret|passw(?:or)?d|authorization|cookie|private[_-]?key"
    r"|(?:access|auth|api|bearer|bot|personal|refresh|session)[_-]?token|(?:^|[.\[])token(?:$|\])"
)
# `key: value` and `"key" = "value",` on a line of its own, with the sign of a diff before it.
_LINE = re.compile(
    r"""
    ^(?P<head> [-+ ]? [ \t]* (?:-[ \t]+)? ["']? (?P<key>[\w.-]{1,100}) ["']? [ \t]* [:=] [ \t]* )
    (?P<value> \S.*? ) (?P<tail> ,? )$
    """,
    re.MULTILINE | re.VERBOSE,
)
# The same anywhere in a line of JSON.
_PAIR = re.compile(r"""(?P<head>"(?P<key>[\w.-]{1,100})"\s*:\s*)(?P<value>"(?:[^"\\\n]|\\.)*")(?P<tail>)""")
# A reference to a secret is none, nor is a value with parts, which stand on lines of their own.
_REFERENCE = re.compile(r"""["']?(?:\$|\{|\[|[|>&*]|null\b|true\b|false\b|~|["']{2}|env:)""")


def masked(text: str) -> str:
    """A text without what has the form of a well-known key."""
    return _BEARER.sub(rf"\1 {MASK}", _VALUES.sub(MASK, text))


def masked_value(key: str, value: str) -> str:
    """The value of a key, or only a mask where the key says that it is secret."""
    return MASK if _hidden(key, value) else masked(value)


def masked_lines(text: str) -> str:
    """Lines of YAML, JSON or TOML, or a diff of them, without values of secret keys."""
    return masked(_PAIR.sub(_masked_match, _LINE.sub(_masked_match, text)))


def _masked_match(found: re.Match[str]) -> str:
    if not _hidden(found["key"], found["value"]):
        return found[0]
    return f"{found['head']}{MASK}{found['tail']}"


def _hidden(key: str, value: str) -> bool:
    return _SECRET_KEY.search(key) is not None and _REFERENCE.match(value) is None
