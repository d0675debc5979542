"""`gnomon demo`: replay a skill repository's history and report which commit moved its routing."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from gnomon.errors import ExitCode, UserError

if TYPE_CHECKING:
    from rich.console import Console

    from gnomon_analysis.demo.demonstration import Started
    from gnomon_analysis.demo.history import Revision

_DEFAULT_OUT = Path(".gnomon") / "demo"
# Enough chance for some tests of the example to be truly flaky, little enough to leave the story standing.
_EXAMPLE_TEMPERATURE = 0.002
_EXAMPLE_RUNS = 2


@click.command()
@click.option(
    "--repo",
    type=click.Path(path_type=Path),
    help="Git repository with SKILL.md files.  [default: the example]",
)
@click.option(
    "--golden",
    type=click.Path(path_type=Path),
    help="Golden set: requests and the skills that ought to answer.",
)
@click.option(
    "--range", "span", metavar="REV..REV", help="Only these commits.  [default: all of the history]"
)
@click.option("--runs", type=click.IntRange(1, 100), help="Runs at each commit.  [default: 1; example: 2]")
@click.option(
    "--temperature",
    type=click.FloatRange(0),
    help="Chance in the router's choice; 0 is none.  [default: 0; example: 0.002]",
)
@click.option(
    "--workers",
    type=click.IntRange(0, 64),
    default=0,
    help="Processes of pytest-xdist in each run.  [default: none]",
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), help="Commits side by side.  [default: one a processor, at most 4]"
)
@click.option(
    "--price-as",
    metavar="MODEL",
    default="claude-haiku-4-5",
    show_default=True,
    help="Model whose list price estimates the cost.",
)
@click.option("--endpoint", metavar="URL", help="OTLP address to export the runs to as well.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=_DEFAULT_OUT,
    show_default=True,
    help="Folder for report and data; an earlier demo's is replaced.",
)
@click.option(
    "--open/--no-open",
    "open_report",
    default=False,
    show_default=True,
    help="Open the report in the browser.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def demo(
    *,
    repo: Path | None,
    golden: Path | None,
    span: str | None,
    runs: int | None,
    temperature: float | None,
    workers: int,
    jobs: int | None,
    price_as: str,
    endpoint: str | None,
    out: Path,
    open_report: bool,
    as_json: bool,
) -> None:
    """Replay a skill repository commit by commit and report what moved its routing accuracy.

    Without --repo the example repository that comes with Gnomon is replayed. At every commit that changes
    a SKILL.md, a routing suite runs under `pytest --gnomon` with a router that really reads the skills. The
    repository is copied first: nothing in it is changed or run.
    """
    from rich.console import Console  # noqa: PLC0415 - after --help

    from gnomon_analysis.demo import summary  # noqa: PLC0415
    from gnomon_analysis.demo.demonstration import demonstrate  # noqa: PLC0415
    from gnomon_analysis.demo.plan import Wish  # noqa: PLC0415

    if workers:
        _require_xdist()
    _allow_any_sign()
    is_example = repo is None
    wish = Wish(
        repository=repo,
        golden=golden,
        span=span,
        runs=runs or (_EXAMPLE_RUNS if is_example else 1),
        temperature=temperature if temperature is not None else (_EXAMPLE_TEMPERATURE if is_example else 0.0),
        workers=workers,
        jobs=jobs or min(4, os.cpu_count() or 1),
        price_as=price_as,
        out=out,
        endpoint=endpoint,
    )
    told = Console(stderr=as_json)
    with _Progress(told) as progress:
        result = demonstrate(wish, progress.begin, progress.advance)
    if as_json:
        click.echo(json.dumps(summary.as_json(result), indent=2))
    else:
        # A file or a pager has no width of its own; a terminal keeps the one it has.
        summary.show(result, told if told.is_terminal else Console(width=120))
    if open_report:
        webbrowser.open(result.report.as_uri())
    if result.agreement.different:
        raise UserError(
            "the results store and the router's own notes differ; please report this with the folder "
            f"{result.out}",
            ExitCode.NEGATIVE,
        )


def _require_xdist() -> None:
    if importlib.util.find_spec("xdist") is None:
        raise UserError(
            "--workers needs pytest-xdist, which is not installed; run: pip install pytest-xdist",
            ExitCode.MISSING,
        )


def _allow_any_sign() -> None:
    """A terminal or file that knows only some signs gets question marks for the others."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


class _Progress(AbstractContextManager["_Progress"]):
    """A moving bar on a terminal, about ten plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._total = self._done = 0
        self._advance_bar: Callable[[str], None] | None = None
        self._close: Callable[[], None] | None = None

    def begin(self, started: Started) -> None:
        """Says what is about to happen."""
        from rich.markup import escape  # noqa: PLC0415 - after --help

        from gnomon_analysis.report.wording import plural  # noqa: PLC0415

        self._total = started.commits * started.runs
        self._console.print(
            f"Replaying [bold]{escape(started.name)}[/bold]: {plural(started.commits, 'commit')} × "  # noqa: RUF001
            f"{plural(started.runs, 'run')}, {plural(started.cases, 'golden case')} each",
            highlight=False,
        )
        if self._console.is_terminal:
            self._begin_bar()

    def advance(self, revision: Revision) -> None:
        """Counts one finished run."""
        with self._lock:
            self._done += 1
            if self._advance_bar is not None:
                self._advance_bar(f"{revision.short} {revision.subject[:48]}")
            elif self._done == self._total or self._done % max(1, self._total // 10) == 0:
                self._console.print(f"  {self._done} of {self._total} runs", highlight=False)

    def _begin_bar(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        bar = Progress(
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            transient=True,
        )
        task = bar.add_task("", total=self._total)
        bar.start()
        self._advance_bar = lambda text: bar.update(task, advance=1, description=text)
        self._close = bar.stop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        if self._close is not None:
            self._close()
