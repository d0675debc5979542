"""`gnomon receive` brings a Collector's traces into the results store, once each."""

from __future__ import annotations

import gzip
import json
import re
import signal
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gnomon_analysis.store import open_store
from tests.commands.conftest import Project
from tests.delivery.certificates import certificate
from tests.store.dump import dump
from tests.store.postgres import Server
from tests.store.spool_files import varied_run

JSON = {"Content-Type": "application/json"}


@dataclass
class Listening:
    """A running `gnomon receive`."""

    url: str
    process: subprocess.Popen[str]
    context: ssl.SSLContext | None = None

    def post(
        self, body: bytes, headers: Mapping[str, str] = JSON, path: str = "/v1/traces"
    ) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of the answer."""
        request = urllib.request.Request(self.url + path, body, dict(headers), method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(  # noqa: S310
                request, timeout=30, context=self.context
            ) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@contextmanager
def receiving(project: Project, *arguments: str) -> Iterator[Listening]:
    """Runs the command until the block ends."""
    command = project.command("receive", "--port", "0", *arguments)
    with subprocess.Popen(
        command, cwd=project.folder, env=project.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            told = re.fullmatch(r"listening on (\S+)/v1/traces \(Ctrl-C ends\)\n", process.stdout.readline())
            assert told
            yield Listening(told[1], process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def content(project: Project) -> dict[str, Any]:
    with open_store(project.folder / ".gnomon" / "gnomon.db") as store:
        return dump(store)


@pytest.fixture
def by_file(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What the same spans are in a store that read them from a spool."""

    def read() -> dict[str, Any]:
        spool = tmp_path / "beside" / "spool"
        spool.mkdir(parents=True)
        varied_run().write(spool)
        with open_store(tmp_path / "beside" / "gnomon.db") as store:
            store.ingest(spool)
            return dump(store)

    return read


def test_what_comes_over_http_is_what_a_spool_brings(
    project: Project, by_file: Callable[..., dict[str, Any]]
) -> None:
    """Lines posted in any order, packed or not, twice or once, make the rows that their file makes."""
    lines = [line.encode() for line in varied_run().lines(3)]
    assert len(lines) > 3
    with receiving(project) as listening:
        for body in (*reversed(lines), *lines):
            assert listening.post(body) == (200, {})
        assert listening.post(gzip.compress(lines[0]), {**JSON, "Content-Encoding": "gzip"}) == (200, {})
    assert content(project) == by_file()


def test_a_ledger_beside_it_counts_what_came(project: Project) -> None:
    """`gnomon metrics` over the same store shows a run that came over the network since it last looked."""
    lines = [line.encode() for line in varied_run().lines(1)]
    with receiving(project) as listening, serving(project) as page:
        assert total(page) == 0
        for line in lines:
            assert listening.post(line) == (200, {})
        routed = [result for result in content(project)["results"] if result["expected_skill"] is not None]
        assert total(page) == len(routed) > 0


@contextmanager
def serving(project: Project) -> Iterator[str]:
    """Runs `gnomon metrics` until the block ends; gives the address of its page."""
    command = project.command("metrics", "--port", "0")
    with subprocess.Popen(
        command, cwd=project.folder, env=project.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            told = re.fullmatch(r"serving (\S+) \(Ctrl-C ends\)\n", process.stdout.readline())
            assert told
            yield told[1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def total(page: str) -> float:
    """All routing tests that a ledger counts."""
    with urllib.request.urlopen(page, timeout=30) as answer:  # noqa: S310
        text = answer.read().decode()
    return sum(float(value) for value in re.findall(r"^routing_test_total\{.*\} (\S+)$", text, re.MULTILINE))


def test_many_senders_at_once_lose_nothing(project: Project, by_file: Callable[..., dict[str, Any]]) -> None:
    """Eight connections at a time, and a reader of the same store beside them."""
    lines = [line.encode() for line in varied_run().lines(1)] * 4
    with receiving(project) as listening, ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(listening.post, lines))
        assert project.gnomon("runs", "--json")
    assert answers == [(200, {})] * len(lines)
    assert content(project) == by_file()


def test_postgresql_takes_them_too(
    project: Project, postgres_server: Server, by_file: Callable[..., dict[str, Any]]
) -> None:
    """The store may be a server."""
    database = postgres_server.database()
    (project.folder / "gnomon.yaml").write_text(f"store: {{url: '{database}'}}\n")
    with receiving(project) as listening, ThreadPoolExecutor(4) as senders:
        assert set(
            map(str, senders.map(listening.post, [line.encode() for line in varied_run().lines(2)]))
        ) == {"(200, {})"}
    with open_store(database) as store:
        assert dump(store) == by_file()


GZIP = {**JSON, "Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        ((b"{", JSON), 400, "not JSON"),
        ((b"{}", JSON), 400, "resourceSpans"),
        ((b"{}", JSON, "/v1/metrics"), 404, "/v1/traces"),
        ((b"\x0a\x00", {"Content-Type": "application/x-protobuf"}), 415, "encoding: json"),
        ((b"{}", GZIP), 400, "not gzip"),
        ((b"{}", {**JSON, "Content-Encoding": "zstd"}), 400, "zstd"),
    ],
)
def test_what_can_never_be_read_is_refused_for_good(
    project: Project, request_: tuple[Any, ...], status: int, said: str
) -> None:
    """The sender is told why, with a status on which it gives up, and the next request is taken."""
    with receiving(project) as listening:
        code, answer = listening.post(*request_)
        assert (code, said in answer["message"]) == (status, True), answer
        assert listening.post(varied_run().lines()[0].encode()) == (200, {})


def test_a_damaged_span_does_not_take_others_with_it(project: Project) -> None:
    """What cannot be read is counted in the answer, the rest is stored."""
    document = json.loads(varied_run().lines()[0])
    spans = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans.append({**spans[0], "spanId": "no id"})
    with receiving(project) as listening:
        code, answer = listening.post(json.dumps(document).encode())
    assert code == 200
    assert answer["partialSuccess"]["rejectedSpans"] == "1"
    assert "spanId" in answer["partialSuccess"]["errorMessage"]
    assert content(project)["runs"]


def test_a_body_too_large_is_refused_unread(project: Project) -> None:
    """Neither the length that is announced nor what a small body unpacks to fills the memory."""
    with receiving(project) as listening:
        host, port = listening.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 10) as connection:
            head = f"POST /v1/traces HTTP/1.1\r\nHost: {host}\r\nContent-Length: {2**40}\r\n\r\n"
            connection.sendall(head.encode())
            assert b" 413 " in connection.recv(4096).splitlines()[0]
        bomb = gzip.compress(b" " * (65 * 2**20))
        code, answer = listening.post(bomb, {**JSON, "Content-Encoding": "gzip"})
        assert (code, "smaller batches" in answer["message"]) == (400, True)


def test_a_store_that_cannot_be_used_now_is_tried_again_later(
    project: Project, postgres_server: Server
) -> None:
    """Without its database it asks the sender to come again, and goes on when the database is back."""
    database = postgres_server.database()
    (project.folder / "gnomon.yaml").write_text(f"store: {{url: '{database}'}}\n")
    line = varied_run().lines()[0].encode()
    with receiving(project) as listening:
        with open_store(database) as store, store.engine.connect() as connection:
            connection.exec_driver_sql("ALTER TABLE runs RENAME TO away")
            connection.commit()
            code, answer = listening.post(line)
            assert code == 503 and "cannot be used" in answer["message"]
            connection.exec_driver_sql("ALTER TABLE away RENAME TO runs")
            connection.commit()
        assert listening.post(line) == (200, {})


def test_only_who_shows_the_token_is_let_in(project: Project) -> None:
    """With stack.token requests without it, or with another one, store nothing."""
    (project.folder / "token").write_text("open sesame\n")
    (project.folder / "gnomon.yaml").write_text("stack: {token: {file: token}}\n")
    line = varied_run().lines()[0].encode()
    with receiving(project) as listening:
        assert listening.post(line)[0] == 401
        assert listening.post(line, {**JSON, "Authorization": "Bearer open"})[0] == 401
        assert not content(project)["runs"]
        assert listening.post(line, {**JSON, "Authorization": "Bearer open sesame"}) == (200, {})


def test_tls_and_certificates_of_clients(project: Project, tmp_path: Path) -> None:
    """With a certificate it speaks TLS, and with --client-ca only to those who have one, too."""
    pem = str(certificate(tmp_path))
    line = varied_run().lines()[0].encode()
    options = ("--certificate", pem, "--key", pem)
    with receiving(project, *options) as listening:
        assert listening.url.startswith("https://")
        listening.context = ssl.create_default_context(cafile=pem)
        assert listening.post(line) == (200, {})
    with receiving(project, *options, "--client-ca", pem) as listening:
        listening.context = ssl.create_default_context(cafile=pem)
        with pytest.raises(OSError, match=r"certificate required|reset|closed|EOF"):
            listening.post(line)
        listening.context.load_cert_chain(pem)
        assert listening.post(line) == (200, {})


def test_mistakes_are_told(project: Project) -> None:
    """A key that is missing or no key, and a port that is taken, are one sentence each."""
    assert "--certificate and --key" in project.gnomon("receive", "--certificate", "x.pem", code=2)
    (project.folder / "x.pem").write_text("nothing\n")
    assert "PEM" in project.gnomon(
        "receive", "--port", "0", "--certificate", "x.pem", "--key", "x.pem", code=2
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "--port" in project.gnomon("receive", "--port", str(taken.getsockname()[1]), code=2)


def test_a_sender_that_falls_silent_holds_up_nobody(project: Project) -> None:
    """Half a request, and others are answered meanwhile."""
    with receiving(project) as listening:
        host, port = listening.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 10) as connection:
            connection.sendall(b"POST /v1/traces HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
            done = threading.Event()
            answered: list[tuple[int, dict[str, Any]]] = []

            def post() -> None:
                answered.append(listening.post(varied_run().lines()[0].encode()))
                done.set()

            threading.Thread(target=post, daemon=True).start()
            assert done.wait(20)
    assert answered == [(200, {})]
