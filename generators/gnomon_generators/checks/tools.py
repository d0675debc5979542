"""Programs of others that checks run, and what is said when one is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gnomon.errors import UserError
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import File, Tree

if TYPE_CHECKING:
    from gnomon_generators.programs import Program, Result


def program_for(tree: Tree, name: str) -> Program | str:
    """The program, ready to run, or a sentence that says how to get it.

    With `require_programs` every way is tried, and a missing program raises `UserError` (exit code 3).
    Without, nothing is compiled for a check: a Collector of ours counts when it was built before.
    """
    from gnomon_generators import programs  # noqa: PLC0415 - only where a check runs one
    from gnomon_generators.programs.built import Collector  # noqa: PLC0415

    if tree.require_programs:
        found = programs.require(name)
        found.prepare()
        return found
    quick = programs.find(name, ways=("path", "image"))
    if isinstance(quick, programs.Missing):
        built = programs.find(name, ways=("go",))
        return built if isinstance(built, Collector) and built.built else str(quick)
    try:
        quick.prepare()
    except UserError as error:
        return str(error)
    return quick


def missing(tree: Tree, check: str, name: str, sentence: str, left_out: str) -> Iterator[Finding]:
    """The one finding about a program that is not there; `left_out` says what was not checked."""
    yield tree.finding(
        check,
        Severity.INFO,
        f"{left_out} {sentence}.",
        f"get {name}, or ask for it with --require-programs, which fails when it is missing",
    )


def run_on(program: Program, tree: Tree, files: Sequence[File], *arguments: str) -> Result:
    """Runs the program with these arguments and the files' paths after them."""
    paths = [path_of(tree, file) for file in files]
    folders = sorted({path.parent for path in paths})
    return program.run(*arguments, *map(str, paths), folder=tree.root, readable=folders)


def path_of(tree: Tree, file: File) -> Path:
    """Where the file is, whatever way findings show it."""
    # Findings show a path from the project's root where it lies there, else as it was named.
    inside = tree.root / file.path
    return (inside if inside.exists() else file.path).resolve()
