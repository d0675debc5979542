"""Nothing of ours may fail, change or stop the host's test run: what goes wrong is noted and told."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")

MOST_NOTES = 20


class KeepsNotes(Protocol):
    """An object that collects what went wrong."""

    troubles: list[str]


S = TypeVar("S", bound=KeepsNotes)


def note(keeper: KeepsNotes, trouble: str) -> None:
    """Adds a trouble unless it is known already or there are too many to read."""
    if len(keeper.troubles) < MOST_NOTES and trouble not in keeper.troubles:
        keeper.troubles.append(trouble)


def guarded(hook: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], None]:
    """A hook that notes what goes wrong in it instead of raising."""

    @functools.wraps(hook)
    def safe(self: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            hook(self, *args, **kwargs)
        except Exception as error:
            note(self, f"{hook.__name__}: {described(error)}")

    return safe


def described(error: BaseException) -> str:
    """An error as part of a sentence: our own as they are, others with their type."""
    text: Any = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
