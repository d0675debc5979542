"""The store that a command works on: opened by the settings, with everything that is in the spool."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from gnomon import settings as gnomon_settings
from gnomon import state
from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon_analysis.store import IngestReport, Store, open_store
from gnomon_analysis.store.opening import FILE_NAME

_SHOWN = 5


@contextmanager
def current_store(settings: Settings | None = None) -> Iterator[Store]:
    """The store that settings name, after bringing in the files that wait in the spool.

    Damaged lines are told on stderr. Raises UserError (exit code 3) where nothing was ever recorded.
    """
    settings = settings or gnomon_settings.load()
    spool = state.spool_directory(settings.state_directory)
    if settings.state_directory.is_file():
        raise UserError(
            f"{settings.state_directory}: the state directory is a file; set state_directory in gnomon.yaml, "
            "or GNOMON_STATE_DIRECTORY, to a folder"
        )
    if (
        settings.store.url is None
        and not spool.is_dir()
        and not (settings.state_directory / FILE_NAME).is_file()
    ):
        raise no_runs_yet(settings)
    with prepared_store(settings) as store:
        tell_damage(store.ingest(spool))
        yield store


@contextmanager
def prepared_store(settings: Settings) -> Iterator[Store]:
    """The store that settings name, made if it is not there."""
    if settings.store.url is None:
        try:
            state.prepare(settings.state_directory)
        except OSError as error:
            raise UserError(
                f"{settings.state_directory}: the state directory cannot be made ({error.strerror}); "
                "set state_directory in gnomon.yaml to a folder that you may write to"
            ) from None
    with open_store(settings) as store:
        yield store


def no_runs_yet(settings: Settings | None = None) -> UserError:
    """What to do when there is nothing to show."""
    settings = settings or gnomon_settings.load()
    place = (settings.store.url and "the store") or settings.state_directory
    return UserError(
        f"no runs yet in {place}; record one with `pytest --gnomon`, or `gnomon import junit FILE`",
        ExitCode.MISSING,
    )


def tell_damage(report: IngestReport) -> None:
    """Says on stderr what could not be read."""
    told = [f"{line} (kept aside)" for line in report.damaged]
    told += [f"{path}: cannot be read ({reason})" for path, reason in report.unreadable]
    for sentence in told[:_SHOWN]:
        click.echo(f"gnomon: {sentence}", err=True)
    if len(told) > _SHOWN:
        click.echo(f"gnomon: and {len(told) - _SHOWN} more damaged lines", err=True)
