"""One measured run of pytest, and tables of many."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants import ENDPOINT, Contestant
from benchmarks.environments import REPOSITORY

RUNNER = Path(__file__).with_name("pytest_process.py")


@dataclass(frozen=True)
class Measure:
    """One run: wall-clock and processor seconds, peak megabytes of the controller and largest child."""

    seconds: float
    processor: float
    controller: float
    child: float


class Backend:
    """A backend of tests.otlp_sink in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.port = int(process.stdout.readline())
        self.arrived: Mapping[str, int] = {}

    def close(self) -> None:
        """Ends the process; `arrived` then counts the spans and points that it accepted."""
        output, _ = self._process.communicate("", timeout=60)
        self.arrived = json.loads(output)


@contextlib.contextmanager
def backend(protocol: str, behaviour: str = "accept", status: int = 503) -> Iterator[Backend]:
    """Serves OTLP on a free port of the loopback interface until the block ends."""
    process = subprocess.Popen(
        [
            sys.executable,
            *("-m", "tests.otlp_sink", "--protocol", protocol),
            *("--behaviour", behaviour, "--status", str(status)),
        ],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    served = Backend(process)
    try:
        yield served
    finally:
        served.close()


@contextlib.contextmanager
def endpoint_for(contestant: Contestant) -> Iterator[str]:
    """The address of a backend that takes what the contestant sends, "" where it sends nothing."""
    if contestant.protocol is None:
        yield ""
        return
    with backend(contestant.protocol) as served:
        yield f"http://127.0.0.1:{served.port}"


@contextlib.contextmanager
def suite(text: str) -> Iterator[Path]:
    """A folder with one test module."""
    folder = Path(tempfile.mkdtemp(prefix="gnomon-benchmark-"))
    try:
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "test_suite.py").write_text(text)
        yield folder
    finally:
        shutil.rmtree(folder)


def run(
    python: Path, contestant: Contestant, folder: Path, arguments: Sequence[str] = (), endpoint: str = ""
) -> Measure:
    """Runs the folder's suite once in a fresh process and measures it."""
    memory = folder / "memory"
    command, environment = how(RUNNER, python, contestant, folder, endpoint)
    command += arguments
    environment["BENCHMARK_MEMORY"] = str(memory)
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{contestant.name}: pytest ended with {process.returncode}: {command}")
    own_peak, child_peak = (int(number) / 1024 for number in memory.read_text().split())
    return Measure(seconds, usage.ru_utime + usage.ru_stime, own_peak, child_peak)


def how(
    runner: Path, python: Path, contestant: Contestant, folder: Path, endpoint: str
) -> tuple[list[str], dict[str, str]]:
    """The command that runs a contestant's pytest by one of our scripts, and its whole environment."""
    variables = {name: value.replace(ENDPOINT, endpoint) for name, value in contestant.variables}
    own = [argument.replace(ENDPOINT, endpoint) for argument in contestant.arguments]
    command = [str(python), str(runner), "-q", "-p", "no:cacheprovider", *own]
    return command, {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **variables}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    lines = [
        "| " + " | ".join(head) + " |",
        "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|",
    ]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def machine() -> str:
    """The class of machine and the versions that a result belongs to."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {time.strftime('%Y-%m-%d', time.gmtime())}"
    )
