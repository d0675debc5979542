"""Which parts run here: the programs that are found, their commands, and what lacks without the others."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from gnomon.errors import ExitCode, UserError
from gnomon.record import Record
from gnomon.settings import Settings
from gnomon_generators.programs import Missing, Program, find
from gnomon_generators.stack import parts as arguments
from gnomon_generators.stack.local import database
from gnomon_generators.stack.local.health import Answers, TakesConnections
from gnomon_generators.stack.local.supervisor import Part
from gnomon_generators.stack.parts import NAMES, Place
from gnomon_generators.stack.tls import scheme, tls

WITHOUT: Final[Mapping[str, str]] = {
    "alertmanager": "alerts fire in Prometheus and reach nobody",
    "tempo": "links to traces lead nowhere; what the results store and the metrics take from them is there",
    "postgres": "panels on the results store have no data; the store itself is SQLite",
    "grafana": "there are no dashboards to look at; Prometheus answers queries",
    "ledger": "there are no totals over the whole results store (routing_test_total …)",
    "results": "traces do not come into the results store by themselves; `gnomon ingest` reads spools",
}
"""What does not work without each part that the stack can do without."""

_OURS: Final[Mapping[str, str]] = {"results": "receive", "ledger": "metrics"}
"""The parts that are Gnomon itself, and their commands."""

_OTLP_RECEIVER: Final = "web.enable-otlp-receiver"


class Setting(Record):
    """All that commands are made of: `files` and `state` are folders, `secrets` that of the secrets."""

    settings: Settings
    files: Path
    state: Path
    secrets: Path

    def place(self, part: str) -> Place:
        """Where a part runs, and where all others do: on this machine."""
        state = self.state / "data" / part
        state.mkdir(parents=True, exist_ok=True)
        address = self.settings.stack.address
        return Place(str(self.files), str(state), address, dict.fromkeys(NAMES, address), str(self.secrets))


class Found(Record):
    """Programs by the names of the parts, and of those that are missing why."""

    programs: Mapping[str, Program]
    missing: Mapping[str, str]


def look(environ: Mapping[str, str] = os.environ) -> Found:
    """Looks for the programs of all parts.

    Raises `UserError` (exit code 3) when Prometheus or the Collector cannot be had, and says how to get it.
    """
    programs: dict[str, Program] = {}
    missing: dict[str, str] = {}
    for part, program in (
        ("postgres", _postgres(environ)),
        ("tempo", find("tempo", ways=("path",), environ=environ)),
        ("prometheus", _prometheus(environ)),
        ("alertmanager", find("alertmanager", ways=("path",), environ=environ)),
        ("collector", find("otelcol", ways=("path", "go"), environ=environ)),
        ("grafana", find("grafana", ways=("path",), environ=environ)),
    ):
        if isinstance(program, Program):
            programs[part] = program
        elif part in WITHOUT:
            missing[part] = f"{_how_to_get(program)}. Without it {WITHOUT[part]}."
        else:
            raise UserError(str(program), ExitCode.MISSING)
    if find_spec("gnomon_analysis") is None or find_spec("prometheus_client") is None:
        for part, command in _OURS.items():
            missing[part] = (
                f'`gnomon {command}` needs `pip install "gnomon[analysis]"`. Without it {WITHOUT[part]}.'
            )
    return Found(programs, missing)


def _how_to_get(missing: Missing) -> str:
    """Programs that no Go builds here have to be installed: an engine for containers would not help."""
    known = missing.known
    package = f"apt-get install {known.package}" if known.package else ""
    return f"it is not on PATH as {' or '.join(known.executables)}: {package or known.advice}"


def _prometheus(environ: Mapping[str, str]) -> Program | Missing:
    """A Prometheus that takes OTLP: version 3 does, and what Debian makes of it does not."""
    installed = find("prometheus", ways=("path",), environ=environ)
    if isinstance(installed, Program):
        told = installed.run("--help", folder=Path.cwd())
        if _OTLP_RECEIVER in told.output + told.errors:
            return installed
    built = find("prometheus", ways=("go",), environ=environ)
    if isinstance(built, Missing) and isinstance(installed, Program):
        reason = f"{installed.place} has no OTLP receiver, as Debian's has none"
        return Missing(built.known, (reason, *built.reasons))
    return built


def _postgres(environ: Mapping[str, str]) -> Program | Missing:
    """The server: on PATH, else where Debian keeps it, for its own programs are not on PATH there."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    path = os.pathsep.join([*map(str, reversed(folders)), environ.get("PATH", "")])
    return find("postgres", ways=("path",), environ={**environ, "PATH": path})


def local_parts(found: Found, here: Setting) -> list[Part]:
    """The parts in the order in which they start."""
    made: list[Part] = []
    for name, make in _MAKERS.items():
        if name in found.programs or (name in _OURS and name not in found.missing):
            made.append(make(found, here))
    return made


def ports(found: Found, settings: Settings) -> Iterator[tuple[str, int]]:
    """The ports that will be listened on, each with the name of its setting."""
    stack = settings.stack.ports
    for part, names in {
        "postgres": ("postgres",),
        "tempo": ("tempo", "tempo_otlp"),
        "prometheus": ("prometheus",),
        "alertmanager": ("alertmanager",),
        "collector": ("otlp_grpc", "otlp_http", "collector_health", "collector_metrics"),
        "grafana": ("grafana",),
        "results": ("results",),
        "ledger": ("ledger",),
    }.items():
        if part not in found.missing:
            yield from ((name, getattr(stack, name)) for name in names)


def _postgres_part(found: Found, here: Setting) -> Part:
    place = here.place("postgres")
    server = database.Server(found.programs["postgres"], place, here.settings)
    return Part(
        name="postgres",
        command=tuple(server.command()),
        environment={},
        folder=Path(place.state),
        address=f"{place.listen}:{here.settings.stack.ports.postgres}",
        healthy=TakesConnections(server.tool("pg_isready"), place.listen, here.settings.stack.ports.postgres),
        # Else it waits until everybody has gone.
        stop_signal=signal.SIGINT,
    )


def _tempo(found: Found, here: Setting) -> Part:
    place = here.place("tempo")
    environment = arguments.tempo_environment(here.settings, place)
    return _served(
        found, here, "tempo", arguments.tempo(here.settings, place), "/ready", environment=environment
    )


def _prometheus_part(found: Found, here: Setting) -> Part:
    given = arguments.prometheus(here.settings, here.place("prometheus"))
    return _served(found, here, "prometheus", given, "/-/ready", required=True)


def _alertmanager(found: Found, here: Setting) -> Part:
    given = arguments.alertmanager(here.settings, here.place("alertmanager"))
    return _served(found, here, "alertmanager", given, "/-/ready")


def _collector(found: Found, here: Setting) -> Part:
    place = here.place("collector")
    given = arguments.collector(here.settings, place)
    receivers = {"tempo": "otlp_grpc/tempo", "results": "otlp_http/results"}
    if any(part in found.missing for part in receivers):
        # Else a queue would fill, and then it would refuse spans that metrics are made of.
        there = [exporter for part, exporter in receivers.items() if part not in found.missing] or ["nop"]
        given += [
            "--config=yaml:exporters::nop:",
            f"--config=yaml:service::pipelines::traces::exporters: [{', '.join(there)}]",
        ]
    port = here.settings.stack.ports.collector_health
    return Part(
        name="collector",
        command=_command(found.programs["collector"], given, here),
        environment=arguments.collector_environment(here.settings, place),
        folder=Path(place.state),
        address=f"{scheme(here.settings)}://{place.listen}:{here.settings.stack.ports.otlp_http}",
        healthy=Answers(f"http://{place.listen}:{port}/"),
        required=True,
    )


def _grafana(found: Found, here: Setting) -> Part:
    place = here.place("grafana")
    homes = (Path("/usr/share/grafana"), Path(found.programs["grafana"].place).resolve().parents[1])
    home = next((path for path in homes if (path / "public").is_dir()), homes[-1])
    return _served(
        found,
        here,
        "grafana",
        ["server", f"--homepath={home}"],
        "/api/health",
        environment=arguments.grafana_environment(here.settings, place),
    )


def _results(found: Found, here: Setting) -> Part:
    place = here.place("results")
    url = place.url(here.settings, "results")
    asked = Answers(f"{url}/healthz", tls(here.settings, place.secrets), "results")
    return _ours("results", arguments.results(here.settings, place), here, url, asked)


def _ledger(found: Found, here: Setting) -> Part:
    place = here.place("ledger")
    url = f"http://{place.listen}:{here.settings.stack.ports.ledger}"
    return _ours("ledger", arguments.ledger(here.settings, place), here, url, Answers(f"{url}/metrics"))


def _ours(name: str, given: list[str], here: Setting, url: str, asked: Answers) -> Part:
    """A part that is Gnomon itself, over the store that the settings name."""
    return Part(
        name=name,
        command=(sys.executable, "-m", "gnomon.cli.main", *given),
        environment={"PGPASSFILE": str(here.secrets / "pgpass")},
        folder=here.settings.root,
        address=url,
        healthy=asked,
    )


def _served(
    found: Found,
    here: Setting,
    name: str,
    given: list[str],
    health: str,
    *,
    environment: Mapping[str, str] | None = None,
    required: bool = False,
) -> Part:
    """A part that serves HTTP at the port that bears its name."""
    place = here.place(name)
    url = place.url(here.settings, name)
    return Part(
        name=name,
        command=_command(found.programs[name], given, here),
        environment=environment or {},
        folder=Path(place.state),
        address=url,
        healthy=Answers(url + health, tls(here.settings, place.secrets), name),
        required=required,
    )


def _command(program: Program, given: list[str], here: Setting) -> tuple[str, ...]:
    program.prepare()
    return tuple(program.command(given, folder=here.state))


_MAKERS: Final[Mapping[str, Callable[[Found, Setting], Part]]] = {
    "postgres": _postgres_part,
    "tempo": _tempo,
    "prometheus": _prometheus_part,
    "alertmanager": _alertmanager,
    "results": _results,
    "collector": _collector,
    "ledger": _ledger,
    "grafana": _grafana,
}
