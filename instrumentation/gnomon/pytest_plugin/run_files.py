"""Where a run's spans go while it lasts: a journal, and another place when the first fails."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from gnomon.otlp import encode
from gnomon.runs.plan import SUFFIX, Plan, PlanFile
from gnomon.runs.spans import scope
from gnomon.spool import Journal, journal
from gnomon.spool.forms import Form
from gnomon.state import prepare

SCOPE = scope("pytest")


class RunFiles:
    """The spool files of one run, as its controller writes them.

    The first line creates the journal. A state directory that cannot be written (read-only, full)
    sends the rest of the run to the machine's temporary directory; `directories` are all that hold
    something of it, `lost` counts lines that found no place at all, and `why` says what failed.
    """

    def __init__(self, directory: Path, stem: str, resource: Mapping[str, Any]) -> None:
        self.directories = [directory]
        self.lost = 0
        self.why = ""
        self._stem = stem
        self.resource = encode.resource(resource)
        self._journals: list[Journal] = []
        self._plan: PlanFile | None = None

    @property
    def directory(self) -> Path:
        """Where the run writes now."""
        return self.directories[-1]

    def intend(self, plan: Plan) -> None:
        """Keeps what the run is going to do for whoever finds it killed; never raises."""
        try:
            if self._plan is None:
                prepare(self.directory.parent)
                self._plan = PlanFile(self.directory / f"{self._stem}{SUFFIX}")
            self._plan.write(plan)
        except OSError:
            self.forget()  # the first span meets the same trouble, and tells of it

    def forget(self) -> None:
        """The run has its end, or what it has is no longer in one place; never raises."""
        if self._plan is not None:
            with suppress(OSError):
                self._plan.remove()
            self._plan = None

    def append(self, span: str, form: Form | None = None) -> None:
        """Writes one span, or the values of one that has this form; never raises."""
        try:
            if not self._journals:
                self._journals.append(self._open())
            self._journals[-1].append(span, form)
        except OSError as error:
            self._elsewhere(form, span, error)

    def shorthand(self, form: Form) -> Callable[[str], None]:
        """Gives what writes spans of this form by their values, see `Journal.shorthand`; never raises."""
        try:
            if not self._journals:
                self._journals.append(self._open())
            return self._journals[-1].shorthand(form, partial(self._elsewhere, form))
        except OSError:
            return partial(self.append, form=form)  # meets the same trouble, and tells of it

    def _open(self) -> Journal:
        prepare(self.directory.parent)
        return Journal(self.directory / f"{self._stem}.traces.jsonl", self.resource, SCOPE)

    def _elsewhere(self, form: Form | None, span: str, error: OSError) -> None:
        self.why = self.why or f"{self.directory} cannot be written: {error.strerror or error}"
        self.forget()
        try:
            if len(self.directories) == 1:
                self.directories.append(fallback_directory())
                self._journals.append(self._open())
            self._journals[-1].append(span, form)
        except OSError:
            self.lost += 1

    def complete(self) -> None:
        """Finishes the run's journals. One that cannot be finished now is finished by the next run."""
        for open_journal in self._journals:
            try:
                open_journal.complete()
            except OSError as error:
                self.why = (
                    self.why or f"{open_journal.path.parent} cannot be written: {error.strerror or error}"
                )
        self._journals.clear()

    def recorded_by_tests(self, workers: Iterable[str] | None = None) -> Iterator[dict[str, Any]]:
        """The spans that the executing processes (default: all) recorded, finished or as they left them."""
        theirs = ("",) if workers is None else tuple(f"{worker}." for worker in workers)
        beginnings = tuple(f"{self._stem}.{their}" for their in theirs)
        for directory in self.directories:
            yield from journal.recorded(directory, lambda name: name.startswith(beginnings))


def fallback_directory() -> Path:
    """A spool of this user's own in the machine's temporary directory."""
    import getpass  # noqa: PLC0415 - brings the terminal's library, and is hardly ever needed

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return Path(tempfile.gettempdir()) / f"gnomon-{user}" / "spool"
