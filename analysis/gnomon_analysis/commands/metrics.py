"""`gnomon metrics`: the ledger counters for Prometheus."""

from __future__ import annotations

import click

from gnomon import settings as gnomon_settings
from gnomon import state
from gnomon.errors import UserError
from gnomon_analysis.commands.ending import wait_for_the_end
from gnomon_analysis.commands.opened import prepared_store, tell_damage
from gnomon_analysis.ledger import Ledger


@click.command()
@click.option("--once", is_flag=True, help="Print the metrics and end.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9464,
    show_default=True,
    help="Port to serve on; 0 takes a free one.",
)
def metrics(once: bool, host: str, port: int) -> None:
    """Serves the ledger counters (routing_test_total …) for Prometheus to scrape.

    The totals are those of all results in the store. Pending spool files are brought in before each
    scrape.
    """
    from prometheus_client import generate_latest, start_http_server  # noqa: PLC0415 - heavy

    settings = gnomon_settings.load()
    spool = state.spool_directory(settings.state_directory)
    with prepared_store(settings) as store:
        ledger = Ledger(store, lambda: tell_damage(store.ingest(spool)))
        if once:
            click.echo(generate_latest(ledger.registry()).decode(), nl=False)
            return
        try:
            server, thread = start_http_server(port, host, ledger.registry())
        except OSError as error:
            raise UserError(
                f"cannot serve on {host}:{port} ({error.strerror}); name another --host or --port"
            ) from None
        click.echo(f"serving http://{host}:{server.server_port}/metrics (Ctrl-C ends)")
        wait_for_the_end()
        server.shutdown()
        thread.join()
