"""The views for those who ask in SQL, and what is said about tables and views."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

import gnomon_analysis.store.migrations
from gnomon_analysis.store import Store, contract, open_store, schema
from tests.store.changes import plant
from tests.store.postgres import Server
from tests.store.spool_files import START, Run, line, model_call, varied_run

# What every view says of the run; the page has one table of these.
OF_RUN = (
    *("run_id", "sequence", "run_at", "suite", "environment", "department", "agent", "repository"),
    *(
        "revision",
        "dirty",
        "ref_name",
        "release",
        "version",
        "golden_set_version",
        "skills_hash",
        "config_hash",
    ),
)


def query(store: Store, sql: str, **values: Any) -> list[dict[str, Any]]:
    with store.engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(text(sql), values)]


@pytest.mark.parametrize("view", list(schema.views.tables.values()), ids=lambda view: view.name)
def test_views_have_the_columns_that_the_schema_describes(store: Store, view: Any) -> None:
    """What the revision builds is what a query may rely on, on both databases."""
    assert view.name in inspect(store.engine).get_view_names()
    with store.engine.connect() as connection:
        shown = connection.execute(text(f"SELECT * FROM {view.name}"))  # noqa: S608 - a name of ours
        assert list(shown.keys()) == [column.name for column in view.columns]


def test_types_are_those_of_the_database(postgres_server: Server) -> None:
    """The types that checks of queries are told are what PostgreSQL itself says."""
    with open_store(postgres_server.database()) as store:
        rows = query(
            store,
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY ordinal_position",
        )
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    for name, columns in contract.tables().items():
        assert found[name] == columns, name


@pytest.mark.parametrize(
    "table",
    [
        *(table for name, table in schema.metadata.tables.items() if "change" in name),
        schema.case_results,
        schema.run_model_calls,
        schema.run_totals,
    ],
    ids=lambda table: table.name,
)
def test_the_page_describes_every_column(table: Any) -> None:
    """docs/results.md has a table for each table and view that others fill or read, with its columns."""
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    section = page.partition(f"### `{table.name}`\n")[2].partition("\n#")[0]
    cells = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    described = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    if table in schema.views.tables.values():
        described = [*OF_RUN, *described]
    assert sorted(described) == sorted(column.name for column in table.columns)


def test_the_contract_is_found_by_its_entry_point() -> None:
    """Those who check queries need not know the package that keeps the tables."""
    (found,) = entry_points(group="gnomon.tables")
    tables = found.load()()
    assert tables["runs"]["started_ns"] == "bigint"
    assert tables["case_results"]["run_at"] == "timestamp with time zone"
    assert tables["change_impacts"]["candidates"] == "jsonb"
    assert "ingested_files" not in tables


def test_a_run_counts_in_the_views_as_it_does_in_the_store(store: Store, spool: Path) -> None:
    """Sums over the views are the totals that `gnomon runs` shows."""
    varied_run("a").write(spool)
    varied_run("b", sequence=2, commit="d" * 40, started=500).write(spool)
    store.ingest(spool)

    for run in store.runs():
        (totals,) = query(store, "SELECT * FROM run_totals WHERE run_id = :run", run=run.run_id)
        assert {name: totals[name] for name in ("tests", "passed", "failed", "judged", "correct")} == {
            "tests": run.tally.tests,
            "passed": run.tally.passed,
            "failed": run.tally.failed,
            "judged": run.tally.judged,
            "correct": run.tally.correct,
        }
        assert {
            name: totals[name] for name in ("model_calls", "retries", "input_tokens", "output_tokens")
        } == {
            "model_calls": run.calls.calls,
            "retries": run.calls.retries,
            "input_tokens": run.calls.input_tokens,
            "output_tokens": run.calls.output_tokens,
        }
        assert float(totals["cost_usd"]) == pytest.approx(run.calls.cost_usd)
        assert totals["models"] == "demo-model"
        (tests,) = query(
            store,
            "SELECT count(*) AS tests, sum(CASE WHEN passed THEN 1 ELSE 0 END) AS passed,"
            " count(passed) AS decided, count(correct) AS judged FROM case_results WHERE run_id = :run",
            run=run.run_id,
        )
        assert tests == {
            "tests": run.tally.tests,
            "passed": run.tally.passed,
            "decided": run.tally.passed + run.tally.failed,
            "judged": run.tally.judged,
        }


def test_a_moment_is_the_end_of_the_run(store: Store, spool: Path) -> None:
    """Rows stand where the run's points stand in Prometheus; a killed run at the last that it did."""
    Run("a").test("one").write(spool)
    Run("b", started=500, finished=False).test("one", duration=2.0).write(spool)
    store.ingest(spool)
    rows = query(store, "SELECT run_at FROM run_totals ORDER BY run_at")
    shown = [row["run_at"] if isinstance(row["run_at"], str) else row["run_at"].isoformat() for row in rows]
    assert [moment[:19] for moment in shown] == ["2023-11-14T22:15:00", "2023-11-14T22:21:42"]


def test_a_call_of_a_process_that_knows_only_the_trace_counts_with_its_run(store: Store, spool: Path) -> None:
    """As everywhere else in the store; where two runs share a trace there is no telling."""
    run = Run("a").test("one", calls=1)
    path = run.write(spool)
    child = line({"service.name": "child"}, [model_call(trace="a", key="child", cost=0.5)])
    path.write_text(path.read_text() + child + "\n")
    store.ingest(spool)
    (totals,) = query(store, "SELECT model_calls, cost_usd FROM run_totals")
    assert (totals["model_calls"], float(totals["cost_usd"])) == (2, pytest.approx(0.51))
    calls = query(store, "SELECT case_id, suite, model FROM run_model_calls ORDER BY cost_usd")
    assert [(call["case_id"], call["suite"], call["model"]) for call in calls] == [
        ("one", "routing", "demo-model"),
        (None, "routing", "demo-model"),
    ]


def test_a_test_that_asked_two_models_names_both(store: Store, spool: Path) -> None:
    """Its verdict speaks for the pair, and for neither alone."""
    run = Run("a").test("one", expected="alpha", actual="alpha", calls=1).test("plain")
    run.tests.append(
        model_call(
            trace="a",
            key="second",
            attributes={
                "gen_ai.request.model": "another-model",
                "gnomon.run.id": run.run_id,
                "gnomon.test.case.id": "one",
            },
        )
    )
    run.write(spool)
    store.ingest(spool)
    rows = query(store, "SELECT case_id, model, retries, tokens, cost_usd FROM case_results ORDER BY case_id")
    assert [tuple(row.values()) for row in rows] == [
        ("one", "another-model + demo-model", 2, 240, pytest.approx(0.02)),
        ("plain", None, None, None, None),
    ]


@pytest.mark.parametrize(
    ("extra", "release", "version"),
    [
        ({}, None, "ccccccccc"),
        ({"gnomon.vcs.dirty": True}, None, "ccccccccc+"),
        ({"service.version": "2.1"}, "2.1", "2.1"),
        ({"vcs.ref.head.name": "v2.0", "vcs.ref.head.type": "tag"}, "v2.0", "v2.0"),
    ],
)
def test_a_release_is_the_version_or_the_tag(
    store: Store, spool: Path, extra: dict[str, Any], release: str | None, version: str
) -> None:
    """A branch is no release; without one the commit tells versions apart."""
    Run("a", extra=extra).test("one").write(spool)
    store.ingest(spool)
    assert query(store, "SELECT release, version FROM run_totals") == [
        {"release": release, "version": version}
    ]


def test_findings_show_their_commit_and_their_cases(store: Store) -> None:
    """What a board asks of changes comes from one view each, withdrawn findings left out."""
    plant(store, changed_ns=START)
    found = query(store, "SELECT impact_id, subject, author, changed_at FROM findings")
    assert [(row["impact_id"], row["subject"], row["author"]) for row in found] == [
        ("open-ccccccccc", "Narrow refunds", "Someone")
    ]
    cases = query(store, "SELECT case_id, verdict, changed_at FROM finding_cases")
    assert [(row["case_id"], row["verdict"]) for row in cases] == [("D01", "improvement")]
    (changed,) = query(store, "SELECT kind, changed_at FROM changes")
    assert {str(row["changed_at"])[:10] for row in (*found, *cases, changed)} == {"2023-11-14"}


def test_a_store_of_the_revision_before_is_brought_up_to_date(url: str, spool: Path) -> None:
    """Going back drops what came with the revision and nothing else, and opening brings it back."""
    varied_run().write(spool)
    with open_store(url) as store:
        store.ingest(spool)
        with store.engine.begin() as connection:
            config = Config()
            (folder,) = gnomon_analysis.store.migrations.__path__
            config.set_main_option("script_location", folder)
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.downgrade(config, "0001")
        assert inspect(store.engine).get_view_names() == []
    with open_store(url) as store:
        assert [run.tally.tests for run in store.runs()] == [14]
        assert query(store, "SELECT count(*) AS n FROM case_results") == [{"n": 14}]
        assert query(store, "SELECT count(*) AS n FROM change_impacts") == [{"n": 0}]
