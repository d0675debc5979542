"""Parsing with promql-parser, and finding the parts of its tree in the text.

promql-parser follows Prometheus' grammar but keeps no places. Its tree says what comes next, so one pass over
the tokens gives every node its characters without a second grammar.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, Literal

import promql_parser as promql

from gnomon_generators.checks.syntax.nodes import (
    Aggregation,
    Binary,
    Call,
    Label,
    Matcher,
    Node,
    Number,
    Paren,
    Parsed,
    Range,
    Selector,
    Span,
    String,
    Subquery,
    Unary,
    VariableUse,
    Window,
)
from gnomon_generators.checks.syntax.substitution import substituted
from gnomon_generators.checks.syntax.tokens import Cursor, tokens

_NAMED: Final = re.compile(r"""(?:function|name|identifier) ["'`](\w+)["'`]""")
_CLOSING: Final = {")": "(", "]": "[", "}": "{"}


@lru_cache(maxsize=8192)
def parse(text: str, in_grafana: bool = True) -> Parsed:
    """The expression as a tree, or what is wrong with it; only Grafana knows variables."""
    plain, variables = substituted(text) if in_grafana else (text, ())
    try:
        tree = promql.parse(plain)
    except ValueError as error:
        sentence = " ".join(str(error).split())
        return Parsed(text, None, variables, sentence, _error_span(plain, sentence))
    return Parsed(text, _Locator(text, plain, variables).node(tree), variables)


def _error_span(text: str, error: str) -> Span:
    """What the parser complains about, as far as that can be told; the whole text otherwise."""
    named = _NAMED.search(error)
    if named and (found := re.search(rf"\b{named.group(1)}\b", text)):
        return found.span()
    if "illegal regex for " in error and (at := text.find(error.partition("illegal regex for ")[2])) >= 0:
        return (at, at + len(error.partition("illegal regex for ")[2]))
    if dollar := re.search(r"\$\w*", re.sub(r'"[^"]*"', lambda quoted: "x" * len(quoted.group()), text)):
        return dollar.span()
    if "unterminated" in error and (quote := re.search(r"[\"'`](?=[^\"'`]*\Z)", text)):
        return (quote.start(), len(text))
    return _unbalanced(text) or (0, len(text))


def _unbalanced(text: str) -> Span | None:
    """The first bracket that has no partner."""
    open_: list[tuple[str, Span]] = []
    for token, span in tokens(text):
        if token in _CLOSING.values():
            open_.append((token, span))
        elif token in _CLOSING:
            if not open_ or open_[-1][0] != _CLOSING[token]:
                return span
            open_.pop()
    return (open_[-1][1][0], len(text)) if open_ else None


class _Locator:
    """Rebuilds promql-parser's tree with places, moving a cursor along the text."""

    def __init__(self, original: str, plain: str, variables: tuple[VariableUse, ...]) -> None:
        self._original = original
        self._variables = variables
        self._cursor = Cursor(plain)

    def node(self, tree: Any) -> Node:
        """The node for the part of the tree that begins at the cursor."""
        # A sign that changes nothing leaves no trace in the tree.
        while self._cursor.peek() == "+":
            self._cursor.take()
        return getattr(self, f"_{type(tree).__name__}")(tree)  # type: ignore[no-any-return]

    # --- leaves ---

    def _NumberLiteral(self, tree: Any) -> Number:  # noqa: N802 - named after the parser's classes
        start = self._cursor.start
        while self._cursor.take_if("-", "+"):
            pass
        self._cursor.take()
        span = (start, self._cursor.end)
        return Number(span, None if self._varies(span) else float(tree.val))

    def _StringLiteral(self, tree: Any) -> String:  # noqa: N802
        token = self._cursor.take()
        return String(token.span, str(tree.val))

    def _VectorSelector(self, tree: Any) -> Selector:  # noqa: N802
        start = self._cursor.start
        selector = self._selector(tree, start)
        shifted = self._shifts()
        return Selector(
            (start, self._cursor.end), selector.name, selector.name_span, selector.matchers, shifted
        )

    def _selector(self, tree: Any, start: int) -> Selector:
        name, name_span = tree.name, (start, start)
        if self._cursor.peek() != "{":
            name_span = self._cursor.take().span
            if self._varies(name_span):
                name = None
        matchers = tuple(self._matchers()) if self._cursor.peek() == "{" else ()
        own = next((one for one in matchers if one.label == "__name__"), None)
        if own is not None:
            name, name_span = (own.value if own.operator == "=" and own.fixed else None), own.span
        return Selector(
            (start, self._cursor.end),
            name,
            name_span,
            tuple(one for one in matchers if one.label != "__name__"),
            shifted=False,
        )

    def _matchers(self) -> list[Matcher]:
        found = []
        self._cursor.take()
        while not self._cursor.take_if("}", ""):
            label = self._cursor.take()
            if label.text in (",", "or"):
                continue
            operator: Any = self._cursor.take_if("=", "!=", "=~", "!~")
            if operator is None:
                # A quoted metric name stands alone.
                found.append(Matcher("__name__", "=", label.text[1:-1], True, label.span))
                continue
            value = self._cursor.take()
            span = (label.span[0], value.span[1])
            name = "" if self._varies(label.span) else label.text.strip("\"'")
            written = self._text((value.span[0] + 1, value.span[1] - 1))
            found.append(Matcher(name, operator.text, _unescaped(written), not self._varies(span), span))
        return found

    # --- windows ---

    def _MatrixSelector(self, tree: Any) -> Range:  # noqa: N802
        start = self._cursor.start
        selector = self._selector(tree.vector_selector, start)
        window = self._window(tree.range, "]")
        self._cursor.take()
        shifted = self._shifts()
        selector = Selector(selector.span, selector.name, selector.name_span, selector.matchers, shifted)
        return Range((start, self._cursor.end), selector, window)

    def _SubqueryExpr(self, tree: Any) -> Subquery:  # noqa: N802
        start = self._cursor.start
        inner = self.node(tree.expr)
        window = self._window(tree.range, ":")
        self._cursor.take()
        step = None
        if self._cursor.peek() != "]":
            step = self._window(tree.step, "]", opened=True)
        self._cursor.take()
        self._shifts()
        return Subquery((start, self._cursor.end), inner, window, step)

    def _window(self, length: Any, closing: str, opened: bool = False) -> Window:
        if not opened:
            self._cursor.take()
        start = self._cursor.start
        while self._cursor.peek() not in (closing, "]", ""):
            self._cursor.take()
        span = (start, self._cursor.end)
        varies = self._varies(span)
        return Window(self._text(span), None if varies or length is None else length.total_seconds(), span)

    def _shifts(self) -> bool:
        """Moves over `offset` and `@` and says whether there were any."""
        start = self._cursor.end
        while keyword := self._cursor.take_if("offset", "@"):
            self._cursor.take_if("-", "+")
            word = self._cursor.take()
            if keyword.text == "@" and word.text in ("start", "end"):
                self._cursor.take()
                self._cursor.take()
        return self._cursor.end != start

    # --- what holds other nodes ---

    def _ParenExpr(self, tree: Any) -> Paren:  # noqa: N802
        start = self._cursor.take().span[0]
        inner = self.node(tree.expr)
        self._cursor.take()
        return Paren((start, self._cursor.end), inner)

    def _UnaryExpr(self, tree: Any) -> Unary:  # noqa: N802
        start = self._cursor.take().span[0]
        inner = self.node(tree.expr)
        return Unary((start, self._cursor.end), inner)

    def _Call(self, tree: Any) -> Call:  # noqa: N802
        name = self._cursor.take()
        self._cursor.take()
        arguments = []
        for argument in tree.args:
            arguments.append(self.node(argument))
            self._cursor.take_if(",")
        self._cursor.take_if(")")
        return Call((name.span[0], self._cursor.end), str(tree.func.name), name.span, tuple(arguments))

    def _AggregateExpr(self, tree: Any) -> Aggregation:  # noqa: N802
        operator = self._cursor.take()
        grouping, labels = self._grouping()
        self._cursor.take()
        parameter = None
        if tree.param is not None:
            parameter = self._parameter(tree.param)
            self._cursor.take_if(",")
        inner = self.node(tree.expr)
        self._cursor.take_if(",")
        self._cursor.take_if(")")
        if grouping is None:
            grouping, labels = self._grouping()
        return Aggregation(
            (operator.span[0], self._cursor.end),
            str(tree.op).lower(),
            operator.span,
            parameter,
            inner,
            grouping,
            labels,
        )

    def _parameter(self, parameter: Any) -> Node:
        # Some versions of the parser hand a plain string on.
        if isinstance(parameter, str):
            token = self._cursor.take()
            return String(token.span, parameter)
        return self.node(parameter)

    def _grouping(self) -> tuple[Literal["by", "without"] | None, tuple[Label, ...]]:
        keyword = self._cursor.take_if("by", "without")
        if keyword is None:
            return None, ()
        return ("by" if keyword.text.lower() == "by" else "without"), self._labels()

    def _labels(self) -> tuple[Label, ...]:
        """The names in parentheses at the cursor."""
        found = []
        self._cursor.take()
        while not self._cursor.take_if(")", ""):
            token = self._cursor.take()
            if token.text != ",":
                name = "" if self._varies(token.span) else token.text.strip("\"'")
                found.append(Label(name, token.span))
        return tuple(found)

    def _BinaryExpr(self, tree: Any) -> Binary:  # noqa: N802
        start = self._cursor.start
        left = self.node(tree.lhs)
        operator = self._cursor.take()
        returns_bool = self._cursor.take_if("bool") is not None
        matching: Literal["on", "ignoring"] | None = None
        labels: tuple[Label, ...] = ()
        if keyword := self._cursor.take_if("on", "ignoring"):
            matching = "on" if keyword.text.lower() == "on" else "ignoring"
            labels = self._labels()
        many: Literal["left", "right"] | None = None
        included: tuple[Label, ...] = ()
        if keyword := self._cursor.take_if("group_left", "group_right"):
            many = "left" if keyword.text.lower() == "group_left" else "right"
            if self._cursor.peek() == "(":
                included = self._labels()
        right = self.node(tree.rhs)
        return Binary(
            (start, self._cursor.end),
            operator.text.lower(),
            operator.span,
            left,
            right,
            returns_bool,
            matching,
            labels,
            many,
            included,
        )

    # --- the text ---

    def _text(self, span: Span) -> str:
        return self._original[span[0] : span[1]]

    def _varies(self, span: Span) -> bool:
        """Whether a variable stands within the span."""
        return any(use.span[0] < span[1] and span[0] < use.span[1] for use in self._variables)


def _unescaped(written: str) -> str:
    r"""A string's value: `\\.` in a query is `\.` in the regular expression that it holds."""
    return re.sub(r"\\(.)", lambda match: match.group(1), written) if "\\" in written else written
