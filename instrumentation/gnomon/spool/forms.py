"""Spans in short: what many spans have in common stands once in a journal, and each line adds its own.

A test that simply passed takes a hundred bytes so, and not a thousand, while tests run: what is written
then pushes as much of the suite's own out of the processor's caches. They are spelled out when the
journal is finished, all in one go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from operator import itemgetter

from gnomon.otlp import encode
from gnomon.otlp.ids import derived_between
from gnomon.record import Record

_BEGINNING = b'{"form":'

_NONSENSE = (AttributeError, IndexError, KeyError, TypeError, ValueError)

_Known = tuple[bytes, Callable[[list[bytes]], tuple[bytes, ...]], Callable[[bytes], str]]


class Form(Record, eq=False):
    """What spans of one kind have in common.

    `text` is a span as JSON text with `%s` where a value belongs and `%%` for a percent sign; `places` says
    which value that is: 0 is the span's id, 1 the first value of its line and so on, at least two of
    them. The id is derived (`gnomon.otlp.ids`) from the first value, a JSON string, with `before` and
    `after` around what it says.
    """

    text: str
    places: tuple[int, ...]
    before: str
    after: str

    @classmethod
    def of(cls, parts: Iterable[str | int], before: str, after: str) -> Form:
        """The form whose text is these parts: texts as they are, and numbers of values in between."""
        listed = list(parts)
        text = "".join("%s" if isinstance(part, int) else part.replace("%", "%%") for part in listed)
        return cls(text, tuple(part for part in listed if isinstance(part, int)), before, after)

    def line(self, number: int) -> str:
        """The form as a line of a journal, where `number` stands for it from then on."""
        said = {"text": self.text, "places": self.places, "before": self.before, "after": self.after}
        return f"{encode.dumps({'form': number} | said)}\n"


def spelled_out(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a journal behind its first, spans in short as whole ones.

    A span in short is the number of its form and its values as JSON texts, with tabs between them.
    What makes no sense is left out where it is no JSON object: a dead process may leave anything.
    """
    forms: dict[bytes, _Known] = {}
    for line in lines:
        if line.startswith(b"{"):
            if not line.startswith(_BEGINNING):
                yield line
                continue
            with suppress(*_NONSENSE):
                said = json.loads(line)
                forms[b"%d" % said["form"]] = _known(said)
        elif line.endswith(b"\n"):
            values = line[:-1].split(b"\t")
            try:
                text, pick, derive = forms[values[0]]
                values[0] = derive(_said(values[1])).encode("ascii")
                whole = text % pick(values)
            except _NONSENSE:
                continue
            yield whole


def _known(said: dict[str, str]) -> _Known:
    text, before, after = (said[name].encode("utf-8") for name in ("text", "before", "after"))
    return text, itemgetter(*said["places"]), derived_between(before, after)


def _said(value: bytes) -> bytes:
    """What a JSON string says; nearly all hold no escape."""
    return json.loads(value).encode("utf-8") if b"\\" in value else value[1:-1]
