"""What every part of a Collector's configuration has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar, Final, Literal

from gnomon.errors import UserError

Kind = Literal["extensions", "receivers", "processors", "connectors", "exporters"]
"""A kind of component, by the key that its components stand under."""

KINDS: Final[tuple[Kind, ...]] = ("extensions", "receivers", "processors", "connectors", "exporters")

Options = dict[str, object]
"""Options of a component as they stand in the configuration."""


class Reference(str):
    """A place where the Collector reads a value as it starts: the only form that a secret may have."""

    __slots__ = ()


def env(name: str, default: str | None = None) -> Reference:
    """The value of an environment variable, or the default where it is not set or empty."""
    return Reference(f"${{env:{name}}}" if default is None else f"${{env:{name}:-{default}}}")


def file(path: PurePosixPath | str) -> Reference:
    """The content of a file."""
    return Reference(f"${{file:{path}}}")


@dataclass(frozen=True, kw_only=True)
class Component(ABC):
    """A receiver, processor, exporter, connector or extension.

    `name` tells components of one type apart; `about` says in the generated file what it is there for.
    """

    kind: ClassVar[Kind]
    type: ClassVar[str]
    name: str = ""
    about: str = ""

    @property
    def id(self) -> str:
        """The component's id: `type` or `type/name`."""
        return f"{self.type}/{self.name}" if self.name else self.type

    @property
    def needs(self) -> tuple[Extension, ...]:
        """Extensions that the component uses."""
        return ()

    @abstractmethod
    def options(self) -> Options:
        """The component's options; what is left out has the Collector's default."""


class Receiver(Component):
    """Where telemetry comes in."""

    kind: ClassVar[Kind] = "receivers"


class Processor(Component):
    """What happens to it on the way."""

    kind: ClassVar[Kind] = "processors"


class Exporter(Component):
    """Where it goes."""

    kind: ClassVar[Kind] = "exporters"


class Connector(Component):
    """The end of one pipeline and the beginning of another."""

    kind: ClassVar[Kind] = "connectors"


class Extension(Component):
    """What serves the Collector itself."""

    kind: ClassVar[Kind] = "extensions"


def seconds(value: float) -> str:
    """A time in seconds in Go's notation, in the largest unit that leaves no fraction.

    Raises `UserError` for a time that is negative or finer than a millisecond.
    """
    milliseconds = round(value * 1000)
    if milliseconds < 0 or abs(milliseconds - value * 1000) > max(1e-6, value * 1e-9):
        raise UserError(f"{value} s is no time for a Collector; write whole milliseconds, not below zero")
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit if milliseconds else 's'}"
    return f"{milliseconds}ms"
