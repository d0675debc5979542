"""Opening a store: addresses, migrations, what the database refuses."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from gnomon import settings
from gnomon.errors import UserError
from gnomon_analysis.store import Store, open_store, schema
from tests.store.spool_files import varied_run


def test_migrations_make_the_tables_that_the_schema_describes(store: Store) -> None:
    """What the revisions build and what the queries expect is the same, on both databases."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_the_newest_revision_is_the_one_that_opening_asks_for() -> None:
    """A new revision cannot be forgotten."""
    config = Config()
    config.set_main_option("script_location", "gnomon_analysis.store:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [schema.REVISION]


def test_opening_again_keeps_what_is_there(url: str, spool: Path) -> None:
    """A store outlives the process that made it."""
    varied_run().write(spool)
    with open_store(url) as store:
        store.ingest(spool)
    with open_store(url) as store:
        assert [run.tally.tests for run in store.runs()] == [14]


def test_settings_name_the_store(tmp_path: Path) -> None:
    """Without an address in settings the store lies in the state directory, which is made."""
    (tmp_path / "gnomon.yaml").write_text("state_directory: state\n")

    with open_store(settings.load(tmp_path / "gnomon.yaml")) as store:
        assert store.runs() == []

    assert (tmp_path / "state" / "gnomon.db").is_file()


def test_a_store_of_a_newer_gnomon_is_left_alone(url: str) -> None:
    """An older program does not touch tables that it does not know."""
    with open_store(url) as store, store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(UserError, match=r"newer Gnomon \(revision 9999\)"):
        open_store(url)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "no address of a store"),
        ("mysql://host/db", "no address of a store"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("postgresql://nobody@127.0.0.1:1/none?connect_timeout=2", "cannot be used"),
    ],
)
def test_an_address_that_is_none_is_explained(address: str, said: str) -> None:
    """The sentence says what to write instead."""
    with pytest.raises(UserError, match=said):
        open_store(address)


def test_a_password_is_never_shown() -> None:
    """Errors name the database without its secret."""
    with pytest.raises(UserError) as caught:
        open_store("postgresql://me:hunter2@127.0.0.1:1/none?connect_timeout=2")
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_store_is_explained(tmp_path: Path) -> None:
    """Another file in its place is named, not overwritten."""
    file = tmp_path / "gnomon.db"
    file.write_bytes(b"something else entirely" * 100)

    with pytest.raises(UserError, match="not a store"):
        open_store(file)

    assert file.read_bytes().startswith(b"something else")


def test_a_store_that_cannot_be_opened_says_what_it_needs(tmp_path: Path) -> None:
    """As in a folder that may only be read: readers of SQLite write there, too."""
    (tmp_path / "gnomon.db").mkdir()

    with pytest.raises(UserError, match=r"its folder has to be writable for readers as well"):
        open_store(tmp_path / "gnomon.db")


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    """A file where the folder of the store belongs."""
    (tmp_path / "state").write_text("")
    with pytest.raises(UserError, match="cannot be made"):
        open_store(tmp_path / "state" / "gnomon.db")


def test_odd_characters_in_the_path_do_no_harm(tmp_path: Path) -> None:
    """Folders may be called anything."""
    file = tmp_path / "50% of ?all #files & ünïcode" / "gnomon.db"
    with open_store(file) as store:
        assert store.runs() == []
    assert file.is_file()


def test_readers_and_a_writer_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """A SQLite store is in write-ahead mode, so that a report does not stop a test run's ingestion."""
    with open_store(tmp_path / "gnomon.db"):
        connection = sqlite3.connect(tmp_path / "gnomon.db")
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()
