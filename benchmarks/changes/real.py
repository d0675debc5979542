"""`python -m benchmarks.changes.real`: a real history of skills, a router with chance in it, the truth known.

The demo's router reads the skills of each commit and draws its answers from a softmax, so what each commit
did to each case is known exactly: the probability of a right answer before and after. `gnomon changes` sees
three runs a commit and nothing else. What it tells is held against what was so.

The answers are those of `gnomon demo --runs N --temperature T`, draw for draw; they are written straight into
a store, which takes seconds where 267 runs of pytest take many minutes. `--demo` has the demo make them.
"""

from __future__ import annotations

import argparse
import lzma
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks.measure import machine
from gnomon import settings as gnomon_settings
from gnomon.errors import UserError
from gnomon_analysis.attribution import Finding, compare, findings, update
from gnomon_analysis.changes import History, Patterns, read_history
from gnomon_analysis.demo import skills
from gnomon_analysis.demo.golden import GoldenCase, GoldenSet, load
from gnomon_analysis.demo.history import Git, Revision, SkillHistory
from gnomon_analysis.demo.router import CLARIFICATION_FLOOR, CLARIFICATION_LEAD, LexicalRouter
from gnomon_analysis.store import Store, open_store, schema

_SECOND = 1_000_000_000
_START = 1_750_000_000 * _SECOND
_SUITE = "routing"
_GOLDEN = "routing_golden.yaml"

# A movement of the suite's expected accuracy that has to be found, in points, and one that there is.
TO_BE_FOUND = 5.0
THERE_IS = 1.0
# The same for a skill, category or case, of which one case is more.
THERE_IS_IN_PART = 5.0
MOST_SUSPECTS = 3


@dataclass(frozen=True, slots=True)
class Truth:
    """Probability of a right answer of each judged case, by commit in the order of the history."""

    commits: Sequence[str]
    right: Sequence[Mapping[str, float]]
    cases: Mapping[str, GoldenCase]

    def move(self, place: int, among: Sequence[str]) -> float:
        """How far the mean of some cases moved at a commit, in points."""
        before, after = self.right[place - 1], self.right[place]
        both = [case for case in among if case in before and case in after]
        return 100 * sum(after[case] - before[case] for case in both) / len(both) if both else 0.0

    def scope(self, finding: Finding) -> list[str]:
        """The cases that a finding is about."""
        fits: Callable[[GoldenCase], bool] = {
            "suite": lambda _: True,
            "skill": lambda case: case.expected == finding.scope,
            "category": lambda case: case.category == finding.scope,
            "case": lambda case: case.id == finding.scope,
        }[finding.scope_kind]
        return [name for name, case in self.cases.items() if fits(case)]


def main() -> None:
    """Replays, looks, and prints what was found and what was not."""
    chosen = _options()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="gnomon-real-") as temporary:
        scratch = Path(temporary)
        repository = _unpacked(chosen.history, scratch / "jira-skills")
        golden_file = next(repository.rglob(_GOLDEN), None)
        if golden_file is None:
            raise UserError(f"{chosen.history}: its newest commit has no {_GOLDEN}; name a history of skills")
        golden = load(golden_file)
        settings_file = repository / "gnomon.yaml"
        settings_file.write_text("project: {name: jira-skills}\n")
        plans = [*(Plan(chosen.runs, one) for one in chosen.temperature), Plan(1, 0.0)]
        for number, plan in enumerate(plans):
            where = scratch / str(number)
            where.mkdir()
            with open_store(where / "gnomon.db") as store:
                truth = _replayed(repository, golden, store, plan, where)
                if chosen.demo:
                    _demonstrated(repository, store, plan, where)
                settings = gnomon_settings.load(settings_file)
                with read_history(repository, Patterns.of(settings, repository)) as history:
                    print(f"\n## {plan.runs} runs a commit, temperature {plan.temperature}\n")
                    _look(store, settings, history)
                    if plan.temperature:
                        _report(truth, findings(store), verbose=chosen.verbose)
                    else:
                        _report_flips(truth, store, settings, history)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.changes.real", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("history", type=Path, help="git fast-export stream, packed with xz")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--temperature", type=float, nargs="+", default=[0.002, 0.005, 0.01])
    parser.add_argument("--demo", action="store_true", help="have `gnomon demo` make the runs")
    parser.add_argument("--verbose", action="store_true", help="print every finding")
    return parser.parse_args()


def _unpacked(stream: Path, folder: Path) -> Path:
    """The repository in a stream. Raises UserError where there is none, or it has no branch `main`."""
    try:
        content = lzma.decompress(stream.read_bytes())
    except OSError as error:
        raise UserError(f"{stream}: cannot be read ({error.strerror}); name a history") from None
    except lzma.LZMAError:
        raise UserError(
            f"{stream}: is not a whole file packed with xz; pack what `git fast-export` writes"
        ) from None
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=folder, check=True)
    for command in (("fast-import", "--quiet"), ("checkout", "--quiet", "main")):
        done = subprocess.run(["git", *command], cwd=folder, input=content, capture_output=True, check=False)
        if done.returncode:
            raise UserError(
                f"{stream}: holds no history with a branch main; write it with `git fast-export main`"
            )
    return folder


@dataclass(frozen=True, slots=True)
class Plan:
    """So many runs a commit with so much chance."""

    runs: int
    temperature: float


def _replayed(repository: Path, golden: GoldenSet, store: Store, plan: Plan, scratch: Path) -> Truth:
    """Writes the runs of every commit into the store; tells what was the chance behind them."""
    git = Git(scratch)
    history = SkillHistory(git, repository, scratch / "history.git")
    revisions = history.revisions(_GOLDEN, None)
    tree = history.working_tree(scratch / "tree")
    right: list[Mapping[str, float]] = []
    for place, revision in enumerate(revisions):
        tree.check_out(revision)
        found = skills.find(tree.folder)
        router = LexicalRouter(list(found), golden.skill_names, plan.temperature)
        right.append(
            {case.id: chance_of_right(router, case, plan.temperature) for case in golden.judged_cases}
        )
        for run in range(1, plan.runs + 1):
            _write(
                store,
                repository.name,
                revision,
                place * plan.runs + run,
                _answers(router, golden, revision, run),
            )
    cases = {case.id: case for case in golden.judged_cases}
    return Truth([revision.commit for revision in revisions], right, cases)


def _answers(
    router: LexicalRouter, golden: GoldenSet, revision: Revision, run: int
) -> Iterator[tuple[GoldenCase, str | None, int]]:
    """What the demo's suite gets from the router in this run, with the tokens it took."""
    for case in golden.judged_cases:
        chance = random.Random(f"{revision.commit}/{run}/{case.id}")  # noqa: S311 - as the demo draws
        answer = router.route(case.prompt, chance)
        yield case, answer.skill, answer.input_tokens + answer.output_tokens


def chance_of_right(router: LexicalRouter, case: GoldenCase, temperature: float) -> float:
    """The probability that the router's answer to a case is right."""
    scored = router.scores(case.prompt)
    ranked = sorted(scored.values(), reverse=True)
    second = ranked[1] if len(ranked) > 1 else 0.0
    choices: dict[str | None, float] = dict(sorted(scored.items()))
    choices[None] = max(CLARIFICATION_FLOOR, second * (1.0 + CLARIFICATION_LEAD))
    if temperature == 0:
        return float(case.accepts(max(choices, key=lambda name: choices[name])))
    top = max(choices.values())
    weights = {name: math.exp((score - top) / temperature) for name, score in choices.items()}
    return sum(weight for name, weight in weights.items() if case.accepts(name)) / sum(weights.values())


def _write(
    store: Store,
    repository: str,
    revision: Revision,
    number: int,
    answers: Iterator[tuple[GoldenCase, str | None, int]],
) -> None:
    run_id = f"{number:032x}"
    began = _START + number * 60 * _SECOND
    results: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for place, (case, answer, tokens) in enumerate(answers):
        key = {"trace_id": run_id, "run_id": run_id, "case_id": case.id, "started_ns": began}
        right = case.accepts(answer)
        results.append(
            {
                **key,
                "span_id": f"{place:016x}",
                "suite": _SUITE,
                "case_name": case.id,
                "category": case.category,
                "outcome": "passed" if right else "failed",
                "attempts": 1,
                "expected_skill": case.expected or "",
                "actual_skill": answer or "",
                "correct": right,
                "clarification_expected": case.clarification,
                "clarification_asked": answer is None,
            }
        )
        calls.append(
            {
                **key,
                "span_id": f"{place + 2**32:016x}",
                "ended_ns": began + _SECOND,
                "provider": "gnomon-demo",
                "request_model": "lexical-tfidf",
                "attempts": 1,
                "retries": 0,
                "input_tokens": tokens,
                "output_tokens": 0,
            }
        )
    run = {
        "run_id": run_id,
        "suite": _SUITE,
        "status": "failure",
        "complete": True,
        "started_ns": began,
        "ended_ns": began + _SECOND,
        "repository": repository,
        "revision": revision.commit,
        "environment": "demo",
        "golden_set_version": "1",
    }
    with store.engine.begin() as connection:
        connection.execute(insert(schema.runs), run)
        connection.execute(insert(schema.results), results)
        connection.execute(insert(schema.model_calls), calls)


def _demonstrated(repository: Path, store: Store, plan: Plan, scratch: Path) -> None:
    """Puts the runs of `gnomon demo` in the place of those that were written straight."""
    out = scratch / "demo"
    subprocess.run(
        [
            *(sys.executable, "-m", "gnomon.cli.main", "demo", "--repo", repository),
            *("--golden", next(repository.rglob(_GOLDEN))),
            *("--runs", str(plan.runs), "--temperature", str(plan.temperature), "--out", out),
        ],
        check=True,
    )
    with store.engine.begin() as connection:
        for table in (schema.model_calls, schema.results, schema.runs):
            connection.execute(table.delete())
    store.ingest(out / "spool")


def _look(store: Store, settings: Any, history: History) -> None:
    began = time.perf_counter()
    outcome = update(store, settings, history, now_ns=time.time_ns(), whole=True)
    print(
        f"{outcome.runs} runs, {outcome.series} series, {len(outcome.found)} findings in "
        f"{time.perf_counter() - began:.1f} s"
    )


def _report(truth: Truth, found: Sequence[Finding], *, verbose: bool) -> None:
    claims = [
        one
        for one in found
        if one.metric == "routing_accuracy" and one.verdict in {"improvement", "regression"}
    ]
    everything = list(truth.cases)
    large = [
        place for place in range(1, len(truth.commits)) if abs(truth.move(place, everything)) >= TO_BE_FOUND
    ]
    caught = [place for place in large if any(_catches(one, truth, place) for one in claims)]
    print(f"true moves of at least {TO_BE_FOUND:.0f} points: {len(large)}; attributed: {len(caught)}")
    for place in large:
        near = [one for one in claims if truth.commits[place] in {two.revision for two in one.candidates}]
        shown = ", ".join(f"{one.scope_kind} {one.scope} {_suspects(one)}" for one in near) or "nothing"
        mark = " " if place in caught else "!"
        print(f"{mark} {place:3} {truth.commits[place][:7]} {truth.move(place, everything):+6.1f}: {shown}")
    for kind in ("suite", "skill", "category", "case"):
        named = [one for one in claims if one.scope_kind == kind and _accuses(one)]
        false = [one for one in named if not _is_so(one, truth)]
        hedged = [one for one in claims if one.scope_kind == kind and not _accuses(one)]
        right = sum(_is_so(one, truth) for one in hedged)
        print(
            f"{kind}: {len(named)} attributions, {len(false)} false; {len(hedged)} that leave it open "
            f"between more than {MOST_SUSPECTS} commits, {right} of them with the right one first"
        )
        for one in false:
            print(f"  false: {one.sentence}")
    sure = [(one.p_commit, _is_so(one, truth)) for one in claims if one.p_commit is not None]
    stated = sum(p for p, _ in sure) / max(1, len(sure))
    print(f"stated to be the commit {stated:.2f}, right {sum(so for _, so in sure) / max(1, len(sure)):.2f}")
    if verbose:
        for one in found:
            print(f"- [{one.verdict}] {one.sentence}")


def _suspects(finding: Finding) -> str:
    return f"({(finding.p_commit or 0):.2f}, {len(finding.candidates)} suspects)"


def _catches(finding: Finding, truth: Truth, place: int) -> bool:
    """Whether a finding on the suite names the commit, alone or as one of at most three."""
    commit = truth.commits[place]
    suspects = {one.revision for one in finding.candidates}
    same_way = (finding.direction > 0) == (truth.move(place, list(truth.cases)) > 0)
    named = finding.revision == commit or (len(suspects) <= MOST_SUSPECTS and commit in suspects)
    return finding.scope_kind == "suite" and same_way and named


def _accuses(finding: Finding) -> bool:
    """Whether it holds a commit responsible, or a few; a longer list leaves it open."""
    return len(finding.candidates) <= MOST_SUSPECTS


def _is_so(finding: Finding, truth: Truth) -> bool:
    """Whether one of the suspects that a reader would look at truly moved what the finding is about."""
    least = THERE_IS if finding.scope_kind == "suite" else THERE_IS_IN_PART
    suspects = [one.revision for one in finding.candidates[:MOST_SUSPECTS]]
    suspects = suspects if len(finding.candidates) <= MOST_SUSPECTS else [str(finding.revision)]
    places = [truth.commits.index(commit) for commit in suspects if commit in truth.commits]
    moved = (truth.move(place, truth.scope(finding)) for place in places if place)
    return any(one * finding.direction >= least for one in moved)


def _report_flips(truth: Truth, store: Store, settings: Any, history: History) -> None:
    """Every case that flips at a commit is in the comparison of that commit, and no other."""
    flips = wrong = 0
    for place in range(1, len(truth.commits)):
        before, after = truth.right[place - 1], truth.right[place]
        expected = {case for case in before if before[case] != after[case]}
        (one,) = compare(store, settings, history, truth.commits[place])
        named = {flip.case_id for flip in one.flips}
        flips += len(expected)
        if named != expected:
            wrong += 1
            print(f"! {truth.commits[place][:7]}: {sorted(named ^ expected)}")
    print(f"{len(truth.commits) - 1} commits, {flips} flips; commits whose list was not exact: {wrong}")


if __name__ == "__main__":
    try:
        main()
    except UserError as mistake:
        print(f"benchmarks.changes.real: {mistake}", file=sys.stderr)
        sys.exit(mistake.exit_code)
