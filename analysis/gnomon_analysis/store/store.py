"""The store's public face: bring spool files in, ask for rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL, Engine

from gnomon.settings import Settings
from gnomon_analysis.store.ingestion import AddedTraces, IngestReport, add_traces, ingest
from gnomon_analysis.store.opening import FILE_NAME, database_errors, open_engine, reading, sqlite_url
from gnomon_analysis.store.queries import cases, commits, runs, trials
from gnomon_analysis.store.rows import (
    CaseCell,
    CaseRow,
    CollectionError,
    CommitCostRow,
    CommitRow,
    FileHash,
    ModelCallRow,
    ModelTag,
    ResultRow,
    RunRow,
    TrialDetail,
    Trials,
    UncollectedFile,
    WindowCount,
    WorkerRow,
)


def open_store(where: str | Path | Settings) -> Store:
    """Opens the store that settings name, that lies at a path, or that a database URL points to.

    Makes it if it is not there, and brings its tables up to date. Raises UserError for an address that
    is none, a database that cannot be used, and a store written by a newer Gnomon.
    """
    if isinstance(where, Settings):
        where = where.store.url or where.state_directory / FILE_NAME
    return Store(open_engine(sqlite_url(where) if isinstance(where, Path) else where))


class Store:
    """Results of all runs, in one database. Any number of processes may use one at the same time.

    Every method sees the store as it is at that moment. What the database refuses is raised as
    UserError.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def url(self) -> URL:
        """The address of the database."""
        return self.engine.url

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ingest(self, spool_directory: Path) -> IngestReport:
        """Brings every new trace file of a spool into the store; see `IngestReport`."""
        with database_errors(self.url):
            return ingest(self.engine, spool_directory)

    def add_traces(self, document: bytes) -> AddedTraces:
        """Writes the spans of one OTLP/JSON document of traces; those that are there stay as they are.

        Raises DamageError (of `otlp_lines`) for what is no such document.
        """
        with database_errors(self.url):
            return add_traces(self.engine, document)

    def runs(
        self, suite: str | None = None, limit: int | None = None, commit: str | None = None
    ) -> list[RunRow]:
        """Runs, newest first; `commit` is the beginning of a commit's id."""
        with database_errors(self.url), reading(self.engine) as connection:
            return runs.list_runs(connection, suite, limit, commit)

    def run(self, reference: str, suite: str | None = None) -> RunRow:
        """The run with this sequence number or beginning of an id, or the `last` one.

        Raises UserError where there is none (exit code 1), or more than one.
        """
        with database_errors(self.url), reading(self.engine) as connection:
            return runs.find_run(connection, reference, suite)

    def has_run(self, run_id: str) -> bool:
        """Whether the run with this whole id is in the store."""
        with database_errors(self.url), reading(self.engine) as connection:
            return runs.has_run(connection, run_id)

    def results(self, run_id: str) -> list[ResultRow]:
        """The tests of a run in the order in which they started."""
        with database_errors(self.url), reading(self.engine) as connection:
            return runs.list_results(connection, run_id)

    def model_calls(self, run_id: str) -> list[ModelCallRow]:
        """The model calls of a run in the order in which they started."""
        with database_errors(self.url), reading(self.engine) as connection:
            return runs.list_model_calls(connection, run_id)

    def skills(self, run_id: str) -> list[FileHash]:
        """The SKILL.md files in force during a run, by path."""
        with database_errors(self.url), reading(self.engine) as connection:
            return runs.list_skills(connection, run_id)

    def config_files(self, run_id: str) -> list[FileHash]:
        """The configuration files in force during a run, by path."""
        with database_errors(self.url), reading(self.engine) as connection:
            return runs.list_config_files(connection, run_id)

    def collection_errors(self, run_id: str) -> list[CollectionError]:
        """The test files of a run that could not be collected, and why."""
        with database_errors(self.url), reading(self.engine) as connection:
            return runs.list_collection_errors(connection, run_id)

    def uncollected(self, suite: str | None = None, commit: str | None = None) -> list[UncollectedFile]:
        """The test files that the newest run of each suite could not collect; `commit` as in `runs`."""
        with database_errors(self.url), reading(self.engine) as connection:
            return runs.list_uncollected(connection, suite, commit)

    def workers(self, run_id: str) -> list[WorkerRow]:
        """The worker processes of a run, by id."""
        with database_errors(self.url), reading(self.engine) as connection:
            return runs.list_workers(connection, run_id)

    def accuracy_by_commit(self, suite: str | None = None) -> list[CommitRow]:
        """One row a commit with the sums of all its runs, in the order of their first runs."""
        with database_errors(self.url), reading(self.engine) as connection:
            return commits.accuracy_by_commit(connection, suite)

    def costs_by_commit(self, suite: str | None = None) -> list[CommitCostRow]:
        """One row a commit, model, provider and source of the cost."""
        with database_errors(self.url), reading(self.engine) as connection:
            return commits.costs_by_commit(connection, suite)

    def cases(
        self, suite: str | None = None, commit: str | None = None, matching: str | None = None
    ) -> list[CaseRow]:
        """The history of each test, by suite and case id; `matching` is a part of its id or name."""
        with database_errors(self.url), reading(self.engine) as connection:
            return cases.cases(connection, suite, commit, matching)

    def case_matrix(self, suite: str | None = None) -> list[CaseCell]:
        """One cell a test and commit, by case id, then in the order of the commits."""
        with database_errors(self.url), reading(self.engine) as connection:
            return cases.case_matrix(connection, suite)

    def trials(
        self,
        suite: str | None = None,
        since_ns: int | None = None,
        case_id: str | None = None,
        newest: int | None = None,
    ) -> Trials:
        """Every time that a test was good or bad, in bulk; of runs that began at `since_ns` or later.

        With `newest` at least so many of each test, the newest, and not much more.
        """
        with database_errors(self.url), reading(self.engine) as connection:
            return trials.trials(connection, suite, since_ns, case_id, newest)

    def tags_of(self, case_ids: Sequence[str], run_ids: Sequence[str]) -> dict[tuple[str, str], ModelTag]:
        """The model that answered most calls of a test in a run, by run id and case id."""
        with database_errors(self.url), reading(self.engine) as connection:
            return trials.tags_of(connection, case_ids, run_ids)

    def newest_names(self, wanted: Sequence[tuple[str | None, str]]) -> dict[tuple[str | None, str], str]:
        """The name that each test, by suite and case id, had when it last ran."""
        with database_errors(self.url), reading(self.engine) as connection:
            return trials.newest_names(connection, wanted)

    def trial_details(self, suite: str | None, case_id: str, run_ids: Sequence[str]) -> list[TrialDetail]:
        """What is known of each trial of one test in these runs."""
        with database_errors(self.url), reading(self.engine) as connection:
            return trials.trial_details(connection, suite, case_id, run_ids)

    def window_counts(self, since_ns: int, until_ns: int, case_series: int) -> list[WindowCount]:
        """Tests of routing cases by outcome, of runs that ended after `since_ns`, up to `until_ns`."""
        with database_errors(self.url), reading(self.engine) as connection:
            return trials.window_counts(connection, since_ns, until_ns, case_series)

    def case_ids(self) -> list[str]:
        """The ids of all tests that ever ran."""
        with database_errors(self.url), reading(self.engine) as connection:
            return trials.case_ids(connection)
