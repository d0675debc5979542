"""`gnomon bisect` in a real repository with a real suite whose router reads the skills."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from gnomon_analysis.store import Store, open_store
from gnomon_analysis.store.opening import reading, writing
from gnomon_analysis.store.schema import change_impacts
from gnomon_analysis.store.schema import runs as runs_table
from tests.bisection.shop import SUITE, Shop
from tests.store.spool_files import Run

PRICED = SUITE.replace("import pytest\n", "import gnomon\nimport pytest\n", 1).replace(
    "    answer = route(request)\n",
    '    with gnomon.model_call("claude-haiku-4-5") as call:\n'
    "        call.tokens(input=100_000, output=2_000)\n"
    "    answer = route(request)\n",
)
HEED_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
COST_OF_RUN = 4 * (0.1 * 1.0 + 0.002 * 5.0)


def history(shop: Shop, before: int = 4, after: int = 3) -> str:
    """A change of the refunds' triggers among harmless commits; which one it is."""
    shop.grow(before)
    culprit = shop.change("Rewrite refunds", refunds="cash")
    shop.grow(after)
    return culprit


def answer(shop: Shop, *arguments: str, code: int = 0) -> dict[str, Any]:
    text = shop.gnomon("bisect", *arguments, "--yes", "--json", code=code)
    found: dict[str, Any] = json.loads(text[text.index("{\n") :])
    return found


def test_the_commit_is_found_and_nothing_of_the_users_is_touched(shop: Shop) -> None:
    """The culprit is named with its levels and files; the dirty working tree stays as it is, each byte."""
    culprit = history(shop)
    shop.write(".gnomon/headers", "kept here by the user\n")
    shop.write("skills/advice/SKILL.md", "not committed yet\n")
    shop.write("src/new.py", "# not tracked\n")
    shop.git("add", "src/new.py")
    shop.write("docs/notes.md", "put aside\n")
    shop.git("stash", "push", "--quiet", "docs/notes.md")
    before = shop.untouched()

    said = shop.gnomon("bisect", "routing_accuracy", "--good", "HEAD~8", "--yes")

    assert shop.untouched() == before
    assert f"{culprit[:8]} Rewrite refunds: " in said
    assert "touches skills/refunds/SKILL.md (modified)" in said
    assert "routing_accuracy" in said
    assert not list(shop.temporary.glob("gnomon-replay-*"))


def test_runs_are_ordinary_runs_of_their_commits(shop: Shop) -> None:
    """They are in the store with their commit, clean, of the same suite, and say which search made them."""
    culprit = history(shop)
    found = answer(shop, "pass_rate", "--good", "HEAD~8")
    assert found["commit"] == culprit
    assert found["touched"] == ["skills/refunds/SKILL.md (modified)"]
    with open_store(shop.state / "gnomon.db") as store:
        runs = store.runs()
    assert len(runs) == found["spent"]["runs"]
    assert {run.commit for run in runs} <= set(shop.commits)
    assert {run.suite for run in runs} == {"routing"}
    assert not any(run.dirty for run in runs)
    assert {run.repository for run in runs} == {"shop"}
    # A backend would show the points of past revisions as today's.
    assert not list((shop.state / "spool").glob("*.metrics.jsonl*"))
    assert list((shop.state / "spool").glob("*.traces.jsonl"))


def test_what_the_store_knows_is_not_run_again(shop: Shop) -> None:
    """Runs of good and bad commits that were made before count, and tell where to begin."""
    shop.grow(2)
    for _ in range(3):
        shop.pytest()
    good = shop.commits[-1]
    culprit = history(shop, before=3, after=2)
    for _ in range(3):
        shop.pytest()
    found = answer(shop, "routing_accuracy")
    assert found["plan"]["good"] == good
    assert found["plan"]["known_runs"] == 6
    assert found["plan"]["runs_at_ends"] == {}
    assert found["commit"] == culprit
    assert found["spent"]["runs"] <= 4


def test_no_commit_is_said_to_be_certain(shop: Shop) -> None:
    """However clear the runs are."""
    shop.grow(1)
    for _ in range(5):
        shop.pytest()
    history(shop, before=0, after=0)
    for _ in range(5):
        shop.pytest()

    said = shop.gnomon("bisect", "routing_accuracy", "--yes")

    assert "Rewrite refunds: over 99 % sure" in said
    asked_for_more = shop.gnomon("bisect", "routing_accuracy", "--confidence", "99.5", "--yes")
    assert "Rewrite refunds: over 99.9 % sure" in asked_for_more


def test_latency_is_that_of_the_test_itself(shop: Shop) -> None:
    """As in findings: what a fixture takes is no part of it."""
    shop.grow(1)
    for number, (commit, seconds) in enumerate([(shop.commits[-2], 0.25), (shop.commits[-1], 0.5)] * 6):
        run = Run(key=f"run{number}", sequence=number + 1, started=60 * number, commit=commit)
        run.extra = {"vcs.repository.name": "shop"}
        for case in ("a", "b", "c"):
            run.test(case, duration=9.0, attributes={"gnomon.test.call.duration": seconds + number / 1000})
        run.write(shop.state / "spool")

    found = answer(shop, "latency", "--good", "HEAD~1")

    assert found["spent"]["runs"] == 0
    assert found["commit"] == shop.commits[-1]
    assert found["before"]["estimate"] == pytest.approx(0.255, rel=0.02)
    assert found["after"]["estimate"] == pytest.approx(0.506, rel=0.02)


def test_where_no_run_is_made_nobody_is_asked(shop: Shop) -> None:
    """The runs that there are say enough, and that is what the plan says."""
    shop.grow(1)
    for _ in range(5):
        shop.pytest()
    history(shop, before=0, after=0)
    for _ in range(5):
        shop.pytest()

    said = shop.gnomon("bisect", "routing_accuracy")

    assert "makes no more runs: those in the store say enough" in said
    assert "Rewrite refunds: over 99 % sure" in said
    assert "took 0 runs" in said


def test_the_estimate_comes_from_past_runs(shop: Shop) -> None:
    """Before a run is made, runs, money and time are foretold ; --dry-run ends there."""
    shop.write("tests/test_routing.py", PRICED)
    shop.commits.append(shop.commit("Count tokens"))
    for _ in range(3):
        shop.pytest()
    history(shop)
    for _ in range(3):
        shop.pytest()
    before = shop.untouched()
    said = json.loads(shop.gnomon("bisect", "routing_accuracy", "--dry-run", "--json"))["plan"]
    assert said["run"]["usd"] == pytest.approx(COST_OF_RUN)
    assert said["estimate"]["reaches"] == 1
    runs, usd = said["estimate"]["runs"]["middle"], said["estimate"]["usd"]["middle"]
    assert 1 <= runs <= 8
    assert 0 < usd <= runs * COST_OF_RUN * 1.001
    told = shop.gnomon("bisect", "routing_accuracy", "--dry-run")
    assert "more runs" in told
    assert "USD" in told
    assert shop.untouched() == before
    with open_store(shop.state / "gnomon.db") as store:
        assert len(store.runs()) == 6
    assert not list(shop.temporary.iterdir())


def test_nobody_to_ask_is_told(shop: Shop) -> None:
    """Without a terminal and without --yes nothing is begun."""
    history(shop)
    said = shop.gnomon("bisect", "pass_rate", "--good", "HEAD~8", code=2)
    assert "add --yes" in said
    assert not list((shop.state / "spool").glob("*"))


def test_a_killed_search_goes_on(shop: Shop) -> None:
    """After SIGKILL the same command counts what was done, cleans up, and comes to the same end."""
    slow = SUITE.replace(
        "    answer = route(request)\n", "    __import__('time').sleep(0.2)\n    answer = route(request)\n"
    )
    shop.write("tests/test_routing.py", slow)
    shop.commits.append(shop.commit("Take time"))
    culprit = history(shop, before=3, after=3)
    arguments = ("pass_rate", "--good", "HEAD~7", "--runs-at-head", "3")
    process = subprocess.Popen(
        shop.command("bisect", *arguments, "--yes"),
        cwd=shop.folder,
        env=shop.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while len(list((shop.state / "spool").glob("*.traces.jsonl"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(shop.temporary.glob("gnomon-replay-*"))
    found = answer(shop, *arguments)
    assert found["plan"]["resumed"]
    assert found["plan"]["known_runs"] >= 2
    assert found["commit"] == culprit
    assert not list(shop.temporary.glob("gnomon-replay-*"))
    again = answer(shop, *arguments)
    assert again["spent"]["runs"] == found["spent"]["runs"]
    assert again["commit"] == culprit


def test_ctrl_c_keeps_what_was_done(shop: Shop) -> None:
    """An interrupted search ends its run, removes its trees, and says how to go on."""
    slow = SUITE.replace("    answer = route(request)\n", "    __import__('time').sleep(20)\n")
    shop.write("tests/test_routing.py", slow)
    shop.commits.append(shop.commit("Take for ever"))
    shop.grow(2)
    process = subprocess.Popen(
        # Whoever runs the tests in the background has SIGINT ignored, and would hand that down.
        [
            sys.executable,
            "-c",
            HEED_CTRL_C,
            *shop.command("bisect", "pass_rate", "--good", "HEAD~2", "--yes"),
        ],
        cwd=shop.folder,
        env=shop.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list((shop.state / "spool").glob("*.plan.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "the same command goes on from here" in said
    assert not list(shop.temporary.glob("gnomon-replay-*"))


def test_a_revision_that_cannot_be_run_is_skipped_and_remembered(shop: Shop) -> None:
    """A broken suite is no failing test: the revision is left out, said, and not tried again."""
    shop.grow(2)
    shop.write("tests/test_routing.py", "import nothing_of_this_name\n" + SUITE)
    shop.commits.append(shop.commit("Break the suite"))
    broken = shop.commits[-1]
    culprit = shop.change("Rewrite refunds", refunds="cash")
    shop.write("tests/test_routing.py", SUITE)
    shop.commits.append(shop.commit("Mend the suite"))
    shop.grow(2)
    # Nothing is known of skills here, so that all commits are looked at alike.
    found = answer(shop, "pass_rate", "--good", "HEAD~7", "--own-tests", "--max-runs", "40", code=1)
    assert found["ending"] == "no_run_tells_more"
    assert set(found["broken"]) <= {broken, culprit}
    assert found["broken"]
    assert all("nothing_of_this_name" in why for why in found["broken"].values())
    assert {one["commit"] for one in found["candidates"]} <= {broken, culprit, shop.commits[5]}
    assert culprit in {one["commit"] for one in found["candidates"]}
    again = answer(shop, "pass_rate", "--good", "HEAD~7", "--own-tests", "--max-runs", "40", code=1)
    assert again["spent"]["runs"] == found["spent"]["runs"]
    assert again["broken"] == found["broken"]


def test_a_suite_that_runs_nowhere_is_the_users_to_mend(shop: Shop) -> None:
    """At the ends it has to run; what it said is told."""
    shop.grow(2)
    said = shop.gnomon(
        "bisect",
        "pass_rate",
        "--good",
        "HEAD~2",
        "--yes",
        "--command",
        "sh -c 'exit 9'",
        code=3,
    )
    assert "the suite cannot be run at the bad end" in said
    assert "exit code 9" in said
    said = shop.gnomon(
        "bisect", "pass_rate", "--good", "HEAD~2", "--yes", "--command", "no-such-program", code=3
    )
    assert "'no-such-program' was not found" in said


def test_budgets_end_a_search(shop: Shop) -> None:
    """Runs, money and time each end it, with what is known by then, and nothing is spent beyond."""
    shop.write("tests/test_routing.py", PRICED)
    shop.commits.append(shop.commit("Count tokens"))
    history(shop, before=6, after=6)
    # Without paths to go by, more than the ends is needed.
    shop.pytest()
    arguments = ("pass_rate", "--good", "HEAD~13", "--confidence", "99.99")
    found = answer(shop, *arguments, "--max-runs", "3", code=1)
    assert (found["ending"], found["spent"]["runs"]) == ("out_of_runs", 3)
    found = answer(shop, *arguments, "--max-cost", str(4.5 * COST_OF_RUN), code=1)
    assert found["ending"] == "out_of_money"
    assert 3 * COST_OF_RUN < found["spent"]["usd"] <= 4.5 * COST_OF_RUN
    found = answer(shop, *arguments, "--max-time", "1ms", code=1)
    assert found["ending"] == "out_of_time"


def test_todays_tests_measure_every_revision(shop: Shop) -> None:
    """A suite with a golden set is laid over old revisions, so that all are asked the same."""
    first = shop.commits[0]
    shop.write(
        "tests/test_routing.py", SUITE.replace('    "money": ("I want my money back", "refunds"),\n', "")
    )
    shop.write("tests/golden.yaml", "version: 1\n")
    shop.commits.append(shop.commit("Ask less"))
    culprit = history(shop, before=1, after=1)
    shop.write("tests/test_routing.py", SUITE)
    shop.write("tests/golden.yaml", "version: 2\n")
    shop.write(
        "gnomon.yaml",
        "project: {name: shop}\nsuites:\n"
        "  - {name: routing, paths: ['tests/**'], golden_set: tests/golden.yaml}\n",
    )
    shop.commits.append(shop.commit("Ask more"))
    found = answer(shop, "routing_accuracy", "--good", first, "--case", "money", "--case", "broken")
    assert found["commit"] == culprit
    assert found["plan"]["tests_from"] == shop.commits[-1]
    with open_store(shop.state / "gnomon.db") as store:
        runs = store.runs()
        cases = {result.case_id for run in runs for result in store.results(run.run_id)}
        said = [dict(row.attributes) for row in _attributes(store)]
    assert {run.golden_set_version for run in runs} == {"2"}
    assert not any(run.dirty for run in runs)
    assert {one["gnomon.replay.tests"] for one in said} == {shop.commits[-1]}
    assert len({one["gnomon.replay.id"] for one in said}) == 1
    assert {one.get("gnomon.replay.cases") for one in said} == {None, "2"}
    assert {"money", "broken"} <= cases
    assert sum(run.tally.tests == 2 for run in runs) >= len(runs) - 1  # the first tells which cases there are


def _attributes(store: Store) -> list[Row[Any]]:
    with reading(store.engine) as connection:
        return list(connection.execute(select(runs_table.c.attributes)))


def test_runs_with_other_tests_do_not_count(shop: Shop) -> None:
    """What was measured with other tests than those laid over is left out, and said to be."""
    shop.pytest()
    shop.grow(1)
    shop.write("tests/test_routing.py", SUITE + "\n\ndef test_more():\n    pass\n")
    shop.commits.append(shop.commit("Ask more"))
    shop.pytest()
    said = shop.gnomon("bisect", "pass_rate", "--good", "HEAD~2", "--tests-from", "HEAD", "--dry-run")
    assert "1 run of these commits in the store" in said
    assert "1 run not comparable: other tests" in said
    said = shop.gnomon("bisect", "pass_rate", "--good", "HEAD~2", "--own-tests", "--dry-run")
    assert "2 runs of these commits in the store" in said


def test_a_command_of_the_users_own(shop: Shop) -> None:
    """It runs in a checkout, with the cases in place of {cases}."""
    culprit = history(shop, before=2, after=2)
    command = f"{sys.executable} -m pytest --gnomon -q {{cases}}"
    found = answer(shop, "pass_rate", "--good", "HEAD~5", "--case", "money", "--command", command)
    assert found["commit"] == culprit
    with open_store(shop.state / "gnomon.db") as store:
        assert {run.tally.tests for run in store.runs()} == {1, 4}


def test_settings_of_another_name(shop: Shop) -> None:
    """The settings file that is named for the search is in force at every revision."""
    (shop.folder / "gnomon.yaml").rename(shop.folder / "quality.yaml")
    shop.commits.append(shop.commit("Rename the settings"))
    culprit = history(shop, before=1, after=1)
    text = shop.gnomon("--config", "quality.yaml", "bisect", "pass_rate", "--good", "HEAD~3", "--yes")
    assert f"{culprit[:8]} Rewrite refunds: " in text
    with open_store(shop.state / "gnomon.db") as store:
        assert {run.suite for run in store.runs()} == {"routing"}


def test_old_revisions_import_their_own_modules(shop: Shop, tmp_path: Path) -> None:
    """Where the working tree is on Python's path, a past revision still finds its own modules first."""
    shop.write(
        "tests/test_routing.py",
        SUITE.replace('sys.path.insert(0, str(Path(__file__).parents[1] / "src"))\n', ""),
    )
    shop.write("src/words.py", "MONEY = 'money'\n")
    shop.commits.append(shop.commit("Import from the path"))
    good = shop.commits[-1]
    shop.grow(1)
    shop.write("src/router.py", "def route(request):\n    return ''\n")
    shop.commits.append(shop.commit("Break the router"))
    culprit = shop.commits[-1]
    shop.grow(1)
    environment = shop.environment() | {"PYTHONPATH": str(shop.folder / "src")}
    done = subprocess.run(
        shop.command("bisect", "pass_rate", "--good", good, "--yes", "--json"),
        cwd=shop.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["commit"] == culprit


def test_skills_in_a_submodule(shop: Shop, tmp_path: Path) -> None:
    """Each revision is measured with the commit of the submodule that it names."""
    skills = Shop(tmp_path / "skills")
    skills.change("Rewrite refunds", refunds="cash")
    bad = skills.commits[-1]
    shop.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(skills.folder), "more")
    shop.write(
        "src/router.py",
        (shop.folder / "src/router.py").read_text().replace("[1].glob", "[1].glob('more/').__next__().glob"),
    )
    shop.git("-C", "more", "checkout", "--quiet", skills.commits[0])
    shop.commits.append(shop.commit("Take the skills from a submodule"))
    good = shop.commits[-1]
    shop.grow(1)
    shop.git("-C", "more", "checkout", "--quiet", bad)
    shop.commits.append(shop.commit("Take newer skills"))
    culprit = shop.commits[-1]
    shop.grow(1)
    found = answer(shop, "pass_rate", "--good", good)
    assert found["commit"] == culprit
    assert found["broken"] == {}


def planted(shop: Shop, before: str, after: str, **more: object) -> None:
    """A finding about one case, without what `more` says otherwise."""
    with open_store(shop.state / "gnomon.db") as store, writing(store.engine) as connection:
        row = {
            "impact_id": "f00dcafe",
            "repository": "shop",
            "suite": "routing",
            "metric": "routing_accuracy",
            "unit": "%",
            "more_is_better": True,
            "scope_kind": "case",
            "scope": "money",
            "before_revision": before,
            "after_revision": after,
            "changed_ns": 1,
            "runs_before": 1,
            "runs_after": 1,
            "verdict": "not_enough_runs",
            "status": "open",
            "sentence": "More runs are needed.",
            "found_ns": 1,
            "updated_ns": 1,
        }
        connection.execute(change_impacts.insert(), row | more)


def test_the_cause_of_a_finding(shop: Shop) -> None:
    """A finding says metric, suite, case and the two ends; they need not be said again."""
    culprit = history(shop)
    shop.pytest()
    planted(shop, shop.commits[0], shop.commits[-1])
    found = answer(shop, "--finding", "f00d")
    assert found["commit"] == culprit
    assert (found["plan"]["metric"], found["plan"]["good"]) == ("routing_accuracy", shop.commits[0])
    assert "there is no finding 'beef'" in shop.gnomon("bisect", "--finding", "beef", code=2)


def test_all_suspects_of_a_finding_are_searched(shop: Shop) -> None:
    """Also those that lie outside of the two measured commits between which the change is likeliest."""
    culprit = history(shop)
    shop.pytest()
    place = shop.commits.index(culprit)
    between = [shop.commits[0], shop.commits[-1]]
    planted(shop, shop.commits[place], shop.commits[place + 1], attributes={"between": between})
    found = answer(shop, "--finding", "f00d")
    assert (found["plan"]["good"], found["plan"]["bad"]) == (shop.commits[0], shop.commits[-1])
    assert found["commit"] == culprit


def test_no_commit_is_searched_for_what_was_switched_outside(shop: Shop) -> None:
    """A finding that blames another model suspects no commit, which is said before anything is run."""
    history(shop)
    shop.pytest()
    planted(shop, shop.commits[0], shop.commits[-1], verdict="upstream")
    assert "f00d suspects no commit" in shop.gnomon("bisect", "--finding", "f00d", code=2)


def test_a_skill_that_no_case_expects_is_not_run_for(shop: Shop) -> None:
    """The skills there are are named, and nothing is spent."""
    history(shop)
    shop.pytest()
    said = shop.gnomon("bisect", "pass_rate", "--skill", "refund", "--good", shop.commits[0], "--yes", code=2)
    assert "no case of suite routing expects skill 'refund'; name one of advice, refunds, tracking" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("happiness",), "there is no metric 'happiness'"),
        ((), "name the metric"),
        (("pass_rate", "--good", "nowhere"), "there is no commit 'nowhere'"),
        (("pass_rate", "--good", "HEAD"), "are the same commit"),
        (("pass_rate", "--good", "HEAD", "--bad", "HEAD~1"), "is not an ancestor of"),
        (("pass_rate", "--suite", "billing", "--good", "HEAD~1"), "there is no suite 'billing'"),
        (("pass_rate", "--max-time", "soon"), "write a time such as 30m"),
        (("pass_rate", "--own-tests", "--tests-from", "HEAD"), "exclude each other"),
    ],
)
def test_mistakes_are_told(shop: Shop, arguments: tuple[str, ...], sentence: str) -> None:
    """Each mistake of a user is one sentence and exit code 2."""
    shop.grow(1)
    assert sentence in shop.gnomon("bisect", *arguments, code=2)


def test_without_a_difference_somebody_must_say_where_to_begin(shop: Shop) -> None:
    """Where no runs show that the metric was different, a good commit has to be named."""
    shop.grow(1)
    assert "name a commit at which it was with --good" in shop.gnomon("bisect", "pass_rate", code=3)
