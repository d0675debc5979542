"""The syntax tree of an expression; every node has its place in the text as it stands in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Span = tuple[int, int]
"""Start and end (exclusive) in characters of the original text, Grafana's variables included."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Any part of an expression that has a value."""

    span: Span

    @property
    def children(self) -> tuple[Node, ...]:
        """The parts that it is made of, in the order in which they are written."""
        return ()

    def walk(self) -> Iterator[Node]:
        """The node and everything under it, outer ones first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Label:
    """A label name in a grouping or matching clause; empty where a variable says it."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Matcher:
    """A matcher of a selector; `label` is empty where a variable says it.

    `value` has its escapes resolved; `fixed` says that no variable stands in the matcher.
    """

    label: str
    operator: Literal["=", "!=", "=~", "!~"]
    value: str
    fixed: bool
    span: Span

    @property
    def negative(self) -> bool:
        """Whether it excludes."""
        return self.operator.startswith("!")

    @property
    def regex(self) -> bool:
        """Whether the value is a regular expression, anchored at both ends."""
        return self.operator.endswith("~")


@dataclass(frozen=True, slots=True)
class Window:
    """A duration in brackets or after `offset`; `seconds` is None where a variable says it."""

    text: str
    seconds: float | None
    span: Span

    @property
    def variable(self) -> str | None:
        """The name of the variable that it is, without dollar sign and braces."""
        name = self.text.strip("${}").partition(":")[0]
        return name if self.text.startswith("$") else None


@dataclass(frozen=True, slots=True, eq=False)
class Number(Node):
    """A number; `value` is None where a variable stands for it."""

    value: float | None


@dataclass(frozen=True, slots=True, eq=False)
class String(Node):
    """A string argument."""

    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Selector(Node):
    """Series by name and matchers. `name` is None when no fixed name is asked for."""

    name: str | None
    name_span: Span
    matchers: tuple[Matcher, ...]
    shifted: bool
    """Whether it looks at another time (`offset`, `@`)."""

    def matcher(self, label: str) -> Matcher | None:
        """The first matcher of a label."""
        return next((matcher for matcher in self.matchers if matcher.label == label), None)


@dataclass(frozen=True, slots=True, eq=False)
class Range(Node):
    """A selector with a window."""

    selector: Selector
    window: Window

    @property
    def children(self) -> tuple[Node, ...]:
        """The selector."""
        return (self.selector,)


@dataclass(frozen=True, slots=True, eq=False)
class Subquery(Node):
    """An expression evaluated over a window; `step` is None when it is left to the server."""

    inner: Node
    window: Window
    step: Window | None

    @property
    def children(self) -> tuple[Node, ...]:
        """The expression inside."""
        return (self.inner,)


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A function with its arguments."""

    name: str
    name_span: Span
    arguments: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """The arguments."""
        return self.arguments


@dataclass(frozen=True, slots=True, eq=False)
class Aggregation(Node):
    """An aggregation; `grouping` is None without a clause, then nothing is kept."""

    operator: str
    operator_span: Span
    parameter: Node | None
    inner: Node
    grouping: Literal["by", "without"] | None
    labels: tuple[Label, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """The parameter, if any, and what is aggregated."""
        return (self.inner,) if self.parameter is None else (self.parameter, self.inner)


@dataclass(frozen=True, slots=True, eq=False)
class Binary(Node):
    """Two operands; `matching` is None without `on` or `ignoring`, `many` the side that `group_…` names."""

    operator: str
    operator_span: Span
    left: Node
    right: Node
    returns_bool: bool
    matching: Literal["on", "ignoring"] | None
    labels: tuple[Label, ...]
    many: Literal["left", "right"] | None
    included: tuple[Label, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """The operands."""
        return (self.left, self.right)

    @property
    def compares(self) -> bool:
        """Whether it is a comparison."""
        return self.operator in ("==", "!=", ">", "<", ">=", "<=")

    @property
    def sets(self) -> bool:
        """Whether it is `and`, `or` or `unless`."""
        return self.operator in ("and", "or", "unless")


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Node):
    """A sign before an operand."""

    inner: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """The operand."""
        return (self.inner,)


@dataclass(frozen=True, slots=True, eq=False)
class Paren(Node):
    """An expression in parentheses."""

    inner: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """The expression inside."""
        return (self.inner,)


@dataclass(frozen=True, slots=True)
class VariableUse:
    """A Grafana variable in the text: `$name`, `${name:format}` or `[[name]]`."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Parsed:
    """An expression: either `root`, or `error` and where it lies."""

    text: str
    root: Node | None
    variables: tuple[VariableUse, ...]
    error: str = ""
    error_span: Span = (0, 0)

    def of(self, span: Span) -> str:
        """The text of a span."""
        return self.text[span[0] : span[1]]


def with_ancestors(node: Node, above: tuple[Node, ...] = ()) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """The node and everything under it, each with what it stands in, the nearest last."""
    yield node, above
    for child in node.children:
        yield from with_ancestors(child, (*above, node))


def bare(node: Node) -> Node:
    """The node without parentheses around it."""
    while isinstance(node, Paren):
        node = node.inner
    return node
