"""The shape of an outline: things with names, facts about them, and things inside them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Form(Enum):
    """How a fact is printed."""

    HEAD = "in the heading of its item, the value alone"
    NAMED = "in the heading, after its name"
    LINE = "on a line of its own, after its name"
    PART = "with others of the same beginning: `options.a` and `options.b` as `options: a=value, b=value`"
    TEXT = "on lines of its own, without its name: a query, an expression"
    SMALL = "with others of this form on one line: `name=value, name=value`"
    HIDDEN = "not at all"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is so; equal facts mean the same to whoever reads the artefact.

    The differences of a `quiet` fact are counted and not listed: where one panel goes, all after it move.
    """

    name: str
    value: str
    form: Form = Form.LINE
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A dashboard, a row, a panel, a query, a rule … and what belongs to it alone, in order.

    Rows and rule groups do not hold their panels and rules: these follow them and say in `inside` where
    they stand, so that a panel in another row is a panel that was moved. `identity` is what the format
    itself knows an item by, beside its name.
    """

    kind: str
    name: str
    facts: tuple[Fact, ...] = ()
    items: tuple[Item, ...] = ()
    inside: str = ""
    identity: str = ""

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return f"{self.kind} {self.name}" if self.name else self.kind
