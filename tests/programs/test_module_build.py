"""A server whose module lacks its web pages is built from a copy of it once, into Gnomon's cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnomon.errors import UserError
from gnomon_generators.programs import PROGRAMS
from gnomon_generators.programs.module_built import WithoutPages
from tests.programs.folders import Folder

# Does what Go does: tells where the module is, and builds only what has its pages.
GO = """
if [ "$1" = mod ]; then
  echo '{{"Dir": "{module}"}}'
else
  test -s ui/app/dist/index.html || {{ echo 'pattern app/dist: no matching files found' >&2; exit 1; }}
  mkdir -p "$(dirname "$3")" && printf '#!/bin/sh\n' > "$3" && chmod +x "$3"
fi
"""


def server(tmp_path: Path, go: str) -> tuple[WithoutPages, Folder]:
    folder = Folder(tmp_path / "bin")
    module = tmp_path / "module"
    (module / "ui/app").mkdir(parents=True)
    (module / "ui/web.go").write_text("//go:embed app/dist\n")
    # As in Go's cache of modules.
    for path in (module / "ui/app", module / "ui", module):
        path.chmod(0o555)
    script = folder.script("go", go.format(module=module))
    return WithoutPages(PROGRAMS["alertmanager"], script, tmp_path, tmp_path / "cache"), folder


def test_one_build_for_one_version(tmp_path: Path) -> None:
    """It is built when first run, with a page in its place, and taken from the cache afterwards."""
    found, folder = server(tmp_path, GO)
    assert found.built is None
    for _ in "ab":
        found.prepare()
    assert found.built == tmp_path / "cache/alertmanager-v0.34.2/alertmanager"
    assert found.version() == (0, 34, 2)
    assert [call[1] for call in folder.calls] == ["mod", "build"]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["alertmanager-v0.34.2"]
    # Go's own copy is as it was.
    assert not (tmp_path / "module/ui/app/dist").exists()


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """The last line of what Go says is passed on, and nothing half-built stays."""
    found, _ = server(tmp_path, "echo 'no network' >&2; exit 1")
    with pytest.raises(UserError, match=r"go cannot build it \(no network\)"):
        found.prepare()
    assert not list((tmp_path / "cache").iterdir())
