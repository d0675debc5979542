"""A process that begins warm is to whoever starts it what one that begins cold is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import warm

SAYS = """
import os, sys
print(os.getcwd(), os.environ.get("WORD"), sys.argv[1:], sys.path[0], __name__)
print("trouble", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def module(tmp_path: Path) -> list[str]:
    (tmp_path / "says.py").write_text(SAYS)
    return [sys.executable, "-m", "says"]


@pytest.mark.parametrize("together", [False, True])
def test_it_is_as_one_that_begins_cold(tmp_path: Path, module: list[str], together: bool) -> None:
    """Arguments, folder, environment, module path, both streams and the exit code are the same."""
    environment = {**os.environ, "WORD": "schön"}
    command = [*module, "3", "two words"]
    said = []
    for start in (warm.run, warm.anew):
        done = start(command, cwd=tmp_path, env=environment, together=together)
        # Which stream comes first into one is left to their buffers.
        said.append((done.returncode, sorted(done.stdout.splitlines()), done.stderr or ""))
    assert said[0] == said[1]
    assert said[0][0] == 3
