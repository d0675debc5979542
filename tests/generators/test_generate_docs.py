"""`gnomon generate docs` writes whole files, the same bytes every time, and says what differs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gnomon_generators import reference

REPOSITORY = Path(__file__).parents[2]


def gnomon(*arguments: str | Path, cwd: Path, seed: str = "0") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from gnomon.cli.main import main; main()", "generate", "docs"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    answer = gnomon(cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    return tmp_path


def test_it_writes_every_document_and_nothing_else(written: Path) -> None:
    """The files are those of the list, under docs/ where nothing else is said, with no rests of writing."""
    assert contents(written) == {
        f"docs/{document.path}": document.text.encode() for document in reference.all_documents()
    }
    assert {"docs/telemetry.md", "docs/registry/metrics.yaml"} <= set(contents(written))


def test_the_bytes_do_not_depend_on_the_process(written: Path) -> None:
    """Another process with other hashes writes the same bytes."""
    assert gnomon("--out", "other", cwd=written, seed="12345").returncode == 0
    assert contents(written / "other" / "docs") == contents(written / "docs")


def test_check_is_content_with_what_was_written(written: Path) -> None:
    """Nothing differs after writing, and checking writes nothing."""
    before = contents(written)
    answer = gnomon("--check", cwd=written)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert contents(written) == before


def test_check_names_what_differs(written: Path) -> None:
    """A missing, a changed and a left-over file are each named, and the answer is 1."""
    page, registry = written / "docs" / "telemetry.md", written / "docs" / "registry"
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    page.write_text("".join([*lines[:4], "changed\n", *lines[5:]]), encoding="utf-8")
    (registry / "spans.yaml").unlink()
    (registry / "metrics.yaml").rename(registry / "old.yaml")
    (registry / "own.yaml").write_text("mine: true\n", encoding="utf-8")
    before = contents(written)
    answer = gnomon("--check", cwd=written)
    assert answer.returncode == 1
    assert sorted(answer.stdout.splitlines()) == [
        "docs/registry/metrics.yaml: missing",
        "docs/registry/old.yaml: no longer generated",
        "docs/registry/spans.yaml: missing",
        "docs/telemetry.md: differs, first in line 5",
    ]
    assert "to write: gnomon generate docs" in answer.stderr
    assert contents(written) == before


def test_writing_again_mends_only_what_differs(written: Path) -> None:
    """Only changed files are replaced, left-overs go, and a file of someone's own stays."""
    page, registry = written / "docs" / "telemetry.md", written / "docs" / "registry"
    untouched = (registry / "spans.yaml").stat()
    page.write_text("changed\n", encoding="utf-8")
    (registry / "own.yaml").write_text("mine: true\n", encoding="utf-8")
    (registry / "old.yaml").write_bytes((registry / "spans.yaml").read_bytes())
    answer = gnomon(cwd=written)
    assert answer.returncode == 0
    assert answer.stdout.splitlines()[:-1] == ["wrote docs/telemetry.md", "removed docs/registry/old.yaml"]
    assert gnomon("--check", cwd=written).returncode == 0
    assert (registry / "own.yaml").read_text(encoding="utf-8") == "mine: true\n"
    after = (registry / "spans.yaml").stat()
    assert (after.st_ino, after.st_mtime_ns) == (untouched.st_ino, untouched.st_mtime_ns)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """A page's place taken by a folder is answered with one sentence, no traceback, and no rests."""
    (tmp_path / "docs" / "telemetry.md").mkdir(parents=True)
    answer = gnomon(cwd=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.startswith("gnomon: ")
    assert "--out" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".tmp")]


def test_the_committed_documents_are_up_to_date() -> None:
    """The pages in the repository are what the registry and the settings say today."""
    answer = gnomon("--check", cwd=REPOSITORY)
    assert answer.returncode == 0, answer.stdout
