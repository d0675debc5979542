"""Where telemetry goes: the standard variables, then the settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.errors import UserError
from gnomon.otlp.endpoint import resolve
from gnomon.otlp.transport import Verdict, connect
from tests.otlp_sink import grpc_sink, http_sink

BASE = "OTEL_EXPORTER_OTLP"


def urls(environ: dict[str, str], **settings: str) -> dict[str, str]:
    return {
        signal: target.url.geturl()
        for signal, target in resolve(
            environ, endpoint=settings.get("endpoint"), protocol=settings.get("protocol")
        ).items()
    }


def test_without_an_endpoint() -> None:
    """Nobody is told anything who was not named: there is no default endpoint."""
    assert resolve({}) == {}
    assert resolve({f"{BASE}_ENDPOINT": "  "}) == {}


@pytest.mark.parametrize("endpoint", ["http://h:4318", "http://h:4318/"])
def test_a_common_endpoint_gets_each_signals_path(endpoint: str) -> None:
    """`OTEL_EXPORTER_OTLP_ENDPOINT` is a base to which `/v1/<signal>` is added."""
    expected = {signal: f"http://h:4318/v1/{signal}" for signal in ("traces", "metrics", "logs")}
    assert urls({f"{BASE}_ENDPOINT": endpoint}) == expected
    assert urls({}, endpoint=endpoint) == expected


def test_a_path_below_the_base() -> None:
    """A base with a path keeps it, and its query."""
    found = urls({f"{BASE}_ENDPOINT": "https://h/otlp/?tenant=a"})
    assert found["traces"] == "https://h/otlp/v1/traces?tenant=a"


def test_a_signals_own_endpoint_is_taken_as_it_is() -> None:
    """`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` gets no path, and leaves the others where they were."""
    environ = {f"{BASE}_ENDPOINT": "http://a:4318", f"{BASE}_TRACES_ENDPOINT": "http://b:9/spans"}
    assert urls(environ) == {
        "traces": "http://b:9/spans",
        "metrics": "http://a:4318/v1/metrics",
        "logs": "http://a:4318/v1/logs",
    }
    assert urls({f"{BASE}_METRICS_ENDPOINT": "http://b:9/m"}) == {"metrics": "http://b:9/m"}


def test_variables_before_settings() -> None:
    """What the settings say of endpoint, protocol and headers yields to the standard variables."""
    found = resolve(
        {f"{BASE}_ENDPOINT": "http://variable:1", f"{BASE}_PROTOCOL": "http/protobuf"},
        endpoint="http://setting:2",
        protocol="grpc",
    )
    assert found["traces"].url.geturl() == "http://variable:1/v1/traces"
    assert found["traces"].protocol == "http/protobuf"


@pytest.mark.parametrize(
    ("endpoint", "protocol"),
    [
        ("http://h:4317", "grpc"),
        ("h:4317", "grpc"),
        ("http://h:4318", "http/json"),
        ("https://h", "http/json"),
    ],
)
def test_the_protocol_where_none_is_named(endpoint: str, protocol: str) -> None:
    """Port 4317 is taken for gRPC, everything else for OTLP/HTTP with JSON."""
    assert {target.protocol for target in resolve({}, endpoint=endpoint).values()} == {protocol}


def test_each_signal_may_have_its_own_of_everything() -> None:
    """Protocol, headers, compression and certificates of a signal win over the common ones."""
    environ = {
        f"{BASE}_ENDPOINT": "https://h:4318",
        f"{BASE}_PROTOCOL": "http/protobuf",
        f"{BASE}_HEADERS": "a=common",
        f"{BASE}_COMPRESSION": "gzip",
        f"{BASE}_CERTIFICATE": "/common.pem",
        f"{BASE}_TRACES_PROTOCOL": "grpc",
        f"{BASE}_TRACES_HEADERS": "b=own",
        f"{BASE}_TRACES_COMPRESSION": "none",
        f"{BASE}_TRACES_CERTIFICATE": "/own.pem",
        f"{BASE}_TRACES_CLIENT_CERTIFICATE": "/client.pem",
        f"{BASE}_TRACES_CLIENT_KEY": "/key.pem",
    }
    traces, metrics = resolve(environ)["traces"], resolve(environ)["metrics"]
    assert (traces.protocol, metrics.protocol) == ("grpc", "http/protobuf")
    assert (dict(traces.headers), dict(metrics.headers)) == ({"b": "own"}, {"a": "common"})
    assert (traces.gzip, metrics.gzip) == (False, True)
    assert (traces.certificate, metrics.certificate) == ("/own.pem", "/common.pem")
    assert (traces.client_certificate, traces.client_key) == ("/client.pem", "/key.pem")
    assert metrics.client_key is None
    assert traces.url.path == ""


@pytest.mark.parametrize(
    ("endpoint", "authority"),
    [
        ("http://h:4318", "h:4318"),
        ("https://h", "h:443"),
        ("http://h", "h:80"),
        ("http://user:secret@h:1", "h:1"),
        ("http://[::1]:4317", "[::1]:4317"),
    ],
)
def test_the_authority_has_no_credentials(endpoint: str, authority: str) -> None:
    """What messages call a backend is its host and port."""
    assert resolve({}, endpoint=endpoint)["traces"].authority == authority


@given(
    st.dictionaries(
        st.text("abcdefghij-", min_size=1, max_size=8),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=10).map(str.strip),
        max_size=4,
    )
)
def test_headers_are_percent_encoded(headers: dict[str, str]) -> None:
    """Any header survives the encoding that the specification asks for."""
    from urllib.parse import quote

    value = ",".join(f"{name} = {quote(text, safe='')}" for name, text in headers.items())
    found = resolve({f"{BASE}_ENDPOINT": "http://h", f"{BASE}_HEADERS": value})
    assert dict(found["traces"].headers) == headers


def test_odd_headers() -> None:
    """A value may hold `=`; names are case-insensitive; a pair without `=` is passed over."""
    value = "Authorization=Basic YQ==, X-Tenant=a%2Cb,,nonsense"
    found = resolve({f"{BASE}_ENDPOINT": "http://h", f"{BASE}_HEADERS": value})
    assert dict(found["logs"].headers) == {"authorization": "Basic YQ==", "x-tenant": "a,b"}


def test_headers_file(tmp_path: Path) -> None:
    """A file holds a header a line; comments and empty lines are passed over; variables win."""
    file = tmp_path / "headers"
    file.write_text("# secret\n\nAuthorization: Bearer a:b\n  X-Tenant :  one \n")
    found = resolve({}, endpoint="http://h", headers_file=file)
    assert dict(found["traces"].headers) == {"authorization": "Bearer a:b", "x-tenant": "one"}
    found = resolve({f"{BASE}_HEADERS": "x-tenant=two"}, endpoint="http://h", headers_file=file)
    assert dict(found["traces"].headers) == {"authorization": "Bearer a:b", "x-tenant": "two"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: b\nno colon here\n", ":2: no header"),
        (b": value\n", ":1: no header"),
        (b"\xff\xfe", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_mistakes_in_a_headers_file(tmp_path: Path, content: bytes | None, words: str) -> None:
    """A mistake is told with its file and line."""
    file = tmp_path / "headers"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        resolve({}, endpoint="http://h", headers_file=file)
    assert str(file) in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "endpoint", ["ftp://h", "http://", "http://h:port", "http://h:99999", "http://[::1", "unix:///socket"]
)
def test_no_url(endpoint: str) -> None:
    """What is no http(s) URL is named in a sentence that shows how one looks."""
    with pytest.raises(UserError) as caught:
        resolve({}, endpoint=endpoint)
    assert repr(endpoint) in str(caught.value)
    assert "http://localhost:4318" in str(caught.value)


def test_no_protocol() -> None:
    """An unknown protocol is named with those that are known."""
    with pytest.raises(UserError, match=r"'thrift' is unknown; write one of grpc, http/protobuf, http/json"):
        resolve({f"{BASE}_PROTOCOL": "thrift"}, endpoint="http://h")


def test_switches() -> None:
    """`OTEL_SDK_DISABLED` stops all sending, `OTEL_<SIGNAL>_EXPORTER=none` that of one signal."""
    assert resolve({"OTEL_SDK_DISABLED": "True"}, endpoint="http://h") == {}
    found = resolve({"OTEL_TRACES_EXPORTER": "None", "OTEL_METRICS_EXPORTER": "otlp"}, endpoint="http://h")
    assert set(found) == {"metrics", "logs"}


@pytest.mark.parametrize(
    ("endpoint", "shown"),
    [
        ("http://me:s3cr3t@h:99999", "'http://***@h:99999'"),
        ("http://me:s3/c#r3t@h:99999", "'http://***@h:99999'"),
        ("me:s3cr3t@h:99999", "'***@h:99999'"),
        ("ftp://h:21", "'ftp://h:21'"),
    ],
)
def test_an_address_that_is_none_is_told_without_its_secret(endpoint: str, shown: str) -> None:
    """What is no address is shown in the error, but for what stands before its last @."""
    with pytest.raises(UserError) as caught:
        resolve({}, endpoint=endpoint)
    assert shown in str(caught.value)


LINE = b'{"resourceSpans":[]}'


@pytest.mark.parametrize("header", ["a%0Ab", "%E6%97%A5%E6%9C%AC"])
@pytest.mark.parametrize("protocol", ["http/json", "grpc"])
def test_a_header_that_cannot_be_sent(protocol: str, header: str) -> None:
    """A header that the protocol cannot carry keeps the data for later, with a word on why."""
    with http_sink() if protocol == "http/json" else grpc_sink() as sink:
        target = resolve({f"{BASE}_HEADERS": f"x-key={header}"}, endpoint=sink.endpoint, protocol=protocol)
        sender = connect(target["traces"])
        answer = sender.send(LINE, 5)
        sender.close()
    assert answer.verdict is Verdict.LATER
    assert answer.why


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf", "grpc"])
@pytest.mark.parametrize("gzip", ["gzip", "none"])
def test_headers_and_compression_on_the_wire(protocol: str, gzip: str) -> None:
    """What was resolved is what a backend sees."""
    with grpc_sink() if protocol == "grpc" else http_sink() as sink:
        environ = {f"{BASE}_HEADERS": "x-key=secret", f"{BASE}_COMPRESSION": gzip}
        sender = connect(resolve(environ, endpoint=sink.endpoint, protocol=protocol)["traces"])
        assert [sender.send(LINE, 5).verdict for _ in range(2)] == [Verdict.ACCEPTED] * 2
        sender.close()
    assert [request.headers["x-key"] for request in sink.accepted] == ["secret"] * 2
    if protocol != "grpc":
        assert sink.accepted[0].headers.get("content-encoding") == (gzip if gzip == "gzip" else None)
