"""Routes, which bring alerts to receivers, and what keeps alerts from being told."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gnomon.errors import UserError
from gnomon_generators.alertmanager.receivers import Options, Receiver

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on a label of an alert; patterns match the whole value."""

    label: str
    operator: Literal["=", "!=", "=~", "!~"]
    value: str

    def __post_init__(self) -> None:
        if not _LABEL.fullmatch(self.label):
            raise UserError(f"{self.label!r} is no label; write letters, digits and _")
        if self.operator in ("=~", "!~"):
            try:
                re.compile(self.value)
            except re.error as error:
                raise UserError(f"{self.value!r} is no pattern for {self.label}: {error}") from None

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{json.dumps(self.value, ensure_ascii=False)}"


def equals(label: str, value: str) -> Matcher:
    """The condition that a label has this value."""
    return Matcher(label, "=", value)


@dataclass(frozen=True, kw_only=True)
class Route:
    """Alerts that fulfil all matchers go to the receiver, or to that of the first route below that fits.

    What a route leaves open it has from the one above it. `group_by` are the labels by which alerts are
    put into one message; `group_wait`, `group_interval` and `repeat_interval` (durations such as `5m`) say
    how long the first message waits for others, how long the next one does, and when a message about
    alerts that still fire is repeated. `muted_in` are names of time intervals in which nobody is told by
    this very route; unlike all else it does not hold for the routes below.
    """

    receiver: Receiver | None = None
    matchers: tuple[Matcher, ...] = ()
    group_by: tuple[str, ...] = ()
    group_wait: str | None = None
    group_interval: str | None = None
    repeat_interval: str | None = None
    muted_in: tuple[str, ...] = ()
    routes: Sequence[Route] = ()

    def options(self) -> Options:
        """The route as it stands in the configuration."""
        options: Options = {}
        if self.matchers:
            options["matchers"] = [str(matcher) for matcher in self.matchers]
        if self.receiver:
            options["receiver"] = self.receiver.name
        if self.group_by:
            options["group_by"] = list(self.group_by)
        waits = {
            "group_wait": self.group_wait,
            "group_interval": self.group_interval,
            "repeat_interval": self.repeat_interval,
        }
        options |= {key: value for key, value in waits.items() if value}
        if self.muted_in:
            options["mute_time_intervals"] = list(self.muted_in)
        if self.routes:
            options["routes"] = [route.options() for route in self.routes]
        return options

    @property
    def intervals(self) -> set[str]:
        """The names of the time intervals of this route and all below it."""
        return set(self.muted_in).union(*(route.intervals for route in self.routes))

    @property
    def receivers(self) -> list[Receiver]:
        """The receivers of this route and all below it, each once, in their order."""
        below = [receiver for route in self.routes for receiver in route.receivers]
        return list(dict.fromkeys(([self.receiver] if self.receiver else []) + below))


@dataclass(frozen=True, kw_only=True)
class InhibitRule:
    """While an alert fulfils `source`, those that fulfil `target` and agree in `equal` are not told.

    Two alerts that both lack a label agree in it, so matchers had better ask for the label too.
    """

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]
    about: str = ""

    def options(self) -> Options:
        """The rule as it stands in the list of them."""
        return {
            "source_matchers": [str(matcher) for matcher in self.source],
            "target_matchers": [str(matcher) for matcher in self.target],
            "equal": list(self.equal),
        }
