"""`gnomon receive`: a Collector's traces into the results store."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from gnomon import settings as gnomon_settings
from gnomon.errors import UserError
from gnomon.settings.values import SecretReference
from gnomon_analysis.commands.ending import wait_for_the_end
from gnomon_analysis.commands.opened import prepared_store


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=4319,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--certificate", type=click.Path(path_type=Path), help="Certificate to show, in PEM format.")
@click.option("--key", type=click.Path(path_type=Path), help="Its key.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the token to ask for. Else: the setting stack.token.",
)
@click.option(
    "--client-ca", type=click.Path(path_type=Path), help="Ask for a certificate that this authority signed."
)
def receive(
    *,
    host: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
    client_ca: Path | None,
    token_file: Path | None,
) -> None:
    """Takes traces from an OpenTelemetry Collector and brings them into the results store.

    It speaks OTLP/HTTP with JSON at /v1/traces. What it acknowledges is stored; what it gets twice is stored
    once.
    """
    from gnomon_analysis.receiving import Protection, Receiver, serve  # noqa: PLC0415 - heavy

    settings = gnomon_settings.load()
    protection = None
    if certificate and key:
        protection = Protection(certificate, key, client_ca)
    elif certificate or key or client_ca:
        raise UserError("TLS needs both --certificate and --key; --client-ca goes with them")
    reference = SecretReference(file=token_file) if token_file else settings.stack.token
    token = reference.read() if reference else None
    with prepared_store(settings) as store:
        receiver = Receiver(store, token)
        server = serve(receiver, host, port, protection)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        scheme = "https" if protection else "http"
        click.echo(f"listening on {scheme}://{host}:{server.server_port}/v1/traces (Ctrl-C ends)")
        wait_for_the_end()
        server.shutdown()
        server.server_close()
    click.echo(f"{receiver.spans} spans received")
