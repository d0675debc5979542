"""Spans in short: a journal gives them whole, however it ends."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.otlp import encode
from gnomon.spool import Journal, recover
from gnomon.spool.forms import Form
from gnomon.spool.journal import LINE_BYTES, recorded
from tests.spool.test_journal import HEADER, RESOURCE, SCOPE, span
from tests.spool_reader import read_spans


def form(name: str) -> Form:
    parts: list[str | int] = [
        *('{"traceId":"11111111111111111111111111111111","spanId":"', 0, '","name":', 1),
        f',"startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[{{"key":{encode.quoted(name)},',
        *('"value":{"stringValue":', 1, '}},{"key":"number","value":{"intValue":"', 2, '"}}]}'),
    ]
    return Form.of(parts, f"{name}\0", "\0end")


PLAIN = form("100 %s")


@pytest.mark.parametrize("dead", [False, True])
def test_spans_of_several_forms(tmp_path: Path, dead: bool) -> None:
    """They come out whole and in order, among spans that have no form, in lines that a backend takes."""
    journal = Journal(tmp_path / "a.traces.jsonl", RESOURCE, SCOPE)
    names = ("100 %s", "%%d")
    forms = [form(name) for name in names]
    expected = []
    for number in range(LINE_BYTES // 100):
        name = f"%s {number} ü\\\t\n"
        if number % 3 == 2:
            journal.append(span(number))
        else:
            journal.append(f"{encode.quoted(name)}\t{number}", forms[number % 3])
            expected.append((number, name, names[number % 3], "number"))
    if dead:
        journal.abandon()
        assert recover(tmp_path) == [tmp_path / "a.traces.jsonl"]
    else:
        journal.complete()
    found = read_spans(tmp_path)
    short = [one for one in found if "number" in one.attributes]
    assert [(one["number"], one.name, *one.attributes) for one in short] == expected
    assert len({one.span_id for one in found}) == len(found)
    lines = (tmp_path / "a.traces.jsonl").read_text().splitlines()
    assert len(lines) > 1
    assert all(len(line) < 1.1 * LINE_BYTES for line in lines)


def test_an_id_is_that_of_the_span_in_any_journal(tmp_path: Path) -> None:
    """It follows from the form and the first value alone, and differs where one of them does."""
    for name in ("a", "b"):
        journal = Journal(tmp_path / name / "x.traces.jsonl", RESOURCE, SCOPE)
        for number in (2, 3) if name == "a" else (3, 2):
            journal.append(f'"test {number}"\t{number}', PLAIN)
            journal.append(f'"test {number}"\t{number}', form("other"))
        journal.complete()
    ids = [{one.span_id for one in read_spans(tmp_path / name)} for name in ("a", "b")]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 4


def test_reading_a_journal_that_is_not_finished(tmp_path: Path) -> None:
    """Who reads what a run has recorded so far sees its spans whole."""
    journal = Journal(tmp_path / "run.main.traces.jsonl", RESOURCE, SCOPE)
    journal.append('"one"\t1', PLAIN)
    assert [found["name"] for found in recorded(tmp_path, lambda name: name.startswith("run."))] == ["one"]
    journal.complete()


LINE = b'0\t"one"\t1\n'


@given(
    st.lists(
        st.just(LINE)
        | st.binary(max_size=30)
        | st.sampled_from(
            [b"0", b'0\t"x"', b'0\t"\\"\t1', b'1\t"x"\t1', b'0\t["\\\\"]\t1', b'{"form":0}', b"\xff\t\t"]
        ),
        max_size=8,
    )
)
def test_rubbish_among_spans_in_short(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    """Whatever else a dead process left, whole spans come out, and nothing that is no span."""
    directory = tmp_path_factory.mktemp("spool")
    content = (
        HEADER.encode() + PLAIN.line(0).encode() + b"".join(line.rstrip(b"\n") + b"\n" for line in lines)
    )
    (directory / "a.traces.jsonl.part").write_bytes(content + LINE[:-1])
    recover(directory)
    found = read_spans(directory) if (directory / "a.traces.jsonl").exists() else []
    assert [one.name for one in found] == ["one" for line in lines if line == LINE]


def test_a_form_that_is_lost(tmp_path: Path) -> None:
    """Spans of a form that nobody knows any more are left out, and the others are not."""
    journal = Journal(tmp_path / "a.traces.jsonl", RESOURCE, SCOPE)
    journal.append('"one"\t1', PLAIN)
    journal.append('"two"\t2', form("other"))
    shutil.copy(journal.part, tmp_path / "kept")
    journal.abandon()
    lines = (tmp_path / "kept").read_text().splitlines(keepends=True)
    journal.part.write_text("".join(line for line in lines if not line.startswith('{"form":0')))
    recover(tmp_path)
    assert [one.name for one in read_spans(tmp_path)] == ["two"]
