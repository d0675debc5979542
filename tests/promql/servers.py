"""Prometheus and Alertmanager as they are installed here, started on the loopback for one test."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SECONDS = 30


def program(*names: str) -> str:
    """The first of the programs that is there; without one the test is skipped, or fails as in CI."""
    for name in names:
        if found := shutil.which(name):
            return found
    reason = f"{names[0]} is not installed"
    if os.environ.get("GNOMON_REQUIRE_STACK") == "1":
        pytest.fail(f"{reason}, and GNOMON_REQUIRE_STACK asks for it")
    pytest.skip(reason)


def promtool(*arguments: str | Path, directory: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What promtool answers."""
    return subprocess.run(
        [program("promtool"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
    )


@contextmanager
def prometheus(
    directory: Path,
    configuration: str,
    *,
    data: Path | None = None,
    options: Sequence[str] = (),
    executable: str | None = None,
) -> Iterator[str]:
    """A Prometheus with this configuration, the installed one unless another is named; gives its address."""
    path = directory / "prometheus.yml"
    port = free_port()
    path.write_text(configuration.replace("PORT", str(port)))
    command = [
        executable or program("prometheus"),
        f"--config.file={path}",
        f"--storage.tsdb.path={data or directory / 'data'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        *options,
    ]
    with _running(command, directory / "prometheus.log", f"http://127.0.0.1:{port}") as address:
        yield address


@contextmanager
def alertmanager(
    directory: Path,
    *,
    config: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    options: Sequence[str] = (),
    executable: str | None = None,
) -> Iterator[str]:
    """An Alertmanager with this configuration, or one that tells nobody; gives its address.

    It is the installed one unless another is named.
    """
    if config is None:
        config = directory / "alertmanager.yml"
        config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    port = free_port()
    command = [
        executable or program("alertmanager", "prometheus-alertmanager"),
        f"--config.file={config}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        *options,
    ]
    log = directory / "alertmanager.log"
    with _running(command, log, f"http://127.0.0.1:{port}", environ) as address:
        yield address


def query(address: str, expression: str, at: float) -> dict[tuple[tuple[str, str], ...], float]:
    """The values of an instant query by their labels, sorted, without the name of the metric."""
    asked = urllib.parse.urlencode({"query": expression, "time": f"{at:.3f}"})
    return {_labels(row["metric"]): float(row["value"][1]) for row in _get(f"{address}/api/v1/query?{asked}")}


def query_range(
    address: str, expression: str, start: float, end: float, step: float
) -> dict[tuple[tuple[str, str], ...], list[tuple[float, float]]]:
    """The points (Unix seconds, value) of a range query by labels."""
    asked = urllib.parse.urlencode({"query": expression, "start": start, "end": end, "step": step})
    rows = _get(f"{address}/api/v1/query_range?{asked}")
    return {
        _labels(row["metric"]): [(float(at), float(value)) for at, value in row["values"]] for row in rows
    }


def read(address: str) -> str:
    """The text under an address."""
    with urllib.request.urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 - on the loopback
        return str(answer.read().decode())


def _labels(metric: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in metric.items() if name != "__name__"))


def _get(address: str) -> list[Any]:
    answer = json.loads(read(address))
    assert answer["status"] == "success", answer
    return list(answer["data"]["result"])


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _running(
    command: list[str], log: Path, address: str, environ: Mapping[str, str] = os.environ
) -> Iterator[str]:
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output, env=environ) as process,
    ):
        try:
            _wait(process, log, f"{address}/-/ready")
            yield address
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[bytes], log: Path, address: str) -> None:
    for _ in range(SECONDS * 10):
        assert process.poll() is None, log.read_text()
        try:
            read(address)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"{address} does not answer:\n{log.read_text()}")
