"""`gnomon show FILE`: a dashboard, rule file or configuration as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gnomon_generators.artefacts.outline import Item


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the outline as JSON.")
def show(file: Path, as_json: bool) -> None:
    """Shows a dashboard, rule file or configuration as text: rows, panels, queries, rules, routes.

    FILE is anybody's: a dashboard in Grafana's classic JSON, a rule file of Prometheus, a configuration of
    Alertmanager or of an OpenTelemetry Collector.
    """
    from gnomon_generators.artefacts.outline import read, text  # noqa: PLC0415 - `gnomon show RUN` does without

    outline = read(file)
    if as_json:
        click.echo(json.dumps(_plain(outline), indent=2, ensure_ascii=False))
    else:
        click.echo(text(outline), nl=False)


def _plain(item: Item) -> dict[str, object]:
    return {
        "kind": item.kind,
        "name": item.name,
        **({"inside": item.inside} if item.inside else {}),
        "facts": {fact.name: fact.value for fact in item.facts},
        "items": [_plain(inner) for inner in item.items],
    }
