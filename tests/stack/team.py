"""A project with generated files of its own, whose stack is started on a loopback address of its own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from gnomon.errors import UserError
from gnomon_generators.stack.local import catalogue
from tests import warm
from tests.cli.run import SCRIPT, clean_environment, gnomon
from tests.collector import running

SECONDS = 60.0


def programs() -> None:
    """The Collector and a Prometheus that takes OTLP; without one the test is skipped, or fails as in CI."""
    running.program()
    try:
        catalogue.look()
    except UserError as missing:
        if os.environ.get(running.VARIABLE) == "1":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@dataclass
class Team:
    """A project folder that other users can enter too, since PostgreSQL does not run as root."""

    root: Path
    address: str
    environment: dict[str, str] = field(default_factory=dict)

    def set(self, **stack: Any) -> None:
        """Writes gnomon.yaml and what is generated from it."""
        document = {"stack": {"address": self.address, **stack}}
        (self.root / "gnomon.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        self.run("generate")

    def run(self, *arguments: str, code: int = 0) -> str:
        """What gnomon prints, on both ways out; it has to end with that code."""
        # What is started and stays has to be found by its command line, and killed by itself.
        begun = warm.anew if arguments[:2] == ("stack", "up") else warm.run
        environment = clean_environment(**self.environment)
        done = begun([str(SCRIPT), *arguments], cwd=self.root, env=environment)
        assert done.returncode == code, done.stdout + done.stderr
        return str(done.stdout + done.stderr)

    def up(self, code: int = 0) -> str:
        return self.run("stack", "up", "--local", "--detach", code=code)

    def status(self) -> Any:
        done = gnomon("stack", "status", "--json", cwd=self.root, **self.environment)
        return json.loads(done.stdout)

    def part(self, name: str) -> Any:
        return next(part for part in self.status()["parts"] if part["name"] == name)

    def processes(self) -> list[int]:
        """Every process that has the stack's address or folder in its command line."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace")
            except (OSError, NotADirectoryError):
                continue
            if entry.name.isdigit() and (self.address in words or str(self.root) in words):
                found.append(int(entry.name))
        return [pid for pid in found if pid != os.getpid()]

    def get(self, port: int, path: str) -> str:
        with urllib.request.urlopen(f"http://{self.address}:{port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def query(self, expression: str) -> list[Any]:
        asked = urllib.parse.urlencode({"query": expression})
        return list(json.loads(self.get(9090, f"/api/v1/query?{asked}"))["data"]["result"])

    @contextmanager
    def foreground(self) -> Iterator[subprocess.Popen[str]]:
        """`gnomon stack up --local` as somebody runs it in a terminal."""
        with subprocess.Popen(
            [str(SCRIPT), "stack", "up", "--local"],
            cwd=self.root,
            env=clean_environment(**self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                process.wait(SECONDS)


@pytest.fixture
def team() -> Iterator[Team]:
    with new_team() as team:
        yield team


@contextmanager
def new_team() -> Iterator[Team]:
    """A project of its own, of whose stack nothing is left at the end."""
    folder = Path(tempfile.mkdtemp(prefix="gnomon-stack-", dir="/tmp"))
    folder.chmod(0o755)
    number = [1 + secrets.randbelow(250) for _ in range(3)]
    team = Team(folder, f"127.{number[0]}.{number[1]}.{number[2]}")
    try:
        yield team
    finally:
        gnomon("stack", "down", cwd=folder, **team.environment)
        left = team.processes()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
        assert not left


def eventually(happened: Callable[[], Any], what: str = "it") -> Any:
    """Waits until something is true and gives it back."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            if found := happened():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail(f"{what} did not happen within {SECONDS:g} s")


def certificates(folder: Path, address: str) -> None:
    """A certificate authority for one test, and a certificate of its for every part."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl: not on PATH")
    folder.mkdir()
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    # Python 3.13 refuses an authority that does not say that it signs.
    authority = ("-subj", "/CN=for one test", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    run("req", "-x509", *key, "-days", "2", *authority, "-keyout", "ca.key", "-out", "ca.crt")
    for part in ("collector", "prometheus", "alertmanager", "tempo", "grafana", "postgres", "results"):
        run("req", *key, "-subj", f"/CN={part}", "-keyout", f"{part}.key", "-out", f"{part}.csr")
        (folder / "names").write_text(f"subjectAltName=DNS:{part},IP:{address}\n")
        signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
        run("x509", "-req", "-in", f"{part}.csr", *signed, "-out", f"{part}.crt")


def without(folder: Path, environment: Mapping[str, str], *programs: str) -> str:
    """A PATH, made of links in that folder, on which all programs are but these."""
    folder.mkdir()
    for place in reversed(environment.get("PATH", "").split(os.pathsep)):
        for program in Path(place).glob("*") if place else ():
            link = folder / program.name
            link.unlink(missing_ok=True)
            if program.name not in programs:
                link.symlink_to(program)
    return str(folder)
