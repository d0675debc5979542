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


def test_nothing_of_ours_is_there_before(tmp_path: Path) -> None:
    """What it has imported already is others'."""
    (tmp_path / "ours.py").write_text(
        "import sys; print(*(name for name in sys.modules if 'gnomon' in name))"
    )
    done = warm.run([sys.executable, "-m", "ours"], cwd=tmp_path, env=os.environ)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_a_defect_is_a_traceback(tmp_path: Path) -> None:
    """What nobody catches ends it with 1."""
    (tmp_path / "fails.py").write_text("import atexit; atexit.register(print, 'bye'); 1 / 0")
    done = warm.run([sys.executable, "-m", "fails"], cwd=tmp_path, env=os.environ)
    assert (done.returncode, done.stdout) == (1, "bye\n")
    assert done.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    """As by subprocess.run."""
    (tmp_path / "waits.py").write_text("import time; time.sleep(600)")
    with pytest.raises(subprocess.TimeoutExpired):
        warm.run([sys.executable, "-m", "waits"], cwd=tmp_path, env=os.environ, timeout=0.5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_who_ends_the_caller_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    """A signal to what stands for it on PATH reaches it; nothing is left of it."""
    waits = "import os, time, pathlib; pathlib.Path('new').write_text(str(os.getpid())); "
    waits += "os.rename('new', 'pid'); time.sleep(600)"
    (tmp_path / "waits.py").write_text(waits)
    process = subprocess.Popen([warm.scripts() / "python", "-m", "waits"], cwd=tmp_path)
    while not (tmp_path / "pid").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(60) == -number
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
