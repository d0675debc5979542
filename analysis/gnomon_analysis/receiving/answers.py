"""What is done with a request, and what it is answered: OTLP/HTTP with JSON, for traces.

Everything is in the store before it is acknowledged, and storing it again changes nothing: a sender that
keeps what was not acknowledged, as the Collector's queue on disk does, loses nothing and doubles nothing.
The status codes are those of https://opentelemetry.io/docs/specs/otlp/#otlphttp-response: what can never be
read is answered with 400, so that the sender gives it up; what may succeed later with 503.
"""

from __future__ import annotations

import gzip
import hmac
import io
import json
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gnomon.errors import UserError
from gnomon_analysis.store import Store
from gnomon_analysis.store.otlp_lines import DamageError

TRACES: Final = "/v1/traces"
HEALTH: Final = "/healthz"

MOST_BYTES: Final = 64 * 2**20
"""The largest body that is taken, as it was sent and after it was unpacked."""

RETRY_AFTER_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """A status of HTTP and the body that goes with it, as JSON; `retry` asks to come again later."""

    status: int
    body: Mapping[str, Any]
    retry: bool = False


class Receiver:
    """Brings requests into a store. Any number of threads may use it at the same time.

    With a `token`, requests that do not show it are refused.
    """

    def __init__(self, store: Store, token: str | None = None) -> None:
        self._store = store
        self._expected = f"Bearer {token}".encode() if token else None
        # SQLite has one writer: others would wait for it with a connection in hand.
        self._writing = threading.Lock()
        self.spans = 0

    def allows(self, authorization: str | None) -> bool:
        """Whether this header of a request lets it in."""
        shown = (authorization or "").encode("utf-8", "replace")
        return self._expected is None or hmac.compare_digest(shown, self._expected)

    def take(self, path: str, content_type: str, encoding: str, body: bytes) -> Answer:
        """Stores the spans of a request."""
        if path != TRACES:
            return _refused(404, f"{path} is not served here; traces go to {TRACES}")
        if content_type.partition(";")[0].strip().lower() != "application/json":
            return _refused(415, f"{content_type or 'no content type'}: send JSON (`encoding: json`)")
        try:
            document = _unpacked(body, encoding)
        except ValueError as error:
            return _refused(400, str(error))
        return self._store_it(document)

    def _store_it(self, document: bytes) -> Answer:
        try:
            with self._writing:
                found = self._store.add_traces(document)
        except DamageError as damage:
            return _refused(400, str(damage))
        except UserError as error:
            return Answer(503, {"message": str(error)}, retry=True)
        self.spans += found.spans
        if not found.damaged:
            return Answer(200, {})
        rejected = {"rejectedSpans": str(len(found.damaged)), "errorMessage": found.damaged[0]}
        return Answer(200, {"partialSuccess": rejected})


def _refused(status: int, message: str) -> Answer:
    return Answer(status, {"message": message})


def _unpacked(body: bytes, encoding: str) -> bytes:
    """The body as it was before it was sent; raises ValueError with a sentence where that cannot be."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise ValueError(f"content encoding {encoding}: send gzip, or nothing")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
            document = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"the body is not gzip ({error})") from None
    if len(document) > MOST_BYTES:
        raise ValueError(f"the body unpacks to more than {MOST_BYTES} bytes; send smaller batches")
    return document


def as_json(answer: Answer) -> bytes:
    """The body as it is sent."""
    return json.dumps(answer.body).encode()
