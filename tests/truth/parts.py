"""Parts of the stack as processes that can be killed and started again where they were."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from gnomon_generators.programs import Missing, find
from tests.collector.running import VARIABLE

SECONDS = 60.0


class Part:
    """A program that serves. `ready` says whether it does; it may raise OSError while it does not."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = list(command)
        self._log = log
        self._ready = ready
        self._environment = {**os.environ, **(environment or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Starts it, and waits until it serves."""
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        if wait:
            self.wait()

    def wait(self) -> None:
        """Waits until it serves; its log tells why it does not."""

        def serves() -> bool:
            assert self.process is not None and self.process.poll() is None, self.told()
            return self._ready()

        eventually(serves, self.told)

    def kill(self) -> None:
        """`kill -9`: nothing is written, closed or sent any more."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(SECONDS)

    def stop(self) -> None:
        """Lets it end as it wants."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def told(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-4000:] if self._log.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        self.stop()


class Prometheus(Part):
    """Prometheus 3, which takes OTLP; `address` stays the same from start to start."""

    def __init__(
        self, folder: Path, configuration: str, *, files: Mapping[str, str] | None = None, late: str = "7d"
    ) -> None:
        self.address = f"http://127.0.0.1:{free_port()}"
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (files or {}).items():
            (folder / name).write_text(text)
        path = folder / "prometheus.yml"
        path.write_text(f"{configuration}\nstorage: {{tsdb: {{out_of_order_time_window: {late}}}}}\n")
        super().__init__(
            [
                prometheus_3(),
                f"--config.file={path}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address={self.address.removeprefix('http://')}",
                "--web.enable-otlp-receiver",
            ],
            folder / "prometheus.log",
            lambda: "is Ready" in read(f"{self.address}/-/ready"),
        )


class Collector(Part):
    """The generated gateway; its ports are on a loopback address of its own."""

    def __init__(
        self,
        folder: Path,
        program: Sequence[str],
        *,
        tempo: str,
        results: str,
        prometheus: str,
        sooner: bool = True,
    ) -> None:
        self.host = f"127.{1 + secrets.randbelow(250)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(250)}"
        self.endpoint = f"http://{self.host}:4318"
        more = ["--config=yaml:connectors::span_metrics::metrics_flush_interval: 200ms"] if sooner else []
        super().__init__(
            [*program, *more],
            folder / "collector.log",
            lambda: "Server available" in read(f"http://{self.host}:13133/"),
            {
                "GNOMON_COLLECTOR_HOST": self.host,
                "GNOMON_TEMPO_ENDPOINT": tempo,
                "GNOMON_RESULTS_URL": results,
                "GNOMON_PROMETHEUS_URL": prometheus,
                "GNOMON_COLLECTOR_STATE": str(folder / "state"),
            },
        )

    def waiting(self) -> float:
        """Requests in all its queues."""
        lines = read(f"http://{self.host}:8888/metrics").splitlines()
        sizes = [line for line in lines if line.startswith("otelcol_exporter_queue_size")]
        assert sizes, lines[:20]
        return sum(float(line.rpartition(" ")[2]) for line in sizes)


def prometheus_3() -> str:
    """The program of Prometheus 3, installed or built by Go, for tests that have a Collector.

    No package of Debian's takes OTLP. Without one the test is skipped; with GNOMON_REQUIRE_COLLECTOR=1 it
    fails.
    """
    reason = "prometheus: none that takes OTLP"
    for way in ("path", "go"):
        found = find("prometheus", ways=(way,))
        if isinstance(found, Missing):
            reason = str(found)
            continue
        if found.version() >= (3,):
            return found.command([], folder=Path.cwd())[0]
    if os.environ.get(VARIABLE) == "1":
        pytest.fail(f"{reason}, and {VARIABLE} asks for it")
    pytest.skip(reason)


def eventually(happened: Callable[[], bool], told: Callable[[], str] = str, seconds: float = SECONDS) -> None:
    """Waits until something happened."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if happened():
                return
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.05)
    pytest.fail(f"it did not happen within {seconds:g} s\n{told()}")


def read(address: str) -> str:
    """The text under an address."""
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - on the loopback
        return str(answer.read().decode())


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def connects(port: int) -> bool:
    """Whether somebody listens."""
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
