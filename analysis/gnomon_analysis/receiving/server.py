"""The HTTP server in front of a receiver."""

from __future__ import annotations

import ssl
import sys
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from gnomon.errors import UserError
from gnomon_analysis.receiving.answers import (
    HEALTH,
    MOST_BYTES,
    RETRY_AFTER_SECONDS,
    Answer,
    Receiver,
    as_json,
)

# A sender that falls silent within a request does not hold a thread for longer.
_SILENCE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Protection:
    """TLS: what the server shows, and, with `client_ca`, whose certificate everybody has to show it."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """The same for the standard library; raises UserError where a file cannot be used."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certificate, self.key)
            if self.client_ca is not None:
                context.load_verify_locations(self.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except OSError as error:
            raise UserError(
                f"certificate {self.certificate}, key {self.key}: cannot be used ({error}); "
                "name files in PEM format"
            ) from None
        return context


def serve(
    receiver: Receiver, host: str, port: int, protection: Protection | None = None
) -> ThreadingHTTPServer:
    """A server that listens; its `serve_forever` answers. Raises UserError where it cannot listen."""

    class Handler(_Handler):
        _receiver = receiver

    try:
        server = _Server((host, port), Handler)
    except OSError as error:
        raise UserError(
            f"cannot serve on {host}:{port} ({error.strerror}); name another --host or --port"
        ) from None
    if protection is not None:
        try:
            context = protection.context()
        except UserError:
            server.server_close()
            raise
        # The handshake is made by the thread of the connection: nobody else waits for it.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """One line for a connection that broke: without the right certificate, or in the middle."""
        print(f"gnomon: connection of {client_address}: {sys.exception()}", file=sys.stderr)  # noqa: T201


class _Handler(BaseHTTPRequestHandler):
    _receiver: Receiver
    protocol_version = "HTTP/1.1"
    timeout = _SILENCE_SECONDS

    def do_POST(self) -> None:
        """Takes a request of traces."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self._answer(Answer(411, {"message": "a length has to be said"}), keep=False)
        elif int(length) > MOST_BYTES:
            message = f"{length} bytes are too many; send batches of at most {MOST_BYTES}"
            self._answer(Answer(413, {"message": message}), keep=False)
        elif not self._receiver.allows(self.headers.get("Authorization")):
            self._answer(Answer(401, {"message": "the token is missing or another one"}), keep=False)
        else:
            body = self.rfile.read(int(length))
            encoding = self.headers.get("Content-Encoding", "").strip().lower()
            kind = self.headers.get("Content-Type", "")
            self._answer(self._receiver.take(self.path, kind, encoding, body))

    def do_GET(self) -> None:
        """Says that it is there."""
        known = self.path == HEALTH
        self._answer(Answer(200 if known else 404, {} if known else {"message": f"ask for {HEALTH}"}))

    def _answer(self, answer: Answer, *, keep: bool = True) -> None:
        body = as_json(answer)
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if answer.retry:
            self.send_header("Retry-After", str(RETRY_AFTER_SECONDS))
        if not keep:
            # What the sender still sends is not read: the connection is of no more use.
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing of single requests."""
