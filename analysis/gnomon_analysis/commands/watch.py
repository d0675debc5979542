"""`gnomon watch`: changes of skills and configuration, and what they did, into the store as they come."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from gnomon import settings as gnomon_settings
from gnomon import state
from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon_analysis.commands import tables
from gnomon_analysis.commands.changes_updated import read_histories, update_findings
from gnomon_analysis.commands.json_form import echo_json, plain
from gnomon_analysis.commands.opened import prepared_store, tell_damage

if TYPE_CHECKING:
    from gnomon_analysis.attribution import Finding
    from gnomon_analysis.changes import Noticed, Recorded
    from gnomon_analysis.store import Store

# Where requests are taken when settings ask for webhooks and the command line says nothing.
_DEFAULT_ADDRESS = "127.0.0.1:9465"

_SHOWN = 20


@click.command()
@click.option("--once", is_flag=True, help="Look once and end.")
@click.option(
    "--serve",
    metavar="ADDRESS:PORT",
    help=f"Take webhooks of GitHub, GitLab and Gitea there, too.  [default: {_DEFAULT_ADDRESS} where "
    "changes.detection is webhook, else nowhere]",
)
@click.option("--fetch", is_flag=True, help="Run `git fetch` before each look.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print each look that brought something as one JSON object."
)
def watch(once: bool, serve: str | None, fetch: bool, as_json: bool) -> int:
    """Records every change of a skill, prompt, configuration or golden set, and what it likely moved.

    Looks at the repositories every changes.polling_interval, and at what new runs say of models, providers,
    environments and commits, until Ctrl-C or SIGTERM. Ends with 3 where there is no repository.
    """
    settings = gnomon_settings.load()
    address = serve or (_DEFAULT_ADDRESS if settings.changes.detection == "webhook" else None)
    if once and serve:
        raise UserError("--once ends after one look, and --serve waits for more; give one of them")
    with prepared_store(settings) as store:
        watcher = _Watcher(store, settings, fetch=fetch, as_json=as_json)
        if once:
            return watcher.once()
        with _listening(address, settings, watcher):
            watcher.watch()
    return ExitCode.OK


@contextlib.contextmanager
def _listening(address: str | None, settings: Settings, watcher: _Watcher) -> Iterator[None]:
    if address is None:
        yield
        return
    from gnomon_analysis.changes.webhooks import Listener, missing_secret, parse_address  # noqa: PLC0415

    if settings.changes.webhook_secret is None:
        raise missing_secret()
    secret = settings.changes.webhook_secret.read()
    listener = Listener(*parse_address(address), secret, watcher.wake)
    try:
        click.echo(f"gnomon: taking webhooks at {listener.address}", err=True)
        yield
    finally:
        listener.close()


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look brought: changes that were recorded, new findings, and findings that were taken back."""

    recorded: Recorded
    found: Sequence[Finding] = ()
    withdrawn: Sequence[Finding] = ()

    @property
    def brought(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.recorded.noticed or self.found or self.withdrawn)


class _Watcher:
    def __init__(self, store: Store, settings: Settings, *, fetch: bool, as_json: bool) -> None:
        self._store = store
        self._settings = settings
        self._fetch = fetch
        self._as_json = as_json
        self._told: set[str] = set()
        self._mark: tuple[int, ...] | None = None
        self._awake = threading.Event()

    def wake(self) -> None:
        """Has it look now."""
        self._awake.set()

    def once(self) -> int:
        """One look, and the exit code."""
        look = self._look()
        if self._as_json:
            echo_json(**_json_of(look))
        else:
            self._show(look)
            click.echo(_counted(len(look.recorded.noticed), "new change"))
            if look.found:
                click.echo(_counted(len(look.found), "new finding"))
        self._tell(look.recorded.notes)
        self._tell(_not_committed(self._settings))
        return ExitCode.OK if look.recorded.repositories else ExitCode.MISSING

    def watch(self) -> None:
        """Looks until it is told to end. Only the first look may fail; later ones are tried again."""
        with _Signals() as signals:
            look = self._look()
            if not look.recorded.repositories:
                raise UserError(look.recorded.notes[0], ExitCode.MISSING)
            interval = self._settings.changes.polling_interval
            click.echo(
                f"gnomon: watching {', '.join(look.recorded.repositories)} every {interval} (Ctrl-C ends)",
                err=True,
            )
            while not signals.asked:
                self._tell(look.recorded.notes)
                if look.brought and self._as_json:
                    click.echo(json.dumps(plain(_json_of(look))))
                elif look.brought:
                    self._show(look)
                self._awake.wait(interval.seconds)
                self._awake.clear()
                look = self._tried(look)

    def _tried(self, last: _Look) -> _Look:
        try:
            return self._look()
        except UserError as error:
            self._told.discard(str(error))
            return _Look(type(last.recorded)((), last.recorded.repositories, (str(error),)))

    def _look(self) -> _Look:
        from gnomon_analysis.changes import record  # noqa: PLC0415 - after --help
        from gnomon_analysis.changes.fetching import fetch  # noqa: PLC0415

        tell_damage(self._store.ingest(state.spool_directory(self._settings.state_directory)))
        if self._fetch:
            self._tell(fetch(self._settings))
        recorded = record(self._store, self._settings)
        return _Look(recorded, *self._findings(news=bool(recorded.noticed)))

    def _findings(self, *, news: bool) -> tuple[Sequence[Finding], Sequence[Finding]]:
        """What runs and requests say since the last look: new findings, and those taken back.

        Without a new change, a run or a request nothing is looked at.
        """
        from gnomon_analysis.attribution import findings, mark  # noqa: PLC0415 - loads scipy

        now = mark(self._store)
        if now == self._mark and not news:
            return (), ()
        with ExitStack() as stack:
            histories, _ = read_histories(self._settings, stack)  # `record` says what cannot be read
            looked = update_findings(self._store, self._settings, histories)
        self._mark = now
        found, withdrawn = (
            findings(self._store, impact_ids=ids, withdrawn=True) if ids else []
            for ids in (looked.told, looked.withdrawn)
        )
        return found, withdrawn

    def _show(self, look: _Look) -> None:
        lines = [_line(change) for change in look.recorded.noticed]
        _echo_newest(lines, "older changes")
        _echo_newest([_found(one) for one in reversed(look.found)], "older findings")
        _echo_newest([_found(one, "withdrawn") for one in look.withdrawn], "older findings withdrawn")

    def _tell(self, sentences: Any) -> None:
        """Says on stderr what was not said before."""
        for sentence in sentences:
            if sentence not in self._told:
                self._told.add(sentence)
                click.echo(f"gnomon: {sentence}", err=True)


class _Ended(BaseException):
    """Somebody asked for the end."""


class _Signals:
    """Ends what is within at SIGINT or SIGTERM, whatever it is at: each transaction happens or does not."""

    def __init__(self) -> None:
        self.asked = False
        self._over = False

    def __enter__(self) -> _Signals:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._over = True
        return kind is _Ended

    def _end(self, *_: object) -> None:
        # Python swallows what is raised in a destructor: so it is noted, too.
        self.asked = True
        if not self._over:
            raise _Ended


def _not_committed(settings: Settings) -> Iterator[str]:
    from gnomon_analysis.changes.recording import uncommitted  # noqa: PLC0415 - after --help

    if paths := uncommitted(settings):
        shown = ", ".join(paths[:3]) + (" …" if len(paths) > 3 else "")
        one = len(paths) == 1
        yield (
            f"not recorded before {'it is' if one else 'they are'} committed: "
            f"{tables.number(len(paths))} changed {'file' if one else 'files'} ({shown})"
        )


def _json_of(look: _Look) -> dict[str, Any]:
    return {
        "noticed": look.recorded.noticed,
        "repositories": look.recorded.repositories,
        "notes": look.recorded.notes,
        "findings": look.found,
        "withdrawn": look.withdrawn,
    }


def _counted(count: int, noun: str) -> str:
    return f"{tables.number(count)} {noun}{'' if count == 1 else 's'}"


def _echo_newest(lines: Sequence[str], others: str) -> None:
    shown = lines[-_SHOWN:]
    if len(shown) < len(lines):
        click.echo(f"{tables.number(len(lines) - len(shown))} {others}, and")
    for line in shown:
        click.echo("".join(character if character.isprintable() else " " for character in line))


def _line(change: Noticed) -> str:
    """`2026-02-02 00:04  9e101040  skill refunds: description; +12 tokens (Ada)`."""
    by = f" ({change.author})" if change.author else ""
    return (
        f"{tables.when(change.changed_at)}  {tables.commit(change.revision, False):8}  {change.summary}{by}"
    )


def _found(finding: Finding, word: str = "") -> str:
    """`2026-02-02 00:10  9e101040  regression: Commit 9e10104 likely lowered … (a1b2c3d4)`."""
    when = datetime.fromtimestamp(finding.updated_ns / 1e9, UTC)
    commit = tables.commit(finding.revision or finding.after_revision, False)
    said = f"{word or finding.verdict}: {finding.sentence} ({finding.impact_id[:8]})"
    return f"{tables.when(when)}  {commit:8}  {said}"
