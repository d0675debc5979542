"""From what somebody asks for, the settings and the store to a search that can begin."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings, Suite
from gnomon_analysis.bisection.asked import Asked, Budget
from gnomon_analysis.bisection.backfilling import Backfill, Range
from gnomon_analysis.bisection.bisecting import Search
from gnomon_analysis.bisection.checkout import Overlay
from gnomon_analysis.bisection.known import Known, suites_with
from gnomon_analysis.bisection.line import Line, read_line, resolve, whole_line
from gnomon_analysis.bisection.remembered import Memory
from gnomon_analysis.bisection.search import posterior
from gnomon_analysis.bisection.subject import METRICS, Subject, metric_named
from gnomon_analysis.bisection.suite_run import Invocation, search_path
from gnomon_analysis.bisection.yardstick import SuiteFiles, Yardstick
from gnomon_analysis.changes import Patterns
from gnomon_analysis.changes.repository import Repository
from gnomon_analysis.store import Store, schema
from gnomon_analysis.store.opening import database_errors, reading

# How sure it has to be that an earlier commit was different, to begin from there unasked.
_DIFFERENT = 0.9
# As far back as that is looked for.
_FARTHEST_COMMITS = 1000


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for; None is left to the settings, the finding or the store."""

    metric: str | None = None
    suite: str | None = None
    skill: str | None = None
    cases: tuple[str, ...] = ()
    good: str | None = None
    bad: str | None = None
    finding: str | None = None
    confidence: float | None = None
    max_runs: int | None = None
    max_usd: float | None = None
    max_seconds: float | None = None
    runs_at_ends: int | None = None
    jobs: int = 1
    command: str | None = None
    tests_from: str | None = None
    own_tests: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A search that can begin, and what a person wants to know before it does."""

    asked: Asked
    search: Search
    memory: Memory
    tests_from: str | None
    found_good: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """How revisions are measured: the same for a search and for a backfill."""

    top: Path
    suite: Suite | None
    suite_name: str
    environment: str
    laid_over: str | None
    yardstick: Yardstick
    overlay: Overlay
    patterns: Patterns

    def invocation(self, settings: Settings, command: str | None, made_by: str) -> Invocation:
        """How the suite is run."""
        return Invocation(
            settings=settings,
            suite=self.suite,
            command=command or settings.bisection.command,
            folder=os.path.relpath(settings.root.resolve(), self.top.resolve()).replace(os.sep, "/"),
            made_by=made_by,
            tests_from=self.laid_over,
            search_path=search_path(self.top),
        )


def measure(
    store: Store, settings: Settings, suite: str | None, *, tests_from: str | None, own_tests: bool
) -> Measure:
    """How revisions are measured.

    Raises:
        UserError: there is no such suite, no repository, or no revision to take the tests from.
    """
    with Repository(settings.root) as opened:
        top = opened.top
        if opened.bare:
            raise UserError(f"{top}: a bare repository has no tests to run; run in a clone of it")
    defined, name, environment = _suite(store, settings, suite)
    files = SuiteFiles.of(settings, defined, top)
    laid_over = tests_from
    if laid_over is None and not own_tests and defined is not None and defined.golden_set is not None:
        laid_over = "HEAD"
    if laid_over is not None:
        laid_over = resolve(settings.root, laid_over)
    return Measure(
        top=top,
        suite=defined,
        suite_name=name,
        environment=environment,
        laid_over=laid_over,
        yardstick=Yardstick(settings.root, files, laid_over),
        overlay=Overlay(files, laid_over, _settings_file(settings, top)),
        patterns=Patterns.of(settings, top),
    )


def plan(store: Store, settings: Settings, wish: Wish) -> Plan:
    """A search that can begin.

    Raises:
        UserError: something is asked for that is not there, or it is not known where to begin.
    """
    wish = _with_finding(store, wish)
    if wish.metric is None:
        raise UserError(f"name the metric to search for: one of {', '.join(METRICS)}")
    metric = metric_named(wish.metric)
    how = measure(store, settings, wish.suite, tests_from=wish.tests_from, own_tests=wish.own_tests)
    subject = Subject(metric, how.suite_name, how.environment, wish.skill, wish.cases)
    _check_skill(store, how.suite_name, wish.skill)
    bad = wish.bad or "HEAD"
    good = wish.good or _earlier(store, settings, how, subject, bad)
    line = read_line(settings.root, how.patterns, good, bad)
    known = Known(store, subject, line.commits, how.yardstick)
    command = wish.command or settings.bisection.command
    key = (
        *(str(how.top), metric.name, how.suite_name, how.environment, wish.skill or "", *sorted(wish.cases)),
        *(line.commits[0], line.commits[-1], how.laid_over or "", command or ""),
    )
    memory = Memory(settings.state_directory, key, subject.words, fresh=wish.fresh)
    given = settings.bisection
    known.update()
    skills = [wish.skill] if wish.skill else sorted(known.skills) if wish.cases else []
    asked = Asked(
        subject=subject,
        line=line,
        top=how.top,
        invocation=how.invocation(settings, wish.command, memory.now.id),
        overlay=how.overlay,
        prior=line.prior(skills, is_cost=metric.name == "cost"),
        confidence=wish.confidence or given.confidence_percent / 100,
        budget=Budget(
            wish.max_runs or given.maximum_runs,
            given.maximum_cost_usd if wish.max_usd is None else wish.max_usd,
            wish.max_seconds or given.maximum_time.seconds,
        ),
        runs_at_ends=wish.runs_at_ends,
        jobs=wish.jobs,
    )
    if wish.cases and known.runs and (unknown := set(wish.cases) - set(known.cases)):
        raise UserError(
            f"{how.suite_name} has no results of {metric.name} for {', '.join(sorted(unknown))}; "
            f"`gnomon tests --suite {how.suite_name}` lists its cases"
        )
    return Plan(asked, Search(store, asked, known, memory), memory, how.laid_over, wish.good is None)


def _suite(store: Store, settings: Settings, wanted: str | None) -> tuple[Suite | None, str, str]:
    """The suite by its settings, its name, and the environment of its runs."""
    names = [suite.name for suite in settings.suites]
    if wanted is None and len(names) > 1:
        raise UserError(f"name the suite with --suite: one of {', '.join(names)}")
    known = [name for name, _ in suites_with(store)]
    name = wanted or (names[0] if names else settings.project.name)
    if wanted is not None and wanted not in (*names, *known, settings.project.name):
        there = ", ".join(dict.fromkeys([*names, *known])) or settings.project.name
        raise UserError(f"there is no suite {wanted!r}; name one of {there}")
    defined = next((suite for suite in settings.suites if suite.name == name), None)
    return defined, name, (defined.environment if defined else None) or settings.environment


def _check_skill(store: Store, suite: str, skill: str | None) -> None:
    """Raises UserError for a skill that no case of a measured suite expects: no run would tell of it."""
    if skill is None:
        return
    expected = schema.results.c.expected_skill
    statement = select(expected).where(schema.results.c.suite == suite).distinct()
    with database_errors(store.url), reading(store.engine) as connection:
        known = sorted(name for name in connection.execute(statement).scalars() if name)
    if known and skill not in known:
        raise UserError(f"no case of suite {suite} expects skill {skill!r}; name one of {', '.join(known)}")


def _settings_file(settings: Settings, top: Path) -> dict[str, bytes]:
    """The settings of today, which every revision is run with, by their path from the root."""
    if settings.path is None:
        return {}
    path = settings.path.resolve()
    if not path.is_relative_to(top.resolve()):
        raise UserError(
            f"{settings.path} lies outside the repository {top}; past revisions need a gnomon.yaml inside it"
        )
    return {path.relative_to(top.resolve()).as_posix(): path.read_bytes()}


def _earlier(store: Store, settings: Settings, how: Measure, subject: Subject, bad: str) -> str:
    """The newest measured commit at which the metric was different from what it is at the newest."""
    revisions = whole_line(settings.root, how.patterns, resolve(settings.root, bad))
    commits = [revision.commit for revision in revisions[-_FARTHEST_COMMITS:]]
    known = Known(store, subject, commits, how.yardstick)
    known.update()
    measured = known.measured()
    for position in reversed(measured[:-1]):
        pair = known.evidence([position, measured[-1]])
        if 1 - posterior(pair, np.array([0.0, 1.0])).nothing >= _DIFFERENT:
            return commits[position]
    raise UserError(
        f"no runs in the store show that {subject.words} was different before {bad}; "
        "name a commit at which it was with --good",
        ExitCode.MISSING,
    )


def _with_finding(store: Store, wish: Wish) -> Wish:
    """The wish with what a finding says, where the wish says nothing itself."""
    if wish.finding is None:
        return wish
    row = _finding(store, wish.finding)
    scope = {str(row["scope_kind"]): str(row["scope"])}
    others = scope.keys() - {"suite", "skill", "case"}
    if others:
        raise UserError(
            f"finding {wish.finding} is about {row['scope_kind']} {row['scope']}, which cannot be run by "
            "itself; name metric, suite and cases instead"
        )
    if row["verdict"] == "upstream" and not (wish.good and wish.bad):
        raise UserError(
            f"finding {wish.finding} suspects no commit: something outside of the repository was switched at "
            "the same time; name --good and --bad to search all the same"
        )
    # All suspects lie between these, where they are more than the commits between two measured ones.
    good, bad = (row["attributes"] or {}).get("between") or (row["before_revision"], row["after_revision"])
    return dataclasses.replace(
        wish,
        metric=wish.metric or row["metric"],
        suite=wish.suite or row["suite"],
        skill=wish.skill or scope.get("skill"),
        cases=wish.cases or ((scope["case"],) if "case" in scope else ()),
        good=wish.good or good,
        bad=wish.bad or bad,
    )


def _finding(store: Store, beginning: str) -> dict[str, Any]:
    impacts = schema.change_impacts.c
    statement = select(
        *(impacts.impact_id, impacts.metric, impacts.suite, impacts.scope_kind, impacts.scope),
        *(impacts.before_revision, impacts.after_revision, impacts.verdict, impacts.attributes),
    ).where(impacts.impact_id.startswith(beginning, autoescape=True))
    with database_errors(store.url), reading(store.engine) as connection:
        rows = [dict(row._mapping) for row in connection.execute(statement.limit(2))]
    if len(rows) != 1:
        many = "more than one finding begins with" if rows else "there is no finding"
        raise UserError(f"{many} {beginning!r}; `gnomon changes` lists them with their ids")
    return rows[0]


@dataclass(frozen=True, slots=True)
class Filling:
    """What somebody asks a backfill for."""

    span: str
    suite: str | None
    runs: int
    every: int
    only_changed: bool
    jobs: int
    command: str | None
    tests_from: str | None
    own_tests: bool
    fresh: bool


def plan_backfill(store: Store, settings: Settings, wish: Filling) -> tuple[Backfill, Line]:
    """A backfill that can begin, and its commits.

    Raises:
        UserError: the range is none, or something else that is asked for is not there.
    """
    first, dots, last = wish.span.partition("..")
    if not (first and dots and last) or last.startswith("."):
        raise UserError(f"{wish.span}: write two revisions with two dots between them, such as v1..main")
    how = measure(store, settings, wish.suite, tests_from=wish.tests_from, own_tests=wish.own_tests)
    line = read_line(settings.root, how.patterns, first, last)
    # Which metric is asked for does not matter: all results of a run count.
    subject = Subject(metric_named("pass_rate"), how.suite_name, how.environment)
    known = Known(store, subject, line.commits, how.yardstick)
    key = ("backfill", str(how.top), how.suite_name, how.environment, how.laid_over or "", wish.command or "")
    memory = Memory(settings.state_directory, key, f"backfill of {how.suite_name}", fresh=wish.fresh)
    wanted = Range(
        line=line,
        top=how.top,
        invocation=how.invocation(settings, wish.command, memory.now.id),
        overlay=how.overlay,
        runs=wish.runs,
        every=wish.every,
        only_changed=wish.only_changed,
        jobs=wish.jobs,
    )
    return Backfill(store, wanted, known, memory), line
