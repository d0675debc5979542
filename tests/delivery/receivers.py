"""Receivers on the loopback that speak the protocols of the real ones, and refuse what those refuse.

Slack: incoming webhooks (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
PagerDuty: Events API v2 (developer.pagerduty.com/docs/events-api-v2/overview).
Mail: SMTP with STARTTLS and a login. Webhook: any HTTP receiver that wants a bearer token.
"""

from __future__ import annotations

import email
import email.message
import email.policy
import json
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Generic, TypeVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.promql.servers import free_port

SECONDS = 60
"""How long a message may be on its way on a busy machine; one that comes is not waited for."""

M = TypeVar("M")


class Inbox(Generic[M]):
    """What was accepted, in the order in which it came; whoever waits is woken by the next."""

    def __init__(self) -> None:
        self._messages: list[M] = []
        self._news = threading.Condition()

    def put(self, message: M) -> None:
        with self._news:
            self._messages.append(message)
            self._news.notify_all()

    def all(self) -> list[M]:
        with self._news:
            return list(self._messages)

    def find(self, wanted: Callable[[M], bool], seconds: float = SECONDS) -> M:
        """The first message that is wanted, as soon as there is one; fails when none comes."""
        with self._news:
            self._news.wait_for(lambda: any(map(wanted, self._messages)), seconds)
            for message in self._messages:
                if wanted(message):
                    return message
            raise AssertionError(f"no such message in {seconds} s; there are {self._messages}")


@dataclass(frozen=True)
class Answer:
    """What a receiver answers; a message is accepted with a status below 300."""

    status: int
    text: str
    type: str = "text/plain"

    @classmethod
    def json(cls, status: int, content: object) -> Answer:
        return cls(status, json.dumps(content), "application/json")


class Http(ABC):
    """A receiver of JSON by HTTP.

    `refusals` are given to the next requests instead of an answer; one that is `gone` knows nobody.
    """

    def __init__(self) -> None:
        self.inbox: Inbox[dict[str, Any]] = Inbox()
        self.refusals: list[Answer] = []
        self.refused = 0
        self.gone = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @abstractmethod
    def answer(self, path: str, headers: Mapping[str, str], content: Any) -> Answer:
        """What the real receiver answers to this request."""

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _posted(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if self.gone:
            return Answer(404, "no_service")
        if self.refusals:
            self.refused += 1
            return self.refusals.pop(0)
        try:
            content = json.loads(body)
        except ValueError:
            return Answer(400, "invalid_payload")
        answer = self.answer(path, headers, content)
        if answer.status < 300:
            self.inbox.put(content)
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = receiver._posted(self.path, dict(self.headers), body)
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.type)
                self.send_header("Content-Length", str(len(answer.text.encode())))
                self.end_headers()
                self.wfile.write(answer.text.encode())

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class Slack(Http):
    """An incoming webhook: `ok`, or one of Slack's words for what is wrong."""

    PATH = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"

    @property
    def url(self) -> str:
        return self.base + self.PATH

    def answer(self, path: str, headers: Mapping[str, str], content: Any) -> Answer:
        if path != self.PATH:
            return Answer(404, "no_service")
        attachments = content.get("attachments") if isinstance(content, dict) else None
        if not attachments and not content.get("text"):
            return Answer(400, "no_text")
        for one in attachments or ():
            if not all(isinstance(one.get(key, ""), str) for key in ("title", "text", "fallback", "color")):
                return Answer(400, "invalid_attachments")
        return Answer(200, "ok")


class PagerDuty(Http):
    """The Events API: 202 with the key of the incident, or 400 with what is wrong."""

    PATH = "/v2/enqueue"
    KEY = "0123456789abcdef0123456789abcdef"

    @property
    def url(self) -> str:
        return self.base + self.PATH

    def answer(self, path: str, headers: Mapping[str, str], content: Any) -> Answer:
        if path != self.PATH:
            return Answer.json(404, {"status": "not found"})
        if wrong := list(self._mistakes(content)):
            told = {"status": "invalid event", "message": "Event object is invalid", "errors": wrong}
            return Answer.json(400, told)
        key = content["dedup_key"]
        return Answer.json(202, {"status": "success", "message": "Event processed", "dedup_key": key})

    def _mistakes(self, event: Any) -> Iterator[str]:
        if event.get("routing_key") != self.KEY:
            yield "routing_key is not that of a service"
        if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
            yield "event_action is unknown"
        if not 0 < len(event.get("dedup_key", "")) <= 255:
            yield "dedup_key must have 1 to 255 characters"
        if event.get("event_action") == "trigger":
            yield from self._of_payload(event.get("payload") or {})
            for link in event.get("links") or ():
                if not link.get("href", "").startswith(("http://", "https://")):
                    yield "a link has no href"

    def _of_payload(self, payload: Any) -> Iterator[str]:
        if not 0 < len(payload.get("summary", "")) <= 1024:
            yield "summary must have 1 to 1024 characters"
        if not payload.get("source"):
            yield "source is missing"
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            yield "severity is unknown"


class Webhook(Http):
    """A receiver that wants its bearer token and answers with nothing."""

    TOKEN = "a-token-of-the-team"

    @property
    def url(self) -> str:
        return f"{self.base}/alerts"

    def answer(self, path: str, headers: Mapping[str, str], content: Any) -> Answer:
        if headers.get("Authorization") != f"Bearer {self.TOKEN}":
            return Answer(401, "")
        return Answer(200, "")


class Heartbeat(Http):
    """A dead man's switch: whatever comes, somebody is still there."""

    @property
    def url(self) -> str:
        return f"{self.base}/ping/0f1e2d3c"

    def answer(self, path: str, headers: Mapping[str, str], content: Any) -> Answer:
        return Answer(200, "OK")


@dataclass(frozen=True)
class Mail:
    """A mail as it came: who sent it to whom by the envelope, whether over TLS and by whom, and itself."""

    sender: str
    recipients: list[str]
    encrypted: bool
    login: bytes
    message: email.message.EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    def part(self, kind: str) -> str:
        """The text of its plain or html part."""
        body = self.message.get_body((kind,))
        assert body is not None, self.message
        return str(body.get_content()).replace("\r\n", "\n")


class MailServer:
    """An SMTP server that takes mail after STARTTLS and a login only, as providers do."""

    USER, PASSWORD = "gnomon", "a-password-of-the-team"

    def __init__(self, certificate: Path) -> None:
        self.inbox: Inbox[Mail] = Inbox()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=free_port(),
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            # Its questions for LOGIN are others than those of the servers that people use.
            auth_exclude_mechanism=["LOGIN"],
            authenticator=self._authenticate,
        )

    @property
    def address(self) -> str:
        return f"localhost:{self._controller.port}"

    @contextmanager
    def running(self) -> Iterator[None]:
        self._controller.start()
        try:
            yield
        finally:
            self._controller.stop()

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, email.message.EmailMessage)
        login = session.auth_data
        self.inbox.put(
            Mail(
                sender=envelope.mail_from or "",
                recipients=envelope.rcpt_tos,
                encrypted=session.ssl is not None,
                login=login.login if isinstance(login, LoginPassword) else b"",
                message=message,
            )
        )
        return "250 Message accepted for delivery"

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        known = LoginPassword(self.USER.encode(), self.PASSWORD.encode())
        return AuthResult(success=data == known, handled=False, auth_data=data)
