from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from gnomon.errors import UserError
from gnomon_analysis.demo.answers import Score, read
from gnomon_analysis.demo.demonstration import agree
from gnomon_analysis.report import page, wording
from gnomon_analysis.store import open_store
from tests import warm
from tests.cli.run import SCRIPT
from tests.demo.replayed import COMMITS, example_repository, replay, wish
from tests.otlp_sink import http_sink


@pytest.fixture(autouse=True)
def warmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The replays of this process begin with libraries imported, as those of the command do."""
    monkeypatch.setattr(sys, "executable", str(warm.scripts() / "python"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return example_repository(tmp_path_factory.mktemp("example"))


def from_the_notes(out: Path) -> dict[str, tuple[int, int]]:
    """Right and all answers by commit, from the notebook and the YAML file alone."""
    golden = {case["id"]: case for case in yaml.safe_load((out / "golden-set.yaml").read_text())["tests"]}

    def right(case: dict[str, object], answer: str | None) -> bool:
        if "workflow" in case:
            return answer in [step["skill"] for step in case["workflow"]]  # type: ignore[attr-defined]
        if case["expected_skill"] is None:
            return answer is None
        alternates: list[str] = case.get("alternate_skills", [])  # type: ignore[assignment]
        return answer in [case["expected_skill"], *alternates]

    correct: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    for line in (out / "answers.jsonl").read_text().splitlines():
        note = json.loads(line)
        judged[note["commit"]] += 1
        correct[note["commit"]] += right(golden[note["case"]], note["answer"])
    return {commit: (correct[commit], judged[commit]) for commit in judged}


def in_the_store(out: Path) -> dict[str | None, tuple[int, int]]:
    with open_store(out / "gnomon.db") as store:
        return {
            row.commit: (row.tally.correct, row.tally.judged) for row in store.accuracy_by_commit("routing")
        }


@pytest.mark.parametrize(
    ("changes", "commits", "answers"),
    [
        ({}, COMMITS, 44),
        ({"workers": 2, "span": "HEAD~3..HEAD"}, 3, 44),
        ({"runs": 2, "temperature": 0.01, "span": "HEAD~3..HEAD"}, 3, 88),
    ],
    ids=["plain", "xdist", "runs with chance"],
)
def test_the_stores_accuracy_is_the_routers_own(
    repository: Path, tmp_path: Path, changes: dict[str, object], commits: int, answers: int
) -> None:
    """Right and judged answers of every commit equal those of the router's notes, to the last one."""
    result = replay(wish(repository, tmp_path / "out", **changes))
    stored = in_the_store(result.out)
    assert stored == from_the_notes(result.out)
    assert len(stored) == commits
    assert {judged for _, judged in stored.values()} == {answers}
    assert result.agreement.compared == commits
    assert result.agreement.different == ()


def test_workers_and_jobs_change_no_answer(repository: Path, tmp_path: Path) -> None:
    """Even with chance, the same commit, run and case get the same answer in whatever process."""
    alone = replay(wish(repository, tmp_path / "a", span="HEAD~1..HEAD", temperature=0.01, jobs=1))
    spread = replay(wish(repository, tmp_path / "b", span="HEAD~1..HEAD", temperature=0.01, workers=2))
    keys = [
        sorted(
            (note.commit, note.run, note.case, note.answer or "")
            for note in read(result.out / "answers.jsonl")
        )
        for result in (alone, spread)
    ]
    assert keys[0] == keys[1]


def test_a_collector_that_dies_half_way_costs_no_answer(repository: Path, tmp_path: Path) -> None:
    """Accuracy stays exact when the backend takes a few requests and then closes every connection."""
    with http_sink(limit=3, afterwards="close") as sink:
        result = replay(wish(repository, tmp_path / "out", span="HEAD~3..HEAD", endpoint=sink.endpoint))
    assert len(sink.accepted) == 3
    assert sink.refused
    assert in_the_store(result.out) == from_the_notes(result.out)
    assert result.agreement.different == ()
    (note,) = result.notes
    assert f" did not reach {sink.endpoint} and wait; send them with: " in note


def test_a_golden_set_of_other_skills_is_noted(repository: Path, tmp_path: Path) -> None:
    """Skills that no replayed commit has are named with their cases, on the terminal and in the report."""
    golden = tmp_path / "golden.yaml"
    golden.write_text(
        "tests:\n"
        "  - {id: A, input: refund order 7781, expected_skill: refund}\n"
        "  - {id: B, input: refund order 7781, expected_skill: refunds, not_skill: order}\n"
        "  - {id: C, input: refund order 7781, expected_skill: gone, skip: true}\n"
    )
    done = gnomon(
        *("demo", "--repo", str(repository), "--golden", str(golden), "--range", "HEAD~1..HEAD"),
        cwd=tmp_path,
    )
    note = "no replayed commit has skills called order, refund, named in the golden set by 2 cases (A, B): is"
    assert done.returncode == 0, done.stderr
    assert f"Note      {note}" in done.stdout
    assert "1 commit × 1 run, 2 golden cases each" in done.stdout  # noqa: RUF001 - the sign that it prints
    assert note[1:] in (tmp_path / ".gnomon" / "demo" / "report.html").read_text()


def test_commands_that_are_shown_can_be_run(repository: Path, tmp_path: Path) -> None:
    """Where no shell finds Gnomon, as after `make demo`, the report shows where it is."""
    git = shutil.which("git")
    assert git is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(git)
    golden = repository / "tests" / "routing_golden.yaml"
    arguments = ("demo", "--repo", str(repository), "--golden", str(golden), "--range", "HEAD~1..HEAD")
    path = os.environ | {"PATH": str(tmp_path / "bin")}
    done = warm.anew([str(SCRIPT), *arguments], cwd=tmp_path, env=path)
    assert done.returncode == 0, done.stderr
    state = tmp_path / ".gnomon" / "demo"
    assert f"GNOMON_STATE_DIRECTORY={state} {SCRIPT} show last" in (state / "report.html").read_text()


def test_a_golden_set_of_skipped_cases_is_a_mistake(repository: Path, tmp_path: Path) -> None:
    """There would be no accuracy to tell, and nothing to compare."""
    golden = tmp_path / "golden.yaml"
    golden.write_text("tests:\n  - {id: A, input: refund order 7781, expected_skill: refunds, skip: true}\n")
    with pytest.raises(UserError, match=r"golden.yaml: every case is skipped; take `skip: true` out"):
        replay(wish(repository, tmp_path / "out", golden=golden))


def test_accuracy_that_stayed_is_told_once(repository: Path, tmp_path: Path) -> None:
    """A pure rename between two commits moves nothing."""
    result = replay(wish(repository, tmp_path / "out", span="HEAD~4..HEAD~2"))
    accuracy = wording.percent(result.evidence.last.accuracy)
    told = page.headline(result.evidence)
    assert told.startswith(f"Over 2 commits routing accuracy stayed at {accuracy}: ±0.0 points, 95")


def test_the_story_of_the_example_is_told(repository: Path, tmp_path: Path) -> None:
    """The merge of three skills falls, the split rises and stands out, a pure rename moves nothing."""
    evidence = replay(wish(repository, tmp_path / "out")).evidence
    by_subject = {move.after.note.subject: move for move in evidence.steps}
    merge = by_subject["Merge refunds, outages and reports into one operations skill"]
    split = by_subject["Split operations again and give the skills explicit triggers"]
    rename = by_subject["Move the articles skill to skills/help-centre"]
    assert merge.paired.difference < -0.2
    assert split.paired.difference > 0.2
    assert split.stands_out
    assert (rename.paired.risen, rename.paired.fallen) == ((), ())
    assert evidence.largest(1, 1) == [split]
    assert evidence.largest(-1, 1) == [merge]
    # Merged skills document the commands, but under a name that nobody expects.
    assert {"D09", "D11", "D13"} <= set(merge.paired.fallen)


def test_cost_and_tokens_are_real_counts_under_an_honest_name(repository: Path, tmp_path: Path) -> None:
    """Calls bear the lexical router's name, and the cost is the estimate by the price that was asked for."""
    result = replay(wish(repository, tmp_path / "out", span="HEAD~1..HEAD"))
    with open_store(result.out / "gnomon.db") as store:
        (row,) = store.costs_by_commit("routing")
        (run,) = store.runs("routing")
        calls = store.model_calls(run.run_id)
    assert (row.provider, row.model, row.cost_source) == ("gnomon-demo", "lexical-tfidf", "estimated")
    assert row.calls.calls == len(calls) == 44
    rates = result.price.rates
    expected = sum(
        ((call.input_tokens or 0) * rates.input + (call.output_tokens or 0) * rates.output) / 1e6
        for call in calls
    )
    assert row.calls.cost_usd == pytest.approx(expected, rel=1e-9)
    assert run.golden_set_version
    assert run.dirty is False


def test_an_earlier_demo_is_replaced_and_nothing_else_is(repository: Path, tmp_path: Path) -> None:
    """The folder of a demo may be used again; a folder with other files is refused."""
    out = tmp_path / "out"
    for _ in range(2):
        replay(wish(repository, out, span="HEAD~1..HEAD"))
    assert len(in_the_store(out)) == 1
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match="was not written by a demo"):
        replay(wish(repository, mine))
    assert (mine / "letter.txt").read_text() == "dear"


def test_a_disagreement_is_named() -> None:
    """A commit that differs in a single answer, or that one side lacks, is reported."""
    assert agree([], {"abc": Score(1, 2)}).different == ("abc",)


def gnomon(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return warm.run([str(SCRIPT), *arguments], cwd=cwd, env=os.environ | environment)


def test_the_command_ends_with_the_figures_and_the_reports_path(repository: Path, tmp_path: Path) -> None:
    """Piped, it prints plain lines: table, moves, cost, flaky tests, agreement, path of the report."""
    golden = repository / "tests" / "routing_golden.yaml"
    done = gnomon(
        *("demo", "--repo", str(repository), "--golden", str(golden), "--range", "HEAD~3..HEAD"),
        cwd=tmp_path,
        # Settings and plugins of the caller's have no say in the replay.
        GNOMON_STATE_DIRECTORY=str(tmp_path / "elsewhere"),
        PYTEST_ADDOPTS="--no-such-option",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
    )
    assert done.returncode == 0, done.stderr
    report = tmp_path / ".gnomon" / "demo" / "report.html"
    assert report.is_file()
    assert str(report) in done.stdout
    assert "\x1b" not in done.stdout
    assert "estimated" in done.stdout
    assert "the store equals the router's own notes at all 3 commits" in done.stdout
    assert re.search(r"86\.4\s%.*Keep only triggers", done.stdout)
    assert not (tmp_path / "elsewhere").exists()


def test_json_is_the_whole_answer(repository: Path, tmp_path: Path) -> None:
    """With --json standard output holds one JSON object and nothing else."""
    golden = repository / "tests" / "routing_golden.yaml"
    done = gnomon(
        *("demo", "--repo", str(repository), "--golden", str(golden), "--range", "HEAD~2..HEAD", "--json"),
        cwd=tmp_path,
    )
    answer = json.loads(done.stdout)
    assert [commit["judged"] for commit in answer["commits"]] == [44, 44]
    assert answer["cost"]["source"] == "estimated"
    assert answer["agreement"] == {"compared": 2, "different": []}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--repo", "nowhere", "--golden", "x.yaml"], 2, "x.yaml: there is no such golden set"),
        (["--repo", "{repository}"], 2, "--repo needs --golden FILE"),
        (["--repo", "nowhere", "--golden", "{golden}"], 2, "nowhere: there is no such folder"),
        (
            ["--repo", "{repository}", "--golden", "{golden}", "--range", "main..main"],
            1,
            "no commit in the range",
        ),
        (["--repo", "{repository}", "--golden", "{golden}", "--range", "main"], 2, "two dots"),
        (["--repo", "{repository}", "--golden", "{repository}"], 2, "cannot be read (Is a directory); give"),
        (["--repo", "{repository}/tests", "--golden", "{golden}"], 2, "a folder within the repository"),
        (["--endpoint", "ftp://x"], 2, "the OTLP endpoint 'ftp://x' is no http or https URL"),
        (["--price-as", "no-such-model"], 2, "the price table has no such model"),
        (["--runs", "0"], 2, "--runs"),
    ],
)
def test_mistakes_are_sentences(
    repository: Path, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    """Every wrong argument ends with its exit code and one sentence, never with a traceback."""
    golden = repository / "tests" / "routing_golden.yaml"
    given = [one.format(repository=repository, golden=golden) for one in arguments]
    done = gnomon("demo", *given, cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
