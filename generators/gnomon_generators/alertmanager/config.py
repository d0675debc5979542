"""The whole configuration of Alertmanager."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gnomon.errors import UserError
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

    Raises `UserError` when the first route has no receiver or has matchers, since every alert must find a
    way, and when two receivers share a name.
    """

    route: Route
    inhibit_rules: Sequence[InhibitRule] = ()
    templates: Sequence[Templates] = field(default=())
    about: str = ""

    def __post_init__(self) -> None:
        if self.route.receiver is None or self.route.matchers or not self.route.group_by:
            raise UserError(
                "the first route takes every alert: give it a receiver, labels to group by, and no matchers"
            )
        names = [receiver.name for receiver in self.receivers]
        for twice in sorted({name for name in names if names.count(name) > 1}):
            raise UserError(f"two receivers are called {twice}; give one of them another name")

    @property
    def receivers(self) -> list[Receiver]:
        """Everybody who may be told."""
        return self.route.receivers
