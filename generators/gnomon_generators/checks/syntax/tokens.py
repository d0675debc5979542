"""The words of an expression with their places, and a cursor over them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from gnomon_generators.checks.syntax.nodes import Span

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:ms|[smhdwy]))+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<word>[A-Za-z_:][\w:]*)
    |(?P<operator>=~|!~|==|!=|>=|<=|[-+*/%^<>=@])
    |(?P<mark>[(){}\[\],:])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A word, number, string, operator or mark."""

    text: str
    span: Span


def tokens(text: str) -> list[Token]:
    """The tokens of an expression without variables, spaces and comments left out."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        if match["space"] is not None:
            continue
        # A name may begin with a colon, but after a duration in brackets the colon stands for itself.
        if match["word"] and match["word"][0] == ":" and _in_brackets(found):
            found.append(Token(":", (match.start(), match.start() + 1)))
            found += [
                Token(token.text, (token.span[0] + match.start() + 1, token.span[1] + match.start() + 1))
                for token in tokens(match["word"][1:])
            ]
        else:
            found.append(Token(match.group(), match.span()))
    return found


def _in_brackets(found: list[Token]) -> bool:
    return len(found) > 1 and found[-2].text == "["


class Cursor:
    """Walks over the tokens of a text that is known to be well formed."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._next = 0
        self._end = len(text)

    def peek(self) -> str:
        """The next token's text in lower case, empty at the end."""
        return self._tokens[self._next].text.lower() if self._next < len(self._tokens) else ""

    def take(self) -> Token:
        """The next token; at the end an empty one."""
        if self._next >= len(self._tokens):
            return Token("", (self._end, self._end))
        self._next += 1
        return self._tokens[self._next - 1]

    def take_if(self, *texts: str) -> Token | None:
        """The next token if it is one of these (in lower case)."""
        return self.take() if self.peek() in texts else None

    @property
    def start(self) -> int:
        """Where the next token begins."""
        return self._tokens[self._next].span[0] if self._next < len(self._tokens) else self._end

    @property
    def end(self) -> int:
        """Where the last token that was taken ends."""
        return self._tokens[self._next - 1].span[1] if self._next else 0
