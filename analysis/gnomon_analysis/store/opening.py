"""From an address to an engine whose tables are there and up to date."""

from __future__ import annotations

import importlib.util
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from gnomon.errors import ExitCode, UserError
from gnomon_analysis.store import schema

# The file that holds the store when settings name no other.
FILE_NAME = "gnomon.db"

# How long a process waits for another one that writes to the same SQLite file.
BUSY_SECONDS = 60.0

# The key of PostgreSQL's advisory lock under which tables are made: "gnomon" in ASCII.
_MIGRATION_LOCK = 0x676E6F6D6F6E

_WRITE = "gnomon_write"


def sqlite_url(path: Path) -> URL:
    """The address of a store in a file."""
    return URL.create("sqlite", database=str(path))


def open_engine(address: str | URL) -> Engine:
    """An engine on the store at `address`, its tables made or brought up to date.

    Any number of processes may do this at once. Raises UserError for an address that is none, a
    database that is not there or not ours, and one written by a newer Gnomon.
    """
    url = _checked(address)
    if url.get_backend_name() == "sqlite":
        engine = _sqlite_engine(url)
    else:
        engine = create_engine(url, pool_pre_ping=True)
    with database_errors(url):
        _migrate(engine, url)
    return engine


def _checked(address: str | URL) -> URL:
    try:
        url = make_url(address)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError):
        raise UserError(_not_an_address(address)) from None
    if backend == "sqlite":
        if not url.database or url.database == ":memory:":
            raise UserError(
                "store.url: a store in memory forgets everything; write sqlite:///path/to/gnomon.db"
            )
        return url.set(drivername="sqlite")
    if backend == "postgresql":
        if importlib.util.find_spec("psycopg") is None:
            raise UserError(
                'store.url: PostgreSQL needs a driver; install it with: pip install "gnomon[postgres]"',
                ExitCode.MISSING,
            )
        return url.set(drivername="postgresql+psycopg")
    raise UserError(_not_an_address(address))


def _not_an_address(address: str | URL) -> str:
    shown = address.render_as_string() if isinstance(address, URL) else address.split("@")[-1]
    return (
        f"store.url: {shown!r} is no address of a store; write sqlite:///FILE or postgresql://HOST/DATABASE"
    )


def _sqlite_engine(url: URL) -> Engine:
    file = Path(str(url.database))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{file}: the folder of the store cannot be made ({error.strerror})") from None
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions when it sees fit, and end them before it makes a table.
    connection.isolation_level = None
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Readers and one writer at a time without waiting; kept in the file once it is set."""
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # SQLite does not wait here by itself when somebody else is at the file.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return  # file systems that cannot do it keep their own mode, which is safe too


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: a reader that turns writer half-way may find it has read the past.
    writes = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write: all of it happens, or nothing."""
    with engine.connect() as connection:
        writer = connection.execution_options(**{_WRITE: True})
        with writer.begin():
            yield writer


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the store throughout (on PostgreSQL: in each statement)."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def database_errors(url: URL) -> Iterator[None]:
    """Turns what the database refuses into a sentence about the store."""
    try:
        yield
    except DBAPIError as error:
        name = (
            url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
        )
        reason = " ".join(str(error.orig).split()) or type(error.orig).__name__
        if "file is not a database" in reason:
            raise UserError(
                f"{name}: not a store of Gnomon's; move the file away, or set store.url"
            ) from error
        if "unable to open database file" in reason or "readonly database" in reason:
            raise UserError(
                f"{name}: the store cannot be used ({reason}); its folder has to be writable for readers as "
                "well: copy it to one that is, or set store.url",
                ExitCode.MISSING,
            ) from error
        raise UserError(f"{name}: the store cannot be used ({reason})", ExitCode.MISSING) from error


def _migrate(engine: Engine, url: URL) -> None:
    with reading(engine) as connection:
        if _revision(connection) == schema.REVISION:
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        found = _revision(connection)  # somebody else may have been faster
        if found != schema.REVISION:
            _upgrade(connection, found, url)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection, found: str | None, url: URL) -> None:
    from alembic import command  # noqa: PLC0415 - needed once in the life of a store
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    attributes: dict[str, Any] = config.attributes
    attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise UserError(
            f"{url.render_as_string(hide_password=True)}: this store was written by a newer Gnomon "
            f"(revision {found}); upgrade Gnomon, or set store.url to another one"
        )
    command.upgrade(config, schema.REVISION)
