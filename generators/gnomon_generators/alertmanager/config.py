"""The whole configuration of Alertmanager."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gnomon.errors import UserError
from gnomon_generators.alertmanager.maintenance import TimeInterval
from gnomon_generators.alertmanager.receivers import Receiver
from gnomon_generators.alertmanager.routes import InhibitRule, Route


@dataclass(frozen=True, slots=True)
class Templates:
    """A file of message templates, in the language of Go's; `text` is its content."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class AlertmanagerConfig:
    """Routes, what keeps alerts back, and templates. The receivers are those that the routes name.

    Raises `UserError` when the first route has no receiver, has matchers or is muted, since every alert must
    find a way, when two receivers share a name, and when a route is muted in an interval that is not there.
    """

    route: Route
    inhibit_rules: Sequence[InhibitRule] = ()
    time_intervals: Sequence[TimeInterval] = ()
    templates: Sequence[Templates] = field(default=())
    about: str = ""

    def __post_init__(self) -> None:
        first = self.route
        if first.receiver is None or first.matchers or first.muted_in or not first.group_by:
            raise UserError(
                "the first route takes every alert: give it a receiver, labels to group by, no matchers, and "
                "nothing that it is muted in"
            )
        names = [receiver.name for receiver in self.receivers]
        for twice in sorted({name for name in names if names.count(name) > 1}):
            raise UserError(f"two receivers are called {twice}; give one of them another name")
        for unknown in sorted(first.intervals - {interval.name for interval in self.time_intervals}):
            raise UserError(f"a route is muted in {unknown}, which is no time interval of the configuration")

    @property
    def receivers(self) -> list[Receiver]:
        """Everybody who may be told."""
        return self.route.receivers
