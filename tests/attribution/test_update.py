"""From runs in a store and commits in a repository to findings in the store."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree

import pytest

from gnomon import settings as gnomon_settings
from gnomon.settings import Settings
from gnomon_analysis.attribution import Finding, Outcome, find, findings, moved_cases, update
from gnomon_analysis.changes import Patterns, read_history
from gnomon_analysis.store import Store
from tests.attribution.planted import Repository, Runs, git

SKILLS = [["alpha/SKILL.md"], ["beta/SKILL.md"], ["README.md"]]
CASES = 24


def rates(level: float, moved: float | None = None, first: int = 8) -> dict[str, float]:
    """Cases that are right with probability `level`, the first ones with `moved`."""
    return {f"D{n:02}": moved if moved is not None and n < first else level for n in range(CASES)}


def grown(repository: Repository, count: int = 24) -> list[str]:
    return repository.commit_all([(f"Commit {n}", SKILLS[n % 3]) for n in range(count)])


def look(runs: Runs, repository: Repository, settings: Settings, **how: bool) -> Outcome:
    runs.now_ns += 1
    with repository.history(settings) as history:
        return update(runs.store, settings, history, now_ns=runs.now_ns, **how)


def told(store: Store) -> list[Finding]:
    return [finding for finding in findings(store) if finding.told]


def step(runs: Runs, commits: list[str], place: int = 12, **more: object) -> None:
    """A third of the cases fall at one commit."""
    for position, commit in enumerate(commits):
        runs.run(commit, rates(0.9, 0.2 if position >= place else None), count=2, **more)  # type: ignore[arg-type]


def test_the_commit_that_moved_cases_is_named(
    any_store: Store, repository: Repository, settings: Settings
) -> None:
    """On both databases: verdict, commit, sizes, cases, words and advice of a regression of one suite."""
    commits = grown(repository)
    runs = Runs(any_store, "desk")
    step(runs, commits)

    outcome = look(runs, repository, settings)

    (finding,) = [one for one in told(any_store) if one.scope_kind == "suite"]
    assert outcome.found
    assert (finding.metric, finding.verdict, finding.status) == ("routing_accuracy", "regression", "open")
    assert (finding.revision, finding.subject, finding.author) == (commits[12], "Commit 12", "Ada")
    assert (finding.before_revision, finding.after_revision) == (commits[11], commits[12])
    assert (finding.runs_before, finding.runs_after) == (24, 24)
    assert (finding.before, finding.after) == (pytest.approx(90, abs=4), pytest.approx(67, abs=4))
    assert finding.difference_low is not None
    assert finding.difference_high is not None
    assert finding.difference_low < -70 / 3 < finding.difference_high < 0
    assert (finding.unit, finding.more_is_better, finding.scope) == ("%", True, "routing")
    assert finding.candidates[0].revision == commits[12]
    assert (finding.department, finding.agent, finding.environment) == ("support", "desk", "test")
    assert finding.sentence.startswith(
        f"Commit {commits[12][:7]} (Commit 12) likely lowered routing accuracy of the suite routing by "
    )
    assert "caused" not in finding.sentence
    assert "sure that it is this commit" in finding.sentence
    cases = moved_cases(any_store, finding.impact_id)
    assert {case.case_id for case in cases} >= {f"D{number:02}" for number in range(8)}
    assert finding.cases_moved == len(cases)
    worst = cases[0]
    assert (worst.runs_before, worst.runs_after) == (24, 24)
    assert (worst.old_skill, worst.new_skill) == ("alpha", "other")
    assert worst.before is not None
    assert worst.after is not None
    assert worst.before > 0.7
    assert worst.after < 0.5


def test_nothing_moved_nothing_is_told(runs: Runs, repository: Repository, settings: Settings) -> None:
    """Chance alone makes no finding."""
    for commit in grown(repository):
        runs.run(commit, rates(0.8), count=2, tokens=900, cost=0.002, latency=1.2)

    assert look(runs, repository, settings).series > CASES
    assert told(runs.store) == []


@pytest.mark.parametrize(
    ("metric", "before", "after", "verdict"),
    [
        ("tokens", {"tokens": 1000}, {"tokens": 1300}, "regression"),
        ("cost", {"cost": 0.004}, {"cost": 0.003}, "improvement"),
        ("latency", {"latency": 0.8}, {"latency": 1.6}, "regression"),
        ("retries", {"latency": 1, "retries": 0}, {"latency": 1, "retries": 2}, "regression"),
    ],
)
def test_less_is_better_of_time_and_money(  # noqa: PLR0917
    runs: Runs,
    repository: Repository,
    settings: Settings,
    metric: str,
    before: dict[str, float],
    after: dict[str, float],
    verdict: str,
) -> None:
    """A rise of latency, tokens, retries or cost is a regression, a fall an improvement; told once."""
    commits = grown(repository)
    for position, commit in enumerate(commits):
        runs.run(commit, rates(1.0), **(after if position >= 9 else before))  # type: ignore[arg-type]

    look(runs, repository, settings)

    (finding,) = [one for one in told(runs.store) if one.metric == metric]
    assert (finding.verdict, finding.scope_kind) == (verdict, "suite")
    assert commits[9] in [one.revision for one in finding.candidates]


def test_attempts_are_counted_from_one(runs: Runs, repository: Repository, settings: Settings) -> None:
    """A test that passes at once has one attempt."""
    commits = grown(repository)
    for position, commit in enumerate(commits):
        runs.run(commit, rates(1.0), attempts=3 if position >= 9 else 1)

    look(runs, repository, settings)

    (finding,) = told(runs.store)
    assert finding.metric == "attempts"
    assert (finding.before, finding.after) == (pytest.approx(1, abs=0.2), pytest.approx(3, abs=0.2))


def test_runs_that_stand_nowhere_are_counted(runs: Runs, repository: Repository, settings: Settings) -> None:
    """Dirty trees, commits of other lines and runs without a commit are left out and said so."""
    commits = grown(repository, 6)
    for commit in commits:
        runs.run(commit, rates(0.9))
    runs.run(commits[-1], rates(0.0), dirty=True, count=3)
    runs.run("e" * 40, rates(0.0), count=2)
    runs.run(None, rates(0.0))
    runs.run("d" * 40, rates(0.0), repository="elsewhere", count=5)

    outcome = look(runs, repository, settings)

    assert outcome.runs == 6
    assert outcome.notes == [
        "2 runs left out: commits that are not on the first-parent line",
        "1 run left out: no known commit",
        "3 runs left out: uncommitted changes",
    ]
    assert told(runs.store) == []


def test_a_shallow_clone_takes_nothing_back(
    runs: Runs, repository: Repository, settings: Settings, tmp_path: Path
) -> None:
    """What was told with all runs stays as it was told; what of them counts no more is said, and why."""
    step(runs, grown(repository))
    look(runs, repository, settings)
    before = told(runs.store)
    clone = tmp_path / "ci" / repository.folder.name
    for depth in (13, 3):
        git(tmp_path, "clone", "--quiet", f"--depth={depth}", f"file://{repository.folder}", str(clone))
        with read_history(clone, Patterns.of(settings, clone)) as history:
            outcome = update(runs.store, settings, history, now_ns=runs.now_ns + 1, whole=True)
            assert history.ends_at is not None

        assert (outcome.runs, outcome.withdrawn) == (2 * depth, ())
        assert f"a shallow clone, which ends at {history.ends_at[:7]}: runs of commits before" in " ".join(
            outcome.notes
        )
        assert told(runs.store) == before
        rmtree(clone)


def test_a_part_of_a_suite_says_nothing_of_the_whole(
    runs: Runs, repository: Repository, settings: Settings
) -> None:
    """Runs of the worst cases alone, as a search makes them, lower no accuracy."""
    commits = grown(repository)
    for position, commit in enumerate(commits):
        hard = {f"D{number:02}": 0.3 if number < 6 else 1.0 for number in range(CASES)}
        runs.run(commit, hard, count=2)
        if position in {10, 11, 12, 13}:
            runs.run(commit, dict(list(hard.items())[:6]), count=4)

    outcome = look(runs, repository, settings)

    assert outcome.partial == 16
    assert "16 runs of a part of the suite: counted for its tests, not for the whole" in outcome.notes
    assert told(runs.store) == []


def test_what_a_search_ran_is_no_other_suite(
    any_store: Store, repository: Repository, settings: Settings
) -> None:
    """Nearly all cases, chosen by a search and run at the commit itself, leave skill and suite to be told."""
    commits = grown(repository)
    runs = Runs(any_store, "desk")
    skills = {f"D{n:02}": "alpha" if n < 8 else "beta" for n in range(CASES)}
    for position, commit in enumerate(commits):
        cases = rates(1.0, 0.2 if position >= 12 else None)
        if position == 12:
            chosen = {name: rate for number, (name, rate) in enumerate(cases.items()) if number < 21}
            runs.run(commit, chosen, skills=skills, count=3, part=True)
        else:
            runs.run(commit, cases, skills=skills, count=2)

    outcome = look(runs, repository, settings)

    assert outcome.partial == 3
    found = {one.scope_kind: one for one in told(any_store) if one.metric == "routing_accuracy"}
    assert {(one.verdict, one.revision) for one in found.values()} == {("regression", commits[12])}
    assert {"suite", "skill"} <= found.keys()


def test_another_model_is_blamed_on_no_commit(runs: Runs, repository: Repository, settings: Settings) -> None:
    """A fall that comes with another model is `upstream`: no commit, both models in the sentence."""
    commits = grown(repository)
    for position, commit in enumerate(commits):
        new = position >= 12
        runs.run(commit, rates(0.9, 0.2 if new else None), count=2, model="m-2" if new else "m-1", tokens=900)

    look(runs, repository, settings)

    found = [one for one in told(runs.store) if one.scope_kind == "suite"]
    assert [(one.verdict, one.revision) for one in found] == [("upstream", None)]
    assert "the model changed from m-1 by vendor to m-2 by vendor" in found[0].sentence
    assert "5 times each with the old and with the new model" in str(found[0].advice)


def test_what_a_commit_touched_tells_suspects_apart(
    runs: Runs, repository: Repository, settings: Settings
) -> None:
    """Of three commits between two measured ones the one that changed the cases' own skill is named."""
    commits = repository.commit_all(
        [(f"Commit {n}", ["docs/guide.md"] if n != 22 else ["alpha/SKILL.md"]) for n in range(40)]
    )
    for position in range(0, 40, 3):
        runs.run(commits[position], rates(0.9, 0.1 if position >= 22 else None, CASES), count=3)

    look(runs, repository, settings)

    (finding,) = [one for one in told(runs.store) if one.scope_kind == "suite"]
    assert finding.revision == commits[22]
    assert (finding.before_revision, finding.after_revision) == (commits[21], commits[24])
    assert finding.candidates[0].share > 0.8


def test_tests_that_judge_no_route_have_a_pass_rate(
    runs: Runs, repository: Repository, settings: Settings
) -> None:
    """Where routing is not judged the pass rate is looked at, and only there."""
    step(runs, grown(repository), judged=False)

    look(runs, repository, settings)

    assert {one.metric for one in told(runs.store)} == {"pass_rate"}


def test_a_finding_keeps_its_id(runs: Runs, repository: Repository, settings: Settings) -> None:
    """Runs that are added change the numbers of a finding and not its id; no news, no look."""
    commits = grown(repository, 30)
    step(runs, commits[:24])
    look(runs, repository, settings)
    before = {one.impact_id: one for one in told(runs.store)}

    assert look(runs, repository, settings).series == 0
    step(runs, commits[24:], place=0)
    outcome = look(runs, repository, settings)

    after = {one.impact_id: one for one in told(runs.store)}
    assert before.keys() <= after.keys()
    assert outcome.withdrawn == ()
    (suite,) = [one for one in after.values() if one.scope_kind == "suite"]
    assert suite.runs_after == 36
    assert suite.found_ns < suite.updated_ns
    assert suite.found_ns == before[suite.impact_id].found_ns


def test_other_settings_mean_another_look(runs: Runs, repository: Repository, settings: Settings) -> None:
    """What was decided under other settings is decided again; what is not worth telling now goes."""
    step(runs, grown(repository))
    look(runs, repository, settings)
    assert told(runs.store)

    (repository.folder / "gnomon.yaml").write_text(
        "project: {name: desk}\nchanges: {attribution: {least_effects: {rate_points: 90}}}\n"
    )
    outcome = look(runs, repository, gnomon_settings.load(start=repository.folder))

    assert outcome.series > 0
    assert [one for one in told(runs.store) if one.scope_kind == "skill"] == []


def test_another_branch_takes_nothing_back(runs: Runs, repository: Repository, settings: Settings) -> None:
    """Findings on commits that are not on the line that is checked out are left alone."""
    commits = grown(repository)
    step(runs, commits)
    look(runs, repository, settings)
    before = told(runs.store)
    git(repository.folder, "checkout", "--quiet", "-b", "old", commits[6])

    look(runs, repository, settings)

    assert [one.impact_id for one in told(runs.store)] == [one.impact_id for one in before]


def test_reruns_confirm(runs: Runs, repository: Repository, settings: Settings) -> None:
    """Runs made later, of the named commit and of its parent, confirm what they show again."""
    commits = grown(repository)
    step(runs, commits)
    look(runs, repository, settings)
    (finding,) = [one for one in told(runs.store) if one.scope_kind == "suite"]

    runs.run(commits[11], rates(0.9), count=5)
    assert look(runs, repository, settings).confirmed == ()
    runs.run(commits[12], rates(0.9, 0.2), count=5)
    outcome = look(runs, repository, settings)

    assert finding.impact_id in outcome.confirmed
    (again,) = [one for one in told(runs.store) if one.impact_id == finding.impact_id]
    assert again.status == "confirmed"


def test_one_run_more_is_looked_at_alone(runs: Runs, repository: Repository, settings: Settings) -> None:
    """On a long line the newest commits are looked at, older findings stay, and the result is the whole's."""
    commits = repository.commit_all([(f"Commit {n}", SKILLS[n % 3]) for n in range(420)])
    few = {f"D{number:02}": 0.95 for number in range(6)}
    low = {**few, "D00": 0.1, "D01": 0.1, "D02": 0.1}
    for position, commit in enumerate(commits[:400]):
        runs.run(commit, low if 60 <= position < 380 else few)
    everything = look(runs, repository, settings)
    suspected = {one.revision for finding in told(runs.store) for one in finding.candidates}
    assert suspected >= {commits[60], commits[380]}

    runs.run(commits[400], few)
    added = look(runs, repository, settings)
    incremental = {(one.impact_id, one.revision) for one in told(runs.store)}
    whole = look(runs, repository, settings, whole=True)

    assert 0 < added.series <= everything.series
    assert added.withdrawn == whole.withdrawn == ()
    assert incremental == {(one.impact_id, one.revision) for one in told(runs.store)}


def test_findings_are_found(runs: Runs, repository: Repository, settings: Settings) -> None:
    """By suite, metric, commit and id, the newest first."""
    commits = grown(repository)
    step(runs, commits, tokens=1000)
    look(runs, repository, settings)
    (finding,) = [one for one in told(runs.store) if one.scope_kind == "suite"]

    assert findings(runs.store, suite="nobody") == []
    assert findings(runs.store, metric="cost") == []
    assert finding in findings(runs.store, commit=commits[12][:8], suite="routing")
    assert finding in findings(runs.store, metric="routing_accuracy", repository="desk")
    assert [one.impact_id for one in find(runs.store, finding.impact_id[:6])] == [finding.impact_id]
    assert finding in find(runs.store, commits[12][:10])
    assert find(runs.store, "nothing") == []
    assert len(findings(runs.store, limit=1)) == 1
