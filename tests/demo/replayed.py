"""A part of the example, replayed once and looked at by many tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gnomon_analysis.demo import example
from gnomon_analysis.demo.demonstration import Demonstration, demonstrate
from gnomon_analysis.demo.history import Git
from gnomon_analysis.demo.plan import Wish

# The last six commits: a fall, a gain, a pure rename, a small fall and its mending among them.
SPAN = "HEAD~6..HEAD"
COMMITS = 6


def example_repository(folder: Path) -> Path:
    """The example as a repository of a user's."""
    home = folder / "home"
    home.mkdir()
    example.build(Git(home), folder / "desk")
    return folder / "desk"


def wish(repository: Path, out: Path, **changes: object) -> Wish:
    """A short replay without chance."""
    plain = Wish(
        repository=repository,
        golden=repository / example.GOLDEN_SET,
        span=SPAN,
        runs=1,
        temperature=0.0,
        workers=0,
        jobs=2,
        price_as="claude-haiku-4-5",
        out=out,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def replay(wanted: Wish) -> Demonstration:
    """Runs it without a word."""
    return demonstrate(wanted, lambda started: None, lambda revision: None)
