"""Being told of pushes by a git server: verified requests of GitHub, GitLab, Gitea and Forgejo.

A request says no more than "look": its body is run through the signature and dropped, so nothing in it is
read or kept, and one that is sent again does no harm.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import ipaddress
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gnomon.errors import ExitCode, UserError

# GitHub sends 25 MB at most, GitLab and Gitea less.
MOST_BYTES = 32 * 1024 * 1024

_CHUNK = 65_536
_MOST_CONNECTIONS = 16
_SECONDS_A_READ = 10.0
_SECONDS_A_REQUEST = 30.0
_SECONDS_OF_DRAINING = 0.5
# How far the clock of a sender may be from ours, by the Standard Webhooks that GitLab's signatures follow.
_SECONDS_OF_SKEW = 300.0
_STANDARD_PREFIX = "whsec_"

# Headers that name the event, and the events by which commits may have come.
_EVENT_HEADERS = ("X-GitHub-Event", "X-Gitea-Event", "X-Forgejo-Event", "X-Gitlab-Event")
_PUSHES = frozenset(
    {"push", "push hook", "tag push hook", "merge request hook", "pull_request", "system hook"}
)


class Verifier:
    """Checks one request: made with its headers, fed with its body."""

    def __init__(self, secret: str, headers: Message | Mapping[str, str], now: float | None = None) -> None:
        self._headers = headers
        self._secret = secret.encode()
        self._of_body = hmac.new(self._secret, digestmod=hashlib.sha256)
        self._of_message = self._standard(secret, time.time() if now is None else now)

    def _standard(self, secret: str, now: float) -> hmac.HMAC | None:
        """The beginning of a signature as GitLab makes it; None for a request without one in time."""
        identity, stamp = self._header("webhook-id"), self._header("webhook-timestamp")
        if not identity or not stamp.isdecimal() or len(stamp) > 12:
            return None
        if abs(now - int(stamp)) > _SECONDS_OF_SKEW:
            return None
        key = self._secret
        if secret.startswith(_STANDARD_PREFIX):
            try:
                key = base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
            except binascii.Error:
                return None
        return hmac.new(key, f"{identity}.{stamp}.".encode(), hashlib.sha256)

    def feed(self, part: bytes) -> None:
        """Takes the next part of the body."""
        self._of_body.update(part)
        if self._of_message is not None:
            self._of_message.update(part)

    @property
    def holds(self) -> bool:
        """Whether any signature proves that the sender has the secret. Compared in constant time."""
        return any(hmac.compare_digest(given, wanted) for given, wanted in self._pairs())

    def _pairs(self) -> Iterator[tuple[bytes, bytes]]:
        """What was sent, and what should have been, for each kind of signature that there is."""
        of_body = self._of_body.hexdigest().encode()
        if given := self._header("X-Hub-Signature-256"):
            yield _bytes(given), b"sha256=" + of_body
        for name in ("X-Gitea-Signature", "X-Forgejo-Signature"):
            if given := self._header(name):
                yield _bytes(given), of_body
        if given := self._header("X-Gitlab-Token"):
            yield _bytes(given), self._secret
        if self._of_message is not None:
            wanted = b"v1," + base64.b64encode(self._of_message.digest())
            for given in self._header("webhook-signature").split(" ")[:8]:
                yield _bytes(given), wanted

    def _header(self, name: str) -> str:
        return (self._headers.get(name) or "").strip()


def _bytes(text: str) -> bytes:
    """Headers come as Latin-1; a secret beyond it was sent as UTF-8."""
    return text.encode("latin-1", "replace")


class Listener:
    """Listens at an address, and calls `pushed` for each verified push.

    Raises:
        UserError: the address cannot be listened at.
    """

    def __init__(self, host: str, port: int, secret: str, pushed: Callable[[], None]) -> None:
        try:
            self._server = _Server(host, port, secret, pushed)
        except (OSError, OverflowError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UserError(
                f"cannot listen at {_shown(host, port)} ({reason}); name another address with --serve"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="webhooks", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it listens, with the port that was taken."""
        host, port = self._server.server_address[:2]
        return f"http://{_shown(str(host), int(port))}"

    def close(self) -> None:
        """Takes no more requests; those that are being answered get theirs."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of `ADDRESS:PORT`, `[IPv6]:PORT` or `PORT` alone, which is one of this machine only.

    Raises:
        UserError: it is none of these.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not (port.isascii() and port.isdecimal() and int(port) < 65_536):
        raise UserError(f"--serve {text}: write an address and a port, such as 127.0.0.1:9465")
    return host, int(port)


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, host: str, port: int, secret: str, pushed: Callable[[], None]) -> None:
        if ":" in host:
            ipaddress.IPv6Address(host.partition("%")[0])
            self.address_family = socket.AF_INET6
        self.secret = secret
        self.pushed = pushed
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Binds without asking name servers what this machine is called."""
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answers in a thread of its own, unless too many are being answered already."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Ends the connection when its time is over, however slowly it is spoken on."""
        ended = threading.Timer(_SECONDS_A_REQUEST, _cut, (request,))
        ended.daemon = True
        ended.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            ended.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that went away is nobody's problem here."""


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "gnomon"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    # A request without a version gets an answer with a status, too.
    default_request_version = "HTTP/1.1"
    timeout = _SECONDS_A_READ

    def do_POST(self) -> None:
        """A request of a git server."""
        length = self._length()
        if length is None:
            self._drain()
            return
        verifier = Verifier(self.server.secret, self.headers)
        if not self._read(length, verifier.feed):
            self._answer(HTTPStatus.BAD_REQUEST, "the body is shorter than Content-Length says")
        elif not verifier.holds:
            self._answer(HTTPStatus.UNAUTHORIZED, "no signature that holds")
        elif self._event() in _PUSHES:
            self.server.pushed()
            self._answer(HTTPStatus.ACCEPTED, "looking")
        else:
            self._answer(HTTPStatus.OK, "nothing to do for this event")

    def _refuse_method(self) -> None:
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, "git servers send POST", allow="POST")

    do_GET = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _refuse_method  # noqa: N815

    def _length(self) -> int | None:
        """The length of the body; None where the request was refused for it."""
        stated = self.headers.get_all("Content-Length") or []
        if self.headers.get("Transfer-Encoding") or not stated:
            self._answer(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length")
        elif len(stated) > 1 or not (stated[0].isascii() and stated[0].isdecimal()):
            self._answer(HTTPStatus.BAD_REQUEST, "Content-Length is no number")
        elif len(stated[0]) > 12 or int(stated[0]) > MOST_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_BYTES} bytes")
        else:
            return int(stated[0])
        return None

    def _event(self) -> str:
        named = (self.headers.get(name) for name in _EVENT_HEADERS)
        return (next(filter(None, named), None) or "").strip().lower()

    def _read(self, length: int, feed: Callable[[bytes], None]) -> bool:
        while length > 0:
            part = self.rfile.read(min(length, _CHUNK))
            if not part:
                return False
            feed(part)
            length -= len(part)
        return True

    def _drain(self) -> None:
        """Takes a little of what is still sent: a connection closed on it may lose the answer."""
        self.connection.settimeout(_SECONDS_OF_DRAINING)
        with contextlib.suppress(OSError):
            self._read(_CHUNK * 16, lambda part: None)

    def _answer(self, status: HTTPStatus, told: str, allow: str = "") -> None:
        body = b"" if self.command == "HEAD" else f"{told}\n".encode()
        self.send_response(status)
        if allow:
            self.send_header("Allow", allow)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: whoever watches sees the changes."""


def missing_secret() -> UserError:
    """What to do before requests can be taken."""
    return UserError(
        "changes.webhook_secret: not set, so that no request could be trusted; write the reference to a "
        "secret there, such as {file: secrets/git-webhook}, and the same secret into the git server",
        ExitCode.MISSING,
    )
