"""`gnomon changes page`: one change as an HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gnomon import settings as gnomon_settings
from gnomon.errors import ExitCode, UserError
from gnomon_analysis.commands.asked import asked
from gnomon_analysis.commands.opened import current_store, no_runs_yet

if TYPE_CHECKING:
    from gnomon.settings import Settings
    from gnomon_analysis.report.change_reading import Known
    from gnomon_analysis.store import Store


@click.command()
@click.argument("reference", metavar="COMMIT|ID")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write.  [default: change-<COMMIT>.html in this folder]",
)
def page(reference: str, out: Path | None) -> None:
    """Writes one change as an HTML page: what it moved, what was changed, the tests behind it.

    COMMIT is a commit or the beginning of its id, ID the beginning of a finding's. The file is complete in
    itself.
    """
    from gnomon_analysis.report import change_page, change_reading  # noqa: PLC0415 - loads SQLAlchemy

    settings = gnomon_settings.load()
    with current_store(settings) as store:
        if not store.runs(limit=1):
            raise no_runs_yet(settings)
        meant = _meant(store, settings, reference)
        change = change_reading.gather(store, meant, _known(store, settings, meant))
    target = out or Path(f"change-{(change.revision or meant)[:8]}.html")
    try:
        change_page.write(change, target)
    except OSError as error:
        raise UserError(
            f"--out {target}: cannot be written ({error.strerror}); name a file in a folder that is there "
            "and that you may write to"
        ) from None
    click.echo(change_page.lead(change))
    click.echo(f"page  {target}")


def _meant(store: Store, settings: Settings, reference: str) -> str:
    """The whole id of the commit that is meant, or the beginning of a finding's that names none."""
    from gnomon_analysis.gating import commits  # noqa: PLC0415
    from gnomon_analysis.report import change_reading  # noqa: PLC0415

    wanted = reference.strip()
    found = change_reading.find(store, wanted.lower()) if wanted else []
    if not found and (commit := commits.resolve(settings.root, wanted)):
        found = change_reading.find(store, commit)
    if len(found) > 1:
        several = ", ".join(commit[:12] for commit in found[:5] if commit)
        raise UserError(f"{reference!r} means {len(found)} changes ({several}); write more of the id")
    if not found:
        raise UserError(
            f"{reference!r} is no finding, and no commit that changed a tracked file or moved a metric; "
            "`gnomon changes --all` lists the findings, and brings both up to date",
            ExitCode.NEGATIVE,
        )
    return found[0] or wanted.lower()


def _known(store: Store, settings: Settings, reference: str) -> Known:
    """What the store cannot know: the history's order and subjects, and what the tests ask."""
    from gnomon_analysis.attribution import (  # noqa: PLC0415 - loads scipy
        FLEET_METRICS,
        METRICS,
        findings,
        told_first,
    )
    from gnomon_analysis.attribution.updating import options_of  # noqa: PLC0415
    from gnomon_analysis.report import change_reading  # noqa: PLC0415

    order: list[str] = []
    subjects: dict[str, str] = {}
    for commit, subject in _history(settings):
        order.append(commit)
        subjects[commit] = subject
    ids = change_reading.ids_of(store, reference)
    cases = change_reading.cases_of(store, ids)
    found = told_first(findings(store, impact_ids=ids), options_of(settings).least_effects)
    return change_reading.Known(
        order=order,
        subjects=subjects,
        requests=asked(store, settings, cases),
        titles={
            name: metric.title.removeprefix("the ") for name, metric in {**FLEET_METRICS, **METRICS}.items()
        },
        told_first=[one.impact_id for one in found],
        false_findings_percent=settings.changes.attribution.false_findings_percent,
    )


def _history(settings: Settings) -> Iterator[tuple[str, str]]:
    """Commits with their subjects, oldest first; without a repository there are none."""
    from gnomon_analysis.changes import Patterns, read_history  # noqa: PLC0415
    from gnomon_analysis.changes.recording import folders  # noqa: PLC0415

    with ExitStack() as stack:
        for folder in folders(settings):
            try:
                history = stack.enter_context(read_history(folder, Patterns.of(settings, folder)))
            except UserError:
                continue
            for revision in history.revisions:
                yield revision.commit, revision.subject
