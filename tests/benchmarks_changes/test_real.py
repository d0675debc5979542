"""`python -m benchmarks.changes.real` with a history that is none."""

from __future__ import annotations

import lzma
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STREAM = b"commit refs/heads/%s\ncommitter A <a@example.org> 1750000000 +0000\ndata 5\nBegin\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"reset refs/heads/main\n", "is not a whole file packed with xz"),
        (lzma.compress(STREAM % b"main")[:-8], "is not a whole file packed with xz"),
        (lzma.compress(b"no stream\n"), "holds no history with a branch main"),
        (lzma.compress(STREAM % b"other"), "holds no history with a branch main"),
        (lzma.compress(STREAM % b"main"), "its newest commit has no routing_golden.yaml"),
    ],
)
def test_a_wrong_history_is_answered_in_one_sentence(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    """File and mistake are named, and the exit code is two."""
    file = tmp_path / "history.xz"
    if content is not None:
        file.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.changes.real", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"benchmarks.changes.real: {file}: {said}")
    assert done.stderr.count("\n") == 1
