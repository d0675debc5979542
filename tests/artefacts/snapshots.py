"""The committed artefacts as text, so that a reviewer sees what a change to a definition does.

`python -m tests.artefacts.snapshots` (or `make snapshots`) writes them anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gnomon_generators.artefacts.outline import read, text
from gnomon_generators.artefacts.production import DEPLOYED, folders

REPOSITORY: Final = Path(__file__).parents[2]
SNAPSHOTS: Final = Path(__file__).with_name("snapshots")
EXAMPLES: Final = Path(__file__).with_name("examples")


def snapshots() -> Iterator[tuple[Path, str]]:
    """Each artefact's snapshot file and what it must hold."""
    for folder in folders(DEPLOYED):
        for path in _artefacts(REPOSITORY / folder):
            # Without the folder that only says in which language they are: `json`, `yaml`.
            yield SNAPSHOTS.joinpath(folder.parts[0], *folder.parts[2:], f"{path.stem}.txt"), text(read(path))
    for path in _artefacts(EXAMPLES):
        yield EXAMPLES / f"{path.stem}.txt", text(read(path))


def present() -> set[Path]:
    """The snapshot files that there are."""
    return {*SNAPSHOTS.rglob("*.txt"), *EXAMPLES.glob("*.txt")}


def _artefacts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in {".json", ".yaml"})


def renew() -> None:
    """Writes the snapshots that differ and removes those of artefacts that are gone."""
    wanted = dict(snapshots())
    for path in present() - wanted.keys():
        path.unlink()
    for path, content in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != content:
            path.write_text(content, "utf-8")


if __name__ == "__main__":
    renew()
