"""The demo from end to end: history, replay, store, second opinion, report."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from gnomon.errors import ExitCode, UserError
from gnomon.otlp import endpoint as otlp_endpoint
from gnomon.prices import Price
from gnomon.settings.model import Flaky
from gnomon.version import __version__
from gnomon_analysis.demo import answers, example, notes, pricing, words
from gnomon_analysis.demo.golden import GoldenSet, load
from gnomon_analysis.demo.history import Git, Revision, SkillHistory
from gnomon_analysis.demo.plan import EXAMPLE_NAME, Agreement, Replayed, Wish
from gnomon_analysis.demo.replay import SUITE, Conditions, Replay
from gnomon_analysis.flakiness import assess
from gnomon_analysis.report import page
from gnomon_analysis.report.evidence import BothWays, CommitNote, Evidence, UnsteadyCase, gather
from gnomon_analysis.store import Store, open_store
from gnomon_analysis.store.rows import CommitRow

_MARKER = "demo.json"
_IGNORE = "*\n"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What came out; `seconds` is the time of the replay alone, `notes` what the figures do not show."""

    name: str
    evidence: Evidence
    agreement: Agreement
    price: Price
    report: Path
    out: Path
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """What the replay is about to do."""

    name: str
    commits: int
    runs: int
    cases: int


def demonstrate(
    wish: Wish, started: Callable[[Started], None], progress: Callable[[Revision], None]
) -> Demonstration:
    """Runs the whole demo; `started` is called once, `progress` after every run, from any thread.

    Raises:
        UserError: a path, revision, price, endpoint or golden set is wrong, or the suite could not run.
    """
    price = pricing.price_of(wish.price_as)
    if wish.endpoint:
        otlp_endpoint.resolve({}, endpoint=wish.endpoint)
    with tempfile.TemporaryDirectory(prefix="gnomon-demo-") as temporary:
        scratch = Path(temporary)
        git = Git(scratch)
        repository, golden_path = _material(git, scratch, wish)
        golden = load(golden_path)
        if not golden.judged_cases:
            raise UserError(
                f"{golden_path}: every case is skipped; take `skip: true` out of at least one of them"
            )
        history = SkillHistory(git, repository, scratch / "history.git")
        revisions = history.revisions(golden_path.name, wish.span)
        if not revisions:
            where = f"in the range {wish.span}" if wish.span else "on the first-parent history"
            raise UserError(f"{repository}: no commit {where} changes a SKILL.md", ExitCode.NEGATIVE)
        out = _fresh(wish.out)
        name = EXAMPLE_NAME if wish.repository is None else history.name
        started(Started(name, len(revisions), wish.runs, len(golden.judged_cases)))
        conditions = _conditions(wish, golden_path, out)
        pricing.write_price_file(price, conditions.prices)
        began = time.monotonic()
        skills = Replay(git, history, scratch, conditions).over(revisions, progress)
        seconds = time.monotonic() - began
    evidence, agreement = _read(out, revisions, golden, conditions.answers)
    report = out / "report.html"
    told = tuple(notes.of_replay(golden, skills, out / "spool", wish.endpoint))
    page.write(evidence, words.setting(wish, Replayed(name, golden, price, out, agreement, told)), report)
    return Demonstration(name, evidence, agreement, price, report, out, seconds, told)


def _material(git: Git, scratch: Path, wish: Wish) -> tuple[Path, Path]:
    """The repository to replay and its golden set."""
    if wish.repository is None:
        repository = scratch / EXAMPLE_NAME
        golden = example.build(git, repository)
        return repository, wish.golden or golden
    if wish.golden is None:
        raise UserError("--repo needs --golden FILE, the requests and the skills that ought to answer them")
    return wish.repository, wish.golden.resolve()


def _conditions(wish: Wish, golden: Path, out: Path) -> Conditions:
    kept = out / "golden-set.yaml"
    shutil.copyfile(golden, kept)
    return Conditions(
        golden=kept,
        prices=out / "prices.yaml",
        answers=out / "answers.jsonl",
        state=out,
        runs=wish.runs,
        temperature=wish.temperature,
        workers=wish.workers,
        jobs=wish.jobs,
        endpoint=wish.endpoint,
    )


def _fresh(out: Path) -> Path:
    """An empty folder; what an earlier demo wrote there is replaced, anything else is left alone."""
    out = out.resolve()
    if out.exists():
        if not out.is_dir() or (any(out.iterdir()) and not (out / _MARKER).is_file()):
            raise UserError(
                f"--out {out}: is there and was not written by a demo; name a new or empty folder"
            )
        shutil.rmtree(out)
    try:
        out.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"--out {out}: cannot be made ({error.strerror}); name another folder") from None
    (out / _MARKER).write_text(json.dumps({"gnomon": __version__}) + "\n", encoding="utf-8")
    # The folder may lie inside somebody's repository, which must not see it.
    (out / ".gitignore").write_text(_IGNORE, encoding="utf-8")
    return out


def _read(
    out: Path, revisions: Sequence[Revision], golden: GoldenSet, notebook: Path
) -> tuple[Evidence, Agreement]:
    commits = [
        CommitNote(revision.commit, revision.date, revision.subject, revision.golden_changed)
        for revision in revisions
    ]
    requests = {case.id: case.prompt for case in golden.cases}
    with open_store(out / "gnomon.db") as store:
        store.ingest(out / "spool")
        rows = store.accuracy_by_commit(SUITE)
        agreement = agree(rows, answers.score_by_commit(answers.read(notebook), golden))
        noted = {revision.commit for revision in revisions}
        return gather(store, commits, SUITE, requests, unsteady_cases(store, noted)), agreement


def unsteady_cases(store: Store, commits: Container[str]) -> list[UnsteadyCase]:
    """The cases that were both right and wrong at one of the commits, and what they are now."""
    found = []
    for case in assess(store, Flaky(), suite=SUITE):
        both = tuple(
            BothWays(one.commit, one.passed, one.failed, one.answers)
            for one in case.contradictions
            if one.commit is not None and one.commit in commits and not one.dirty
        )
        if both:
            found.append(UnsteadyCase(case.case_id, case.state, both))
    return found


def agree(rows: Sequence[CommitRow], scores: dict[str, answers.Score]) -> Agreement:
    """Compares right and judged answers of every commit that either side knows, as whole numbers."""
    stored = {row.commit: answers.Score(row.tally.correct, row.tally.judged) for row in rows if row.commit}
    commits = sorted(set(stored) | set(scores))
    different = tuple(commit for commit in commits if stored.get(commit) != scores.get(commit))
    return Agreement(len(commits), different)
