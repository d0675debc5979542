"""The example skill repository: revision folders, told as a git history.

Each folder of `example/revisions` holds the files that one commit changed (`files/`) and its
`revision.yaml`: `message`, `date` (ISO 8601) and `removed`, the paths that it removed. The same folders
give the same commit ids on every machine.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from gnomon_analysis.demo.history import Git

_REVISIONS = Path(__file__).parent / "example" / "revisions"
GOLDEN_SET = Path("tests") / "routing_golden.yaml"


def build(git: Git, folder: Path) -> Path:
    """Builds the example repository in `folder` and returns the path of its golden set."""
    folder.mkdir(parents=True)
    git.run(folder, "init", "--quiet", "--template=", "--initial-branch=main", ".")
    for revision in sorted(_REVISIONS.iterdir()):
        if (revision / "revision.yaml").is_file():
            _commit(git, folder, revision)
    return folder / GOLDEN_SET


def _commit(git: Git, folder: Path, revision: Path) -> None:
    told = yaml.safe_load((revision / "revision.yaml").read_text(encoding="utf-8"))
    for removed in told.get("removed", ()):
        (folder / removed).unlink()
    changed = revision / "files"
    if changed.is_dir():
        shutil.copytree(changed, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    git.run(folder, "add", "--all", ".")
    dates = {"GIT_AUTHOR_DATE": told["date"], "GIT_COMMITTER_DATE": told["date"]}
    git.run(folder, "commit", "--quiet", "--message", told["message"], extra_environment=dates)
