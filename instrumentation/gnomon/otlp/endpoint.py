"""Where telemetry is sent: the standard `OTEL_EXPORTER_OTLP_*` variables, then the settings.

Source of the rules: OpenTelemetry specification, "OpenTelemetry Protocol Exporter". Two deviations,
both because a spool stands in front: without any endpoint nothing is sent (the specification would
send to localhost), and where no protocol is named OTLP/HTTP carries JSON, which is what the spool
holds (port 4317 without a protocol is taken for gRPC, as everybody runs it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from gnomon.errors import UserError
from gnomon.record import Record

Signal = Literal["traces", "metrics", "logs"]
Protocol = Literal["grpc", "http/protobuf", "http/json"]

SIGNALS: tuple[Signal, ...] = ("traces", "metrics", "logs")
PROTOCOLS: tuple[Protocol, ...] = ("grpc", "http/protobuf", "http/json")
GRPC_PORT = 4317
# Of an address that is none: up to its last @, since a password may hold what would end the host.
_CREDENTIALS = r"(?s)\A(\w+://)?.*@"


class Target(Record):
    """How one signal is sent. `url` is whole (with `/v1/traces` for HTTP, without a path for gRPC)."""

    signal: Signal
    url: SplitResult
    protocol: Protocol
    headers: Mapping[str, str] = field(default_factory=dict)
    gzip: bool = False
    certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None

    @property
    def authority(self) -> str:
        """`host:port` as gRPC and messages want it, without credentials."""
        host = self.url.hostname or "localhost"
        port = self.url.port or (443 if self.url.scheme == "https" else 80)
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def resolve(
    environ: Mapping[str, str],
    *,
    endpoint: str | None = None,
    protocol: str | None = None,
    headers_file: Path | None = None,
) -> dict[Signal, Target]:
    """The target of each signal that has one.

    `endpoint`, `protocol` and `headers_file` come from the settings and yield to the variables.
    `OTEL_SDK_DISABLED` and `OTEL_<SIGNAL>_EXPORTER=none` switch sending off.

    Raises:
        UserError: an endpoint is no http(s) URL, a protocol is unknown, or the headers file is wrong.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return {}
    headers = headers_of(headers_file) if headers_file is not None else {}
    targets: dict[Signal, Target] = {}
    for signal in SIGNALS:
        if environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip().lower() == "none":
            continue
        if (target := _target(signal, environ, endpoint, protocol, headers)) is not None:
            targets[signal] = target
    return targets


def _target(
    signal: Signal,
    environ: Mapping[str, str],
    endpoint: str | None,
    protocol: str | None,
    headers: Mapping[str, str],
) -> Target | None:
    def variable(name: str) -> str | None:
        for key in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name}", f"OTEL_EXPORTER_OTLP_{name}"):
            if value := environ.get(key, "").strip():
                return value
        return None

    own = environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT", "").strip()
    base = own or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip() or endpoint
    if not base:
        return None
    url = url_of(base)
    chosen = _protocol(variable("PROTOCOL") or protocol, url)
    if chosen == "grpc":
        url = url._replace(path="", query="")
    elif not own:
        url = url._replace(path=f"{url.path.rstrip('/')}/v1/{signal}")
    return Target(
        signal=signal,
        url=url,
        protocol=chosen,
        headers={**headers, **_headers(variable("HEADERS") or "")},
        gzip=variable("COMPRESSION") == "gzip",
        certificate=variable("CERTIFICATE"),
        client_certificate=variable("CLIENT_CERTIFICATE"),
        client_key=variable("CLIENT_KEY"),
    )


def url_of(value: str) -> SplitResult:
    """The parts of an endpoint's address, which has a scheme, a host and perhaps a port from 1 to 65535.

    Raises:
        UserError: it is no such address.
    """
    # gRPC endpoints may come without a scheme; the specification reads them as secure only by option.
    try:
        url = urlsplit(value if "://" in value else f"http://{value}")
        valid = url.scheme in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        valid = False
    if not valid:
        shown = re.sub(_CREDENTIALS, r"\1***@", value)
        raise UserError(
            f"the OTLP endpoint {shown!r} is no http or https URL; write one like http://localhost:4318"
        )
    return url


def _protocol(value: str | None, url: SplitResult) -> Protocol:
    if value is None:
        return "grpc" if url.port == GRPC_PORT else "http/json"
    for known in PROTOCOLS:
        if value == known:
            return known
    raise UserError(f"the OTLP protocol {value!r} is unknown; write one of {', '.join(PROTOCOLS)}")


def headers_of(path: Path) -> dict[str, str]:
    """The headers in a file of `name: value` lines; empty lines and those after `#` are passed over.

    Raises:
        UserError: the file cannot be read, or a line has no colon.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: the headers file (export.headers_file) cannot be read: {error}") from error
    headers = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise UserError(f"{path}:{number}: no header; write one `name: value` a line")
        headers[name.strip().lower()] = value.strip()
    return headers


def _headers(value: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in value.split(",") if "=" in pair)
    return {unquote(key.strip()).lower(): unquote(text.strip()) for key, _, text in pairs}
