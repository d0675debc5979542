"""TraceQL read with places: which attributes and intrinsics a query names, and what they are compared with.

The grammar is that of Grafana Tempo 2.8 ("Construct a TraceQL query"); what it means is left to Tempo.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

Span = tuple[int, int]

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<string>"(?:\\.|[^"\\])*"|`[^`]*`)
    |(?P<scoped>(?:span|resource|parent|event|link|instrumentation|trace)\.(?:"[^"]*"|[\w.\-/@]+)|\.(?:"[^"]*"|[A-Za-z_][\w.\-/@]*))
    |(?P<intrinsic>(?:span|trace|event|link|instrumentation|parent):[\w:]+)
    |(?P<duration>(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+)
    |(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<operator>&>>|&<<|&>|&<|&~|!>>|!<<|!>|!<|>>|<<|=~|!~|!=|>=|<=|&&|\|\||[-+*/%^=<>~!|])
    |(?P<mark>[{}(),])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_VARIABLE: Final = re.compile(r"\$[A-Za-z_]\w*|\$\{[^}]*\}|\[\[\w+(?::\w+)?\]\]")
_STRUCTURAL: Final = {
    *("&&", "||", ">", ">>", "<", "<<", "~", "!>", "!>>", "!<", "!<<", "!~"),
    *("&>", "&>>", "&<", "&<<", "&~"),
}
_COMPARISONS: Final = {"=", "!=", "<", "<=", ">", ">=", "=~", "!~"}
_BINARY: Final = _COMPARISONS | {"&&", "||", "+", "-", "*", "/", "%", "^"}
_CONSTANTS: Final = {
    *("true", "false", "nil"),
    *("ok", "error", "unset"),
    *("server", "client", "producer", "consumer", "internal", "unspecified"),
}
_AGGREGATES: Final = {"count", "min", "max", "avg", "sum"}
_STAGES: Final = {
    *("by", "select", "coalesce", "rate", "count_over_time", "min_over_time", "max_over_time"),
    *("avg_over_time", "sum_over_time", "quantile_over_time", "histogram_over_time", "compare"),
    *("topk", "bottomk"),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a field is compared with, where that is one word or string; `span` holds both sides."""

    operator: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute (`span.x`, `.x`) or an intrinsic (`status`, `span:name`).

    `scope` is empty for an attribute of any scope and `intrinsic` for an intrinsic.
    """

    scope: str
    name: str
    span: Span
    compared: Comparison | None = None


@dataclass(slots=True)
class Reading:
    """What a query names, or what is wrong with it."""

    fields: list[Field] = field(default_factory=list)
    error: str = ""
    span: Span = (0, 0)


class _RefusedError(Exception):
    """The query is no TraceQL from here on."""

    def __init__(self, sentence: str, span: Span) -> None:
        super().__init__(sentence)
        self.span = span


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    span: Span


@lru_cache(maxsize=512)
def read(text: str) -> Reading:
    """The fields of a query in order, or its first mistake."""
    plain = _VARIABLE.sub(lambda match: "1" * len(match.group()), text)
    reader = _Reader(plain)
    try:
        reader.query()
    except _RefusedError as refusal:
        return Reading([], str(refusal), refusal.span)
    return Reading(reader.fields)


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, text: str) -> None:
        self.fields: list[Field] = []
        self._tokens = [
            _Token(str(match.lastgroup), match.group(), match.span())
            for match in _TOKEN.finditer(text)
            if match.lastgroup != "space"
        ]
        self._end = _Token("end", "the end", (max(len(text) - 1, 0), len(text)))
        self._at = 0

    # --- the query: spansets, then stages behind strokes ---

    def query(self) -> None:
        self._spansets()
        while self._take("|"):
            self._stage()
        if self._take("with"):
            self._arguments()
        if self._next.kind != "end":
            raise self._refused("an operator, a stage after | or the end")

    def _spansets(self) -> None:
        self._spanset()
        while self._next.text in _STRUCTURAL:
            self._step()
            self._spanset()

    def _spanset(self) -> None:
        if self._take("("):
            self._spansets()
            while self._take("|"):
                self._stage()
            self._expect(")")
            return
        self._expect("{")
        if not self._take("}"):
            self._expression()
            self._expect("}")

    def _stage(self) -> None:
        if self._next.text == "{":
            self._spansets()
            return
        name = self._next
        if name.text not in _STAGES | _AGGREGATES:
            raise self._refused("a stage such as rate(), count() or select(…)")
        self._step()
        if name.text == "compare":
            self._expect("(")
            self._spanset()
            while self._take(","):
                self._expression()
            self._expect(")")
        else:
            self._arguments()
        if self._take("by"):
            self._arguments()
        while self._next.text in _COMPARISONS | {"+", "-", "*", "/"}:
            self._step()
            self._operand()

    def _arguments(self) -> None:
        self._expect("(")
        while not self._take(")"):
            self._expression()
            if not self._take(",") and self._next.text != ")":
                raise self._refused("a comma or )")

    # --- expressions over fields ---

    def _expression(self) -> None:
        left = self._operand()
        while self._next.text in _BINARY:
            operator = self._step()
            right = self._operand()
            if operator.text in _COMPARISONS:
                self._note(left, operator.text, right)
            left = right

    def _operand(self) -> _Token:
        while self._next.text in ("!", "-"):
            self._step()
        token = self._next
        if self._take("("):
            self._expression()
            self._expect(")")
            return token
        if token.kind not in ("string", "scoped", "intrinsic", "duration", "number", "word"):
            raise self._refused("an attribute, an intrinsic or a value")
        self._step()
        if token.kind == "word" and token.text in _AGGREGATES and self._next.text == "(":
            self._arguments()
        else:
            self._keep(token)
        return token

    def _keep(self, token: _Token) -> None:
        if token.kind == "scoped":
            scope, _, name = token.text.partition(".")
            # An attribute of the parent is written `parent.span.x` or `parent.x`.
            if scope == "parent" and name.startswith(("span.", "resource.")):
                scope, _, name = name.partition(".")
            self.fields.append(Field(scope, name.strip('"'), token.span))
        elif token.kind == "intrinsic" or (token.kind == "word" and token.text not in _CONSTANTS):
            self.fields.append(Field("intrinsic", token.text, token.span))

    def _note(self, left: _Token, operator: str, right: _Token) -> None:
        """Keeps what a field is compared with, beside the field."""
        for named, value in ((left, right), (right, left)):
            if value.kind not in ("string", "word"):
                continue
            for number, known in enumerate(self.fields):
                if known.span == named.span and known.compared is None:
                    text = value.text[1:-1] if value.kind == "string" else value.text
                    span = (min(left.span[0], right.span[0]), max(left.span[1], right.span[1]))
                    comparison = Comparison(operator, text, span)
                    self.fields[number] = Field(known.scope, known.name, known.span, comparison)

    # --- tokens ---

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else self._end

    def _step(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _take(self, text: str) -> bool:
        if self._next.text != text or self._next.kind in ("string", "end"):
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._refused(text)

    def _refused(self, wanted: str) -> _RefusedError:
        return _RefusedError(f"{wanted} is expected here, not {self._next.text}", self._next.span)
