"""Questions to a Prometheus, or to what speaks like it (Mimir, Thanos, VictoriaMetrics)."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gnomon.errors import ExitCode, UserError

Labels = tuple[str, ...]

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Access:
    """What a server behind TLS or a password wants; every secret stands in a file.

    `headers` is a file with one `Name: value` a line, `authority` one with the certificates to trust
    instead of the machine's, `certificate` and `key` are the client's own (mutual TLS).
    """

    headers: Path | None = None
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class Prometheus:
    """A server's HTTP API, by the address that `/api/v1/query` is put behind.

    Raises UserError for an address that is none and for files of `access` that cannot be used.
    """

    def __init__(self, url: str, access: Access | None = None) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UserError(f"{url!r} is no address of a Prometheus; write one such as http://localhost:9090")
        access = access or Access()
        self.url = url.rstrip("/")
        self._headers = dict(_headers(access.headers)) if access.headers else {}
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=_tls(access)), _NoRedirects()
        )

    def sums(self, expression: str, by: Sequence[str], at: int) -> dict[Labels, float]:
        """The values of an instant query by these labels; a label that a series lacks is empty."""
        return {
            tuple(row["metric"].get(label, "") for label in by): float(row["value"][1])
            for row in self._ask(expression, at, "vector")
        }

    def samples(self, selector: str, by: Sequence[str], at: int) -> Iterator[tuple[Labels, int]]:
        """The raw samples of a range selector: labels, and Unix milliseconds."""
        for row in self._ask(selector, at, "matrix"):
            labels = tuple(row["metric"].get(label, "") for label in by)
            for moment, _ in row["values"]:
                yield labels, round(float(moment) * 1000)

    def _ask(self, query: str, at: int, kind: str) -> list[Any]:
        body = urllib.parse.urlencode({"query": query, "time": str(at)}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **self._headers}
        request = urllib.request.Request(f"{self.url}/api/v1/query", body, headers)  # noqa: S310 - checked
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                said: Mapping[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            raise self._unusable(_reason(error)) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._unusable(
                str(getattr(error, "reason", None) or error or type(error).__name__)
            ) from None
        except ValueError:
            raise self._unusable("it answers, but not as Prometheus does") from None
        data = said.get("data") if isinstance(said, dict) else None
        if not isinstance(data, dict) or data.get("resultType") != kind:
            raise self._unusable("it answers, but not as Prometheus does")
        return list(data["result"])

    def _unusable(self, reason: str) -> UserError:
        return UserError(
            f"{self.url}: Prometheus cannot be asked ({reason}); start it, or name another address with "
            "--prometheus",
            ExitCode.MISSING,
        )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A server that sends elsewhere is told as such: credentials go nowhere that nobody named."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _reason(error: urllib.error.HTTPError) -> str:
    """What Prometheus says is wrong, or the status."""
    try:
        said = json.loads(error.read(65_536))
        return f"{error.code}: {said['error']}"
    except (OSError, ValueError, KeyError, TypeError):
        return f"it answers {error.code} {error.reason}"


def _headers(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(_text(path, "--headers-file").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not value.strip():
            raise UserError(f"{path}:{number}: no header; write one `Name: value` a line")
        yield name.strip(), value.strip()


def _tls(access: Access) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=access.authority and str(access.authority))
        if access.certificate:
            context.load_cert_chain(access.certificate, access.key)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(path) for path in (access.authority, access.certificate, access.key) if path)
        raise UserError(f"{files}: not usable as certificates ({error}); name files in PEM") from None
    return context


def _text(path: Path, option: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{option} {path} cannot be read ({error}); name a file of text") from None
