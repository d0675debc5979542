"""`gnomon config`: check a gnomon.yaml, print its schema, show what is in force and why."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any

import click

from gnomon.cli.files import write_text
from gnomon.errors import ExitCode, UserError
from gnomon.otlp.endpoint import SIGNALS, url_of
from gnomon.settings import (
    Effective,
    Place,
    Problem,
    SecretReference,
    Settings,
    SettingsError,
    load_effective,
)
from gnomon.settings.loading import FILE_NAME


@click.group()
def config() -> None:
    """Checks and explains the settings (gnomon.yaml)."""


@config.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the mistakes as JSON.")
def check(path: Path | None, as_json: bool) -> int:
    """Finds every mistake in a gnomon.yaml; ends with 1 when there is one.

    PATH is a file or a folder; without it the nearest gnomon.yaml is checked. Environment variables
    that override settings are checked, too, and so are the files that settings name. A variable GNOMON_…
    that nothing reads is a mistake, most often of spelling.
    """
    if path is not None and path.is_dir():
        path = path / FILE_NAME
    try:
        effective = load_effective(path, strays=True)
        problems = (*_absent_files(effective), *_wrong_endpoints())
    except SettingsError as error:
        problems = error.problems
        effective = None
    if as_json:
        click.echo(json.dumps({"problems": [_problem(problem) for problem in problems]}, indent=2))
    elif problems:
        for problem in problems:
            click.echo(str(problem))
        click.echo(f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}", err=True)
    elif effective is not None:
        file = effective.settings.path
        click.echo(f"{file}: no mistakes" if file else f"no {FILE_NAME} found: the defaults hold")
    return ExitCode.NEGATIVE if problems else ExitCode.OK


@config.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def schema(out: Path | None) -> None:
    """Prints the JSON Schema of gnomon.yaml, by which editors complete and check it."""
    from gnomon.settings.schema import json_schema  # noqa: PLC0415 - only here

    text = json.dumps(json_schema(), indent=2) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)
        click.echo(f"wrote {out}")


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print the values as JSON.")
def show(as_json: bool) -> None:
    """Shows every setting in force and where its value comes from."""
    rows = list(_rows(load_effective()))
    if as_json:
        click.echo(json.dumps([_row(*row) for row in rows], indent=2))
        return
    width = max(len(key) for key, _, _ in rows)
    for key, value, place in rows:
        click.echo(f"{key:<{width}}  {json.dumps(value, ensure_ascii=False)}  ({place})")


def _absent_files(effective: Effective) -> list[Problem]:
    """Files that settings name and that are not there. Secrets may well be absent on this machine."""
    settings = effective.settings
    named = {"prices.file": settings.prices.file, "export.headers_file": settings.export.headers_file}
    named |= {f"suites[{n}].golden_set": suite.golden_set for n, suite in enumerate(settings.suites)}
    return [
        Problem(
            effective.places.get(key, Place()),
            key,
            f"there is no file {file}",
            "mend the path or write the file",
        )
        for key, file in named.items()
        if file is not None and not file.is_file()
    ]


def _wrong_endpoints() -> list[Problem]:
    """OpenTelemetry's own variables for where to send to, which Gnomon reads where it sends."""
    problems = []
    for signal in ("", *(f"{signal.upper()}_" for signal in SIGNALS)):
        variable = f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT"
        try:
            if value := os.environ.get(variable, "").strip():
                url_of(value)
        except UserError as error:
            wrong, _, remedy = str(error).partition("; ")
            problems.append(Problem(Place(variable=variable), "", wrong, remedy))
    return problems


def _rows(effective: Effective) -> list[tuple[str, Any, Place]]:
    """Key, plain value and place of every setting."""
    from gnomon.settings.table import walk  # noqa: PLC0415 - only here

    rows = []
    for setting in walk():
        if setting.kind == "section":
            continue
        value, place = _value(effective.settings, setting.key), effective.places.get(setting.key, Place())
        for variable in setting.meaning.yields_to:
            if os.environ.get(variable, "").strip():
                value, place = os.environ[variable].strip(), Place(variable=variable)
        rows.append((setting.key, _plain(value), place))
    return rows


def _value(settings: Settings, key: str) -> Any:
    value: Any = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def _plain(value: Any) -> Any:
    """A value as JSON has it, without a password that an environment variable may have brought."""
    if isinstance(value, SecretReference):
        return {"env": value.env} if value.env else {"file": str(value.file)}
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | Path):
        hidden = re.sub(r"(://[^/@\s]*:)[^/@\s]+@", r"\1***@", str(value))
        return re.sub(r"([?&](?:password|token|key)=)[^&\s]+", r"\1***", hidden)
    return value


def _row(key: str, value: Any, place: Place) -> dict[str, Any]:
    return {"key": key, "value": value, **_where(place)}


def _problem(problem: Problem) -> dict[str, Any]:
    return {"key": problem.key, "wrong": problem.wrong, "remedy": problem.remedy, **_where(problem.place)}


def _where(place: Place) -> dict[str, Any]:
    return {
        "file": str(place.file) if place.file else None,
        "line": place.line,
        "column": place.column,
        "variable": place.variable,
    }
