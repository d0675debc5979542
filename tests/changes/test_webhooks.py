from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping

import pytest

from gnomon.errors import UserError
from gnomon_analysis.changes.webhooks import MOST_BYTES, Listener, Verifier, parse_address

SECRET = "s3cret-ключ"
SIGNING_TOKEN = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
BODY = json.dumps({"ref": "refs/heads/main", "before": "0" * 40, "after": "1" * 40}).encode()


def mac(body: bytes, key: bytes = SECRET.encode()) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def github(body: bytes, event: str = "push") -> dict[str, str]:
    """As GitHub sends them."""
    return {
        "User-Agent": "GitHub-Hookshot/044aadd",
        "Content-Type": "application/json",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": "292430182",
        "X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + mac(body),
    }


def gitea(body: bytes, event: str = "push") -> dict[str, str]:
    """As Gitea sends them, with those of others for those who know no better."""
    return {
        "Content-Type": "application/json",
        "X-Gitea-Delivery": "f6266f16-1bf3-46a5-9ea4-602e06ead473",
        "X-Gitea-Event": event,
        "X-Gitea-Event-Type": event,
        "X-Gitea-Signature": mac(body),
        "X-Gogs-Event": event,
        "X-Gogs-Signature": mac(body),
        "X-GitHub-Event": event,
        "X-Hub-Signature-256": "sha256=" + mac(body),
    }


def forgejo(body: bytes, event: str = "push") -> dict[str, str]:
    """As Forgejo sends them."""
    return {"X-Forgejo-Event": event, "X-Forgejo-Signature": mac(body)}


def gitlab(body: bytes, event: str = "Push Hook") -> dict[str, str]:
    """As GitLab sends them with a secret token."""
    del body
    return {
        "User-Agent": "GitLab/17.5.1-ee",
        "Content-Type": "application/json",
        "X-Gitlab-Event": event,
        "X-Gitlab-Webhook-UUID": "13792a34-cac6-4fda-95a8-c58e00a3954e",
        "X-Gitlab-Instance": "https://gitlab.example.com",
        "Idempotency-Key": "f5e57fe2-3b4a-4b5a-9c5f-2b1d6f5d1f60",
        "X-Gitlab-Token": SECRET.encode().decode("latin-1"),
    }


def signed(
    body: bytes, event: str = "Push Hook", *, at: float | None = None, token: str = SIGNING_TOKEN
) -> dict[str, str]:
    """As GitLab sends them with a signing token."""
    stamp = str(int(time.time() if at is None else at))
    key = base64.b64decode(token.removeprefix("whsec_"))
    digest = hmac.new(key, b"msg_1." + stamp.encode() + b"." + body, hashlib.sha256).digest()
    return {
        "X-Gitlab-Event": event,
        "webhook-id": "msg_1",
        "webhook-timestamp": stamp,
        "webhook-signature": "v1,c29tZXRoaW5nIGVsc2U= v1," + base64.b64encode(digest).decode(),
    }


class Hook:
    """A listener, and the pushes that it told of."""

    def __init__(self, secret: str) -> None:
        self.pushes = 0
        self.listener = Listener("127.0.0.1", 0, secret, self._pushed)
        self.port = int(self.listener.address.rpartition(":")[2])

    def _pushed(self) -> None:
        self.pushes += 1

    def ask(self, method: str, headers: Mapping[str, str], body: bytes | None = None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, "/hooks/git", body, dict(headers))
            return connection.getresponse().status

    def post(self, headers: Mapping[str, str], body: bytes = BODY) -> int:
        return self.ask("POST", headers, body)

    def raw(self, request: bytes) -> bytes:
        """The answer to bytes that no library would send."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook(SECRET)
    yield made
    made.listener.close()


@pytest.fixture
def signing_hook() -> Iterator[Hook]:
    made = Hook(SIGNING_TOKEN)
    yield made
    made.listener.close()


SERVERS = pytest.mark.parametrize("sent", [github, gitlab, gitea, forgejo])


@SERVERS
def test_a_push_is_accepted(hook: Hook, sent: Callable[..., dict[str, str]]) -> None:
    """Of each git server, by its own kind of proof; each of them is a reason to look."""
    for body in (BODY, b"", b"x" * 3_000_000, b"payload=%7B%7D"):
        assert hook.post(sent(body), body) == 202
    assert hook.pushes == 4


@SERVERS
def test_what_is_no_push_is_accepted_and_left(hook: Hook, sent: Callable[..., dict[str, str]]) -> None:
    """As when a hook is tried out."""
    assert hook.post(sent(BODY, "ping")) == 200
    assert hook.post(sent(BODY, "")) == 200
    assert hook.pushes == 0


@SERVERS
def test_another_secret_is_refused(sent: Callable[..., dict[str, str]]) -> None:
    """Whatever else is right."""
    other = Hook("another")
    with contextlib.closing(other.listener):
        assert other.post(sent(BODY)) == 401
        assert other.pushes == 0


@pytest.mark.parametrize("sent", [github, gitea, forgejo, signed])
def test_another_body_is_refused(hook: Hook, signing_hook: Hook, sent: Callable[..., dict[str, str]]) -> None:
    """A signature is of one body; a token in a header, such as GitLab's, cannot tell."""
    to = signing_hook if sent is signed else hook
    assert to.post(sent(BODY), BODY + b" ") == 401
    assert to.pushes == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": mac(BODY)},
        {"X-Hub-Signature-256": "sha256=" + mac(BODY).upper()},
        {"X-Hub-Signature-256": "sha256=" + mac(BODY)[:-1]},
        {"X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()},
        {"X-Gitea-Signature": "sha256=" + mac(BODY)},
        {"X-Gitlab-Token": "s3cret"},
        {"X-Gitlab-Token": "\u00ff\u00fe"},
        {"Authorization": "Bearer " + SECRET.encode().decode("latin-1")},
        {"webhook-id": "1", "webhook-timestamp": "x", "webhook-signature": "v1,"},
        {"webhook-id": "1", "webhook-timestamp": "9" * 400, "webhook-signature": "v1,"},
    ],
    ids=repr,
)
def test_what_is_not_proven_is_refused(hook: Hook, headers: dict[str, str]) -> None:
    """No proof, a part of one, one in another form, or one that is no longer thought good."""
    assert hook.post({"X-GitHub-Event": "push", **headers}) == 401
    assert hook.pushes == 0


def test_gitlabs_signatures_have_a_time(signing_hook: Hook) -> None:
    """One that is older than five minutes was sent again by somebody."""
    assert signing_hook.post(signed(BODY)) == 202
    for shift in (-400, 400):
        assert signing_hook.post(signed(BODY, at=time.time() + shift)) == 401
    assert signing_hook.pushes == 1


def test_a_signing_token_that_is_none_proves_nothing() -> None:
    """A secret that only looks like one."""
    verifier = Verifier("whsec_not base64!", signed(BODY))
    verifier.feed(BODY)
    assert not verifier.holds


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", b"501"),
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1\r\nx\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\nx" % (MOST_BYTES + 1), b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nx", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nshort", b"400"),
        (b"POST / HTTP/1.1\r\n" + b"".join(b"A%d: x\r\n" % n for n in range(200)) + b"\r\n", b"431"),
        (b"POST /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"nonsense of four words\r\n\r\n", b"400"),
        (b"POST / HTTP/nine\r\n\r\n", b"400"),
    ],
    ids=lambda value: value[:48].decode() if len(value) > 3 else "",
)
def test_each_mistake_has_its_answer(hook: Hook, request_: bytes, status: bytes) -> None:
    """Other methods, bodies without an end or without a measure, and what is no HTTP."""
    assert hook.raw(request_).startswith(b"HTTP/1.1 " + status)
    assert hook.pushes == 0
    assert hook.post(github(BODY)) == 202


def test_senders_that_say_nothing_take_no_places_for_long(hook: Hook) -> None:
    """However many came and went."""
    for _ in range(3):
        idle = [socket.create_connection(("127.0.0.1", hook.port), timeout=30) for _ in range(40)]
        for connection in idle:
            connection.close()
    while True:
        with contextlib.suppress(ConnectionError, http.client.RemoteDisconnected):
            assert hook.post(github(BODY)) == 202
            return


def test_an_address_is_a_host_and_a_port() -> None:
    """A port alone is one of this machine; what is neither is a sentence."""
    assert parse_address("9465") == ("127.0.0.1", 9465)
    assert parse_address(":9465") == ("127.0.0.1", 9465)
    assert parse_address("git.example.com:80") == ("git.example.com", 80)
    assert parse_address("[::1]:80") == ("::1", 80)
    for wrong in ("", "localhost", "x:", "x:y", "x:70000", "x:-1", "x:²"):
        with pytest.raises(UserError, match="write an address and a port"):
            parse_address(wrong)


def test_an_address_that_is_taken_is_a_sentence(hook: Hook) -> None:
    """And so is one that is nobody's."""
    for host, port in (("127.0.0.1", hook.port), ("192.0.2.1", 9465), ("::zz", 9465), ("a" * 80, 1)):
        with pytest.raises(UserError, match="cannot listen at"):
            Listener(host, port, SECRET, lambda: None)
