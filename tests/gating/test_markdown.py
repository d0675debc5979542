"""The comment for a pull request: whatever names hold, they show as themselves."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gnomon.settings.model import Gate
from gnomon_analysis.gating import markdown
from gnomon_analysis.gating.comparison import Inputs, compare, overall
from gnomon_analysis.gating.gate import Outcome
from gnomon_analysis.gating.judging import Verdict
from tests.gating.planted import result, side

BASE, HEAD = "b" * 40, "a" * 40


def outcome(
    *, cases: int = 40, name: str = "C", subject: str = "", model: str = "m", suite: str = "routing"
) -> Outcome:
    base = side(BASE, [[result(f"{name}{at:04}", actual=f"{name}-skill") for at in range(cases)]])
    head = side(
        HEAD,
        [[result(f"{name}{at:04}", False, expected="alpha") for at in range(cases)]],
        conditions={"models": frozenset({model})},
    )
    suites = compare([Inputs(base=base, head=head, subjects={HEAD: subject})], Gate(), allow_upstream=True)
    return Outcome(
        enabled=True,
        verdict=overall(suites),
        unsure=Verdict.PASS,
        passed=False,
        head=HEAD,
        base_name="main",
        grown_from=BASE,
        head_is_on_base=False,
        suites=tuple(suites),
        without_base=(name,),
        left_out={},
    )


def test_a_huge_comparison_fits_a_comment() -> None:
    """Lists get shorter until GitHub takes the comment; what matters is in it."""
    text = markdown.render(outcome(cases=3000, name="a-very-long-name-of-a-test" * 4))
    assert len(text) <= 60_200
    assert "| routing accuracy | 100.0 % | 0.0 % |" in text
    assert "Cases that fell (3000)" in text
    assert re.search(r"and \d+ more", text)


@given(st.text(max_size=60))
def test_a_code_span_holds_any_text(text: str) -> None:
    """It is one line, and the fence around it is longer than any within."""
    span = markdown.code(text)
    assert "\n" not in span
    if span:
        fence = re.match(r"`+", span)
        assert fence
        inside = span[len(fence[0]) : -len(fence[0])]
        assert fence[0] not in re.findall(r"`+", inside)
        assert span.endswith(fence[0])


@given(
    st.text(alphabet="|`\n\\<>@[]()*_#!-a ", min_size=1, max_size=30),
    st.text(alphabet="|`\n\\<>@[]()*_#!-a ", max_size=30),
)
def test_tables_keep_their_columns(name: str, model: str) -> None:
    """No name makes a cell or a line of its own, and nobody is called by a mention outside a code span."""
    text = markdown.render(outcome(cases=3, name=name, subject=name, model=model or "m"))
    for line in text.splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) in (6, 7), line
        assert not line.startswith(("# ", "<script"))
    outside = re.sub(r"(`+).+?\1", "", text)
    assert not re.search(r"@\w", outside)
