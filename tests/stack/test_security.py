"""Who gets in where the settings ask for certificates and tokens; the certificates are made by the test."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from gnomon.registry import metrics
from gnomon.registry.prometheus import name_of
from gnomon_analysis.store import open_store
from tests.stack.otlp import run_point, send
from tests.stack.team import Team, certificates, eventually, programs
from tests.store.spool_files import varied_run

TOKEN = "open-sesame-4711"
NO_SPANS: dict[str, object] = {"resourceSpans": []}


def secured(team: Team, **stack: Any) -> Team:
    """A stack whose parts have certificates, and whose Collector asks for a token."""
    programs()
    certificates(team.root / "certificates", team.address)
    (team.root / "token").write_text(f"{TOKEN}\n")
    team.set(certificates="certificates", token={"file": "token"}, scrape_interval="1s", **stack)
    team.up()
    return team


def trust(team: Team, shown: str = "") -> ssl.SSLContext:
    """Trusts the authority of the test; shows the certificate of a part where one is named."""
    folder = team.root / "certificates"
    context = ssl.create_default_context(cafile=folder / "ca.crt")
    if shown:
        context.load_cert_chain(folder / f"{shown}.crt", folder / f"{shown}.key")
    return context


def sent(team: Team, token: str, context: ssl.SSLContext) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return send(f"https://{team.address}:4318", "/v1/traces", NO_SPANS, headers=headers, trust=context)


def called(team: Team, token: str, shown: str = "") -> None:
    """The same by gRPC."""
    folder = team.root / "certificates"
    own = (
        ((folder / f"{shown}.key").read_bytes(), (folder / f"{shown}.crt").read_bytes())
        if shown
        else (None, None)
    )
    credentials = grpc.ssl_channel_credentials((folder / "ca.crt").read_bytes(), *own)
    with grpc.secure_channel(f"{team.address}:4317", credentials) as channel:
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        stub = TraceServiceStub(channel)  # type: ignore[no-untyped-call]
        stub.Export(ExportTraceServiceRequest(), metadata=metadata, timeout=10)


def page(team: Team, port: int, path: str, context: ssl.SSLContext | None) -> str:
    scheme = "https" if context else "http"
    address = f"{scheme}://{team.address}:{port}{path}"
    with urllib.request.urlopen(address, timeout=5, context=context) as answer:  # noqa: S310 - the loopback
        return str(answer.read().decode())


def reader(team: Team, **options: Any) -> psycopg.Connection[Any]:
    secret = team.root / ".gnomon/stack/secrets/grafana_reader_password"
    return psycopg.connect(
        host=team.address,
        port=5432,
        dbname="gnomon",
        user="gnomon_reader",
        password=secret.read_text(),
        **options,
    )


def test_the_collector_lets_in_who_has_the_token(team: Team) -> None:
    """By HTTP and by gRPC; without it, with another, and in clear nobody gets in."""
    secured(team)
    context = trust(team)
    assert sent(team, TOKEN, context) == 200
    called(team, TOKEN)
    for wrong in ("", "open-sesame"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            sent(team, wrong, context)
        assert refused.value.code == 401
        with pytest.raises(grpc.RpcError) as told:
            called(team, wrong)
        assert told.value.code() == grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(OSError):
        send(
            f"http://{team.address}:4318",
            "/v1/traces",
            NO_SPANS,
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        sent(team, TOKEN, ssl.create_default_context())


def test_with_certificates_on_both_sides_nobody_else_connects(team: Team) -> None:
    """Collector, Prometheus, Alertmanager ask for a certificate; what has one passes through all of them."""
    secured(team, client_certificates=True)
    bare, own = trust(team), trust(team, "grafana")
    assert sent(team, TOKEN, own) == 200
    called(team, TOKEN, "grafana")
    with pytest.raises(OSError):
        sent(team, TOKEN, bare)
    with pytest.raises(grpc.RpcError):
        called(team, TOKEN)
    for port in (9090, 9093):
        assert page(team, port, "/-/ready", own)
        for context in (bare, None):
            with pytest.raises(OSError):
                page(team, port, "/-/ready", context)
    point = run_point(metrics.GNOMON_RUN_TESTS.name, 3, time.time_ns())
    send(
        f"https://{team.address}:4318",
        "/v1/metrics",
        point,
        headers={"Authorization": f"Bearer {TOKEN}"},
        trust=own,
    )
    asked = f"/api/v1/query?query={name_of(metrics.GNOMON_RUN_TESTS)}"
    eventually(lambda: '"3"' in page(team, 9090, asked, own), "the point")
    documents = [json.loads(line) for line in varied_run().lines()]
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for document in documents:
        send(f"https://{team.address}:4318", "/v1/traces", document, headers=bearer, trust=own)
        # Nobody brings in anything beside the Collector.
        for context, headers in ((bare, bearer), (own, {})):
            with pytest.raises(OSError):
                send(f"https://{team.address}:4319", "/v1/traces", document, headers=headers, trust=context)
    with open_store(team.root / ".gnomon" / "gnomon.db") as store:
        eventually(lambda: store.has_run(varied_run().run_id), "the run in the store")
    up = "/api/v1/query?query=up"
    # All but PostgreSQL and `gnomon receive` tell numbers.
    scraped = {part["name"] for part in team.status()["parts"]} - {"postgres", "results"}
    eventually(lambda: page(team, 9090, up, own).count('"1"]') == len(scraped), "scraping")


def test_postgresql_is_reached_encrypted_or_not_at_all(team: Team) -> None:
    """Grafana's role gets in with TLS and its password, by mTLS only with a certificate; it can only read."""
    secured(team, client_certificates=True)
    if "postgres" in team.status()["missing"]:
        pytest.skip("PostgreSQL: no server programs on this machine")
    folder = Path(team.root / "certificates")
    (folder / "grafana.key").chmod(0o600)
    shown = {"sslcert": str(folder / "grafana.crt"), "sslkey": str(folder / "grafana.key")}
    checked = {"sslmode": "verify-full", "sslrootcert": str(folder / "ca.crt")}
    with reader(team, **checked, **shown) as connection:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE mine (i int)")
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SET TRANSACTION READ WRITE; CREATE TABLE mine (i int)")
    with pytest.raises(psycopg.OperationalError):
        reader(team, sslmode="disable")
    with pytest.raises(psycopg.OperationalError):
        reader(team, **checked, sslcert="/nowhere", sslkey="/nowhere")


def test_certificates_that_are_not_there_are_named(team: Team) -> None:
    """Before anything is started."""
    (team.root / "certificates").mkdir()
    team.set(certificates="certificates")
    assert "ca.crt is not there" in team.run("stack", "secrets", code=3)
    (team.root / "gnomon.yaml").write_text("stack: {client_certificates: true}\n")
    assert "stack.certificates names none" in team.run("generate", "stack", code=2)
