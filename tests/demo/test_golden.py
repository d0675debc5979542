from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.errors import UserError
from gnomon_analysis.demo.golden import GoldenSet, load, parse

FILE = Path("golden.yaml")


def read(text: str) -> GoldenSet:
    return parse(text, FILE)


def one(fields: str) -> GoldenSet:
    return read("version: '1'\ntests:\n  - id: A\n    input: do it\n" + fields)


def mistake(text: str) -> str:
    with pytest.raises(UserError) as raised:
        read(text)
    return str(raised.value)


def test_every_kind_of_case_says_what_is_right() -> None:
    """A skill, alternates, a question back, a forbidden skill and a workflow each decide as documented."""
    cases = {
        case.id: case
        for case in read(
            """
version: 1.10
tests:
  - {id: plain, input: a, expected_skill: x}
  - {id: also, input: a, expected_skill: x, alternate_skills: [y]}
  - {id: ask, input: "", expected_skill: null}
  - {id: never, input: a, expected_skill: x, alternate_skills: [z], not_skill: z}
  - id: flow
    input: a
    workflow:
      - {skill: x, action: first}
      - {skill: y}
      - {skill: x}
  - {id: out, input: a, expected_skill: x, skip: true, skip_reason: unclear}
"""
        ).cases
    }
    right = {
        name: {skill for skill in ("x", "y", "z", None) if case.accepts(skill)}
        for name, case in cases.items()
    }
    assert right == {
        "plain": {"x"},
        "also": {"x", "y"},
        "ask": {None},
        "never": {"x"},
        "flow": {"x", "y"},
        "out": {"x"},
    }
    assert cases["flow"].alternates == ("y", "x")
    assert (cases["out"].skip, cases["out"].skip_reason) == (True, "unclear")
    assert cases["plain"].category == "uncategorised"


def test_a_version_and_an_id_stay_the_text_that_was_written() -> None:
    """`1.10` and `007` are no numbers here."""
    golden = read("version: 1.10\ntests:\n  - {id: 007, input: a, expected_skill: x}\n")
    assert (golden.version, golden.cases[0].id) == ("1.10", "007")


def test_what_was_said_before_is_read_after_the_request() -> None:
    """A context mapping becomes lines behind the request, lists joined by commas."""
    golden = one("    expected_skill: x\n    context:\n      last: ABC-1\n      found: [A, B]\n")
    assert golden.cases[0].prompt == "do it\nlast: ABC-1\nfound: A, B"


def test_expected_commands_are_literal_or_regular_expressions() -> None:
    """Both kinds are found whatever the case of letters."""
    literal, regex = (
        one(
            "    expected_skill: x\n    expected_commands:\n"
            "      - pattern: Desk Show\n      - pattern_regex: 'show\\s+[A-Z]+-1'\n"
        )
        .cases[0]
        .commands
    )
    assert literal.found_in("run `desk show`") and not literal.found_in("desk  show")
    assert regex.found_in("desk show abc-1") and not regex.found_in("desk show 1")


def test_the_example_speaks_of_its_skills() -> None:
    """The golden set of the shipped example is valid and names the skills of its last revision."""
    from gnomon_analysis.demo import example

    path = next(Path(example.__file__).parent.glob("example/revisions/*/files/tests/routing_golden.yaml"))
    golden = load(path)
    assert len(golden.cases) == 45
    assert {case.category for case in golden.cases} == {
        "direct", "disambiguation", "context", "negative", "workflow", "edge",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tests: [", "golden.yaml:1: not valid YAML"),
        ("- a\n", "golden.yaml:1: expected a mapping"),
        ("version: 1\n", "`tests` must be a list"),
        ("tests: []\n", "`tests` must be a list"),
        ("tests:\n  - just text\n", "golden.yaml:2: case number 1 must be a mapping"),
        ("tests:\n  - input: a\n", "golden.yaml:2: case number 1 lacks `id`"),
        ("tests:\n  - {id: A, expected_skill: x}\n", "golden.yaml:2: case A lacks `input`"),
        ("tests:\n  - {id: A, input: a}\n", "case A says neither `expected_skill` nor `workflow`"),
        (
            "tests:\n  - id: A\n    input: a\n    expected_skil: x\n",
            "golden.yaml:4: case A, `expected_skil`: is not a known key; did you mean `expected_skill`",
        ),
        (
            "tests:\n  - id: A\n    input: a\n    expected_skill: [x]\n",
            "golden.yaml:4: case A, `expected_skill`: must be one text",
        ),
        ("tests:\n  - id: A\n    input: a\n    expected_skill: ''\n", "case A, `expected_skill`: is empty"),
        (
            "tests:\n  - {id: A, input: a, expected_skill: x, not_skill: x}\n",
            "expected and forbidden at once",
        ),
        (
            "tests:\n  - {id: A, input: a, expected_skill: null, alternate_skills: [x]}\n",
            "has no alternate skills",
        ),
        (
            "tests:\n  - {id: A, input: a, expected_skill: x, alternate_skills: x}\n",
            "must be a list of skill names",
        ),
        ("tests:\n  - {id: A, input: a, expected_skill: x, workflow: [{skill: x}]}\n", "not both"),
        ("tests:\n  - {id: A, input: a, workflow: []}\n", "`workflow`: is empty"),
        ("tests:\n  - {id: A, input: a, workflow: [x]}\n", "every entry must be a mapping"),
        ("tests:\n  - {id: A, input: a, workflow: [{action: x}]}\n", "lacks `skill`"),
        ("tests:\n  - {id: A, input: a, expected_skill: x, skip: perhaps}\n", "must be true or false"),
        ("tests:\n  - {id: A, input: a, expected_skill: x, context: before}\n", "must be a mapping such as"),
        (
            "tests:\n  - {id: A, input: a, expected_skill: x, expected_commands: [{pattern_regex: '('}]}\n",
            "is not a regular expression",
        ),
        (
            "tests:\n  - {id: A, input: a, expected_skill: x, expected_commands: [{say: a}]}\n",
            "either `- pattern",
        ),
        ("tests:\n  - {id: A, input: a, input: b, expected_skill: x}\n", "case number 1 gives `input` twice"),
        (
            "tests:\n  - {id: A, input: a, expected_skill: x}\n  - {id: A, input: b, expected_skill: x}\n",
            "golden.yaml:3: case A is also on line 2",
        ),
        (
            "tests:\n  - {id: A, input: a, expected_skill: !!python/object:os.system x}\n",
            "plain YAML does not know",
        ),
    ],
)
def test_a_mistake_is_told_with_file_line_and_case(text: str, said: str) -> None:
    """Every mistake is one sentence that names where it is and what to write instead."""
    answer = mistake(text)
    assert said in answer
    assert answer.startswith("golden.yaml:")
    assert "\n" not in answer


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A path that is not there is a sentence, too."""
    with pytest.raises(UserError, match="there is no such golden set"):
        load(tmp_path / "none.yaml")


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1).filter(str.strip)
names = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"id": names, "input": words, "expected_skill": st.none() | names},
            optional={"category": names, "skip": st.booleans(), "notes": words, "anything": words},
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda case: case["id"],
    )
)
@settings(max_examples=60, deadline=None)
def test_what_was_written_is_what_is_read(cases: list[dict[str, object]]) -> None:
    """Any set of valid cases comes back case by case, in order."""
    # Quoted, so that `no` and `1` are the texts that they look like.
    text = yaml.dump({"version": "1", "tests": cases}, default_style='"', allow_unicode=True, sort_keys=False)
    found = read(text).cases
    assert [(case.id, case.request, case.expected) for case in found] == [
        (case["id"], case["input"], case["expected_skill"]) for case in cases
    ]
    assert [case.skip for case in found] == [case.get("skip", False) for case in cases]


keys = st.sampled_from(["id", "tests", "input", "version", "workflow", "expected_skill", "context"])
trees = st.recursive(
    st.none() | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.text(max_size=200) | trees.map(yaml.safe_dump))
@settings(max_examples=200, deadline=None)
def test_no_text_gets_past_the_sentence(text: str) -> None:
    """Whatever stands in the file, the answer is a golden set or a mistake in words."""
    try:
        read(text)
    except UserError as error:
        assert str(error).startswith("golden.yaml")
