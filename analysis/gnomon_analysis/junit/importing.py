"""Reports of other runners as a run in the spool: the same spans, resource and run points as pytest's.

The run's id follows from the reports' content, their suite and commit, so that importing the same
reports again finds the run that is there.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gnomon import state
from gnomon.errors import ExitCode, UserError
from gnomon.otlp import encode
from gnomon.provenance import ci
from gnomon.provenance import files as provenance
from gnomon.provenance.vcs import GitState
from gnomon.registry import attributes as names
from gnomon.registry import values
from gnomon.runs.numbering import next_sequence
from gnomon.runs.points import RunPoints
from gnomon.runs.result import MAIN_WORKER, TestResult
from gnomon.runs.spans import RunSpans, nanoseconds, scope
from gnomon.settings import Settings, Suite
from gnomon.spool import files, journal
from gnomon_analysis.junit.reading import Report, read_report
from gnomon_analysis.junit.results import results
from gnomon_analysis.store.rows import FAILING

_FRAMEWORK = "junit"
_SCOPE = scope("junit")


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """The run that the reports make; `path` is its file in the spool, `new` whether it was written now."""

    run_id: str
    suite: str
    tests: int
    path: Path
    new: bool


def import_reports(
    paths: Sequence[Path],
    settings: Settings,
    *,
    suite: str | None = None,
    commit: str | None = None,
    branch: str | None = None,
    environment: str | None = None,
    repeats_are_attempts: bool = False,
    known: Callable[[str], bool] = lambda run_id: False,
) -> ImportedRun:
    """Writes the reports as one complete run into the spool.

    A run that is there already, or whose id is `known` elsewhere, is not written again.
    Without `commit` the reports are taken to be of the working tree at `settings.root` as it is now,
    with its branch, skills and configuration; with one, nothing is assumed that the caller does not say.
    Raises UserError for a report that cannot be read, with file and line.
    """
    # A file that is named twice, or lies there in two copies, is one report.
    reports = list({report.digest: report for report in map(read_report, paths)}.values())
    if not any(report.tests for report in reports):
        raise UserError(
            f"{paths[0]}: no <testcase> in {'it' if len(paths) == 1 else 'any of the files'}; "
            "name the reports of a run that had tests",
            ExitCode.NEGATIVE,
        )
    chosen = _suite(settings, suite)
    name = suite or (chosen.name if chosen else settings.project.name)
    here = _working_tree(settings) if commit is None else {str(names.VCS_REF_HEAD_REVISION): commit}
    if branch is not None:
        here |= {str(names.VCS_REF_HEAD_NAME): branch, str(names.VCS_REF_HEAD_TYPE): "branch"}
    run_id = _run_id(reports, name, here.get(str(names.VCS_REF_HEAD_REVISION), ""))
    started, ended = _times(reports)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(started))
    spool = state.spool_directory(settings.state_directory)
    path = spool / f"run-{stamp}-{run_id[:12]}.traces.jsonl"
    found = list(results(reports, started, repeats_are_attempts=repeats_are_attempts))
    written = any(path.with_name(path.name + suffix).exists() for suffix in ("", files.SENT, files.REJECTED))
    if written or known(run_id):
        return ImportedRun(run_id, name, len(found), path, new=False)
    state.prepare(settings.state_directory)
    sequence = next_sequence(os.environ, settings.state_directory, name)
    run = _Run(run_id, name, sequence, (started, max(ended, *(result.stop for result in found))))
    run.write(path, found, run.resource(here, _assigned(settings, chosen, environment), reports), settings)
    return ImportedRun(run_id, name, len(found), path, new=True)


def _suite(settings: Settings, name: str | None) -> Suite | None:
    if name is None:
        return settings.suites[0] if len(settings.suites) == 1 else None
    return next((suite for suite in settings.suites if suite.name == name), None)


def _run_id(reports: Sequence[Report], suite: str, commit: str) -> str:
    parts = ["junit", suite, commit, *sorted({report.digest for report in reports})]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _times(reports: Sequence[Report]) -> tuple[float, float]:
    """Begin and end of the run, Unix seconds: by the reports, else by when the last file was written."""
    suites = [suite for report in reports for suite in report.suites]
    stated = [suite.started for suite in suites]
    stated += [test.started for report in reports for test in report.tests]
    begins = [moment.timestamp() for moment in stated if moment]
    ends = [suite.started.timestamp() + (suite.seconds or 0.0) for suite in suites if suite.started]
    if begins:
        return min(begins), max([*begins, *ends])
    ended = max(report.path.stat().st_mtime for report in reports)
    return ended - sum(test.seconds or 0.0 for report in reports for test in report.tests), ended


def _working_tree(settings: Settings) -> dict[str, Any]:
    """What git, the CI system and the files in force say about the place where we are."""
    git = GitState(settings.root, [*settings.skills.paths, *settings.skills.config_paths])
    listing = git.listing()
    skills = provenance.find(settings.root, settings.skills.paths, listing)
    configs = provenance.find(settings.root, settings.skills.config_paths, listing)
    return {**git.attributes(), **ci.attributes(os.environ), **provenance.attributes(skills, configs)}


def _assigned(settings: Settings, suite: Suite | None, environment: str | None) -> dict[str, Any]:
    assigned = {
        names.SERVICE_NAME: settings.project.service_name,
        names.DEPLOYMENT_ENVIRONMENT_NAME: environment
        or (suite.environment if suite else None)
        or settings.environment,
        names.GNOMON_DEPARTMENT: suite.department if suite else None,
        names.GEN_AI_AGENT_NAME: suite.agent if suite else None,
    }
    return {str(name): value for name, value in assigned.items() if value is not None}


class _Run:
    """Writes one run the way pytest's plugin does. Times are Unix seconds."""

    def __init__(self, run_id: str, suite: str, sequence: int, times: tuple[float, float]) -> None:
        self._run_id = run_id
        self._suite = suite
        self._sequence = sequence
        self._started, self._ended = times

    def resource(
        self, here: Mapping[str, Any], assigned: Mapping[str, Any], reports: Sequence[Report]
    ) -> dict[str, Any]:
        hosts = {suite.host for report in reports for suite in report.suites if suite.host}
        return {
            **assigned,
            str(names.TEST_SUITE_NAME): self._suite,
            str(names.GNOMON_RUN_ID): self._run_id,
            str(names.GNOMON_RUN_SEQUENCE): self._sequence,
            str(names.GNOMON_RUN_FRAMEWORK): _FRAMEWORK,
            str(names.GNOMON_RUN_STARTED_AT): nanoseconds(self._started),
            **here,
            str(names.HOST_NAME): hosts.pop() if len(hosts) == 1 else socket.gethostname(),
        }

    def write(
        self, path: Path, found: Sequence[TestResult], resource: Mapping[str, Any], settings: Settings
    ) -> None:
        spans = self._spans(found, resource, settings)
        described = encode.resource(resource)
        # The traces come last: once they are there, the run is known and not written again.
        files.write(
            path.with_name(path.name.replace(".traces.", ".metrics.")),
            [self._points(found, resource, settings)],
        )
        journal.finish(
            journal.header(described, _SCOPE), journal.gathered(f"{span}\n".encode() for span in spans), path
        )

    def _spans(
        self, found: Sequence[TestResult], resource: Mapping[str, Any], settings: Settings
    ) -> list[str]:
        skills = resource.get(str(names.GNOMON_SKILLS_NAMES), ())
        hashes = resource.get(str(names.GNOMON_SKILLS_HASHES), ())
        spans = RunSpans(
            run_id=self._run_id,
            trace_id=self._run_id,
            parent=None,
            suite=self._suite,
            sequence=self._sequence,
            skills_hash=resource.get(str(names.GNOMON_SKILLS_HASH)),
            skill_hashes=dict(zip(skills, hashes, strict=False)),
            messages=settings.capture.failure_messages,
            confidence=settings.routing.confidence,
        )
        outcomes = {result.outcome for result in found}
        failed = bool(outcomes & set(FAILING))
        status = "failure" if failed else "skipped" if outcomes == {values.SKIPPED} else "success"
        ending = {str(names.TEST_SUITE_RUN_STATUS): status, str(names.GNOMON_RUN_COLLECTED): len(found)}
        return [
            *(span for result in found for span in spans.test(result)),
            spans.run(self._started, self._ended, ending, failed=failed),
        ]

    def _points(self, found: Sequence[TestResult], resource: Mapping[str, Any], settings: Settings) -> str:
        points = RunPoints(resource, settings.budgets.case_series)
        for result in found:
            points.add_result(result)
        return points.line(
            _SCOPE,
            started=self._started,
            ended=self._ended,
            worker_seconds={MAIN_WORKER: self._ended - self._started},
        )
