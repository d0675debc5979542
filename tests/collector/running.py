"""The real Collector with the generated configuration, started on addresses of its own for one test."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gnomon.settings import Settings
from gnomon_generators.artefacts.production import produce
from gnomon_generators.programs import Missing, Program, find
from gnomon_generators.programs.built import Collector

SECONDS = 30.0
VARIABLE = "GNOMON_REQUIRE_COLLECTOR"


def program() -> Program:
    """An installed Collector, or the one built before from our manifest.

    Without one the test is skipped; with GNOMON_REQUIRE_COLLECTOR=1 it is built, and the test fails where it
    cannot be. It is not part of GNOMON_REQUIRE_STACK: no package has it, and compiling it takes minutes.
    """
    installed = find("otelcol", ways=("path",))
    if isinstance(installed, Program):
        return installed
    built = find("otelcol", ways=("go",))
    required = os.environ.get(VARIABLE) == "1"
    if isinstance(built, Collector) and (required or built.built):
        built.prepare()
        return built
    reason = f"otelcol: no Collector on PATH and none built; {VARIABLE}=1 builds one"
    if isinstance(built, Missing):
        reason = f"otelcol: {built}"
    if required:
        pytest.fail(reason)
    pytest.skip(reason)


def compiles() -> bool:
    """Whether tests may have Go compile for minutes: where that is asked for, or was done for the Collector.

    Elsewhere Go's cache is empty, as that of a machine for checks is.
    """
    collector = find("otelcol", ways=("go",))
    return os.environ.get(VARIABLE) == "1" or (
        isinstance(collector, Collector) and collector.built is not None
    )


def configuration(settings: Settings, folder: Path, name: str = "gateway") -> Path:
    """A configuration by these settings, as a file."""
    (document,) = produce(["collector"], settings, only=[name])
    path = folder / f"{name}.yaml"
    path.write_text(document.text, encoding="utf-8")
    return path


@dataclass
class Running:
    """A Collector that runs. `host` is where its ports are."""

    host: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:4318"

    def get(self, port: int, path: str = "/") -> str:
        with urllib.request.urlopen(f"http://{self.host}:{port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def post(self, path: str, payload: bytes) -> None:
        """Sends OTLP/JSON; an answer other than 200 is an error."""
        request = urllib.request.Request(  # noqa: S310 - the loopback network
            self.endpoint + path, payload, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - see above
            assert answer.status == 200


@contextmanager
def collector(config: Path, *, tempo: str = "", prometheus: str = "", gateway: str = "") -> Iterator[Running]:
    """The Collector with that configuration, ready; span metrics come out as soon as spans went in."""
    otelcol = program()
    # The configuration fixes the ports; the loopback network has addresses enough.
    host = f"127.{1 + secrets.randbelow(250)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(250)}"
    log = config.with_suffix(f".{host}.log")
    sooner = ["--config=yaml:connectors::span_metrics::metrics_flush_interval: 200ms"] if tempo else []
    with log.open("wb") as output:
        process = subprocess.Popen(
            otelcol.command([f"--config={config}", *sooner], folder=config.parent),
            cwd=config.parent,
            env={
                **os.environ,
                "GNOMON_COLLECTOR_HOST": host,
                "GNOMON_TEMPO_ENDPOINT": tempo,
                "GNOMON_PROMETHEUS_URL": prometheus,
                "GNOMON_GATEWAY_ENDPOINT": gateway,
                "GNOMON_COLLECTOR_STATE": str(config.parent / "state"),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = Running(host, process, log)
    try:
        eventually(lambda: "Server available" in running.get(13133), log)
        yield running
    finally:
        process.terminate()
        process.wait(SECONDS)


def eventually(happened: Callable[[], bool], log: Path) -> None:
    """Waits until something happened; the Collector's log tells why it did not."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            if happened():
                return
        except OSError:
            pass
        time.sleep(0.05)
    pytest.fail(f"it did not happen within {SECONDS:g} s\n{log.read_text(errors='replace')[-4000:]}")
