"""Moments on the command line: `now`, a time from now such as `-30d`, or a date with a time."""

from __future__ import annotations

from datetime import UTC, datetime

from gnomon.errors import UserError
from gnomon.settings.fields import DURATION
from gnomon.settings.values import Duration


def moment(text: str, option: str, now: float) -> float:
    """Unix seconds of what an option says. A date without a zone is in UTC.

    Raises UserError where it is none of the forms.
    """
    word = text.strip()
    if word == "now":
        return now
    if word[:1] in ("-", "+") and DURATION.matches(word[1:]):
        seconds = Duration(word[1:]).seconds
        return now - seconds if word[0] == "-" else now + seconds
    try:
        found = datetime.fromisoformat(word)
    except ValueError:
        raise UserError(
            f"{option} {text!r} is no moment; write now, a time from now such as -30d, or 2026-03-02T08:00"
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def duration(text: str, option: str) -> float:
    """Seconds of what an option says. Raises UserError where it is no length of time."""
    if not DURATION.matches(text):
        raise UserError(f"{option} {text!r} is no length of time; write {DURATION.description}")
    return Duration(text).seconds
