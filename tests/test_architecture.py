"""The rooms and the arrows between them are those that docs/architecture.md shows, and none runs back up."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = {
    "gnomon": ROOT / "instrumentation",
    "gnomon_generators": ROOT / "generators",
    "gnomon_analysis": ROOT / "analysis",
}

# From the ground up: a room may use those above it in this table only, and uses exactly those named.
# A room without modules of its own name is the module or package `gnomon.<room>`.
ARROWS: Final[dict[str, set[str]]] = {
    "foundations": set(),
    "registry": {"foundations"},
    "error_types": {"registry"},
    "settings": {"foundations"},
    "provenance": {"foundations"},
    "otlp": {"foundations"},
    "spool": {"foundations", "otlp"},
    "prices": {"foundations"},
    "runs": {"foundations", "registry", "provenance", "otlp", "spool"},
    "clients": {"foundations", "error_types", "prices"},
    "sdk": {"foundations", "registry", "error_types", "settings", "otlp", "spool", "prices", "clients"},
    "client hooks": {"sdk"},
    "pytest_plugin": {"foundations", "registry", "settings", "provenance", "otlp", "spool", "runs"},
    "cli": {"foundations", "settings", "provenance", "otlp", "spool", "runs"},
    "gnomon": {"foundations", "sdk"},
    "generated files": set(),
    "gnomon_generators.promql": {"foundations", "registry"},
    "gnomon_generators.stack_metrics": {"registry", "gnomon_generators.promql"},
    "gnomon_generators.rules": {
        *("foundations", "registry", "settings", "generated files", "gnomon_generators.promql"),
    },
    "gnomon_generators.vocabulary": {
        *("foundations", "registry", "settings"),
        *("generated files", "gnomon_generators.promql"),
    },
    "gnomon_generators.alertmanager": {"foundations", "registry", "settings", "generated files"},
    "gnomon_generators.grafana_alerting": {
        *("foundations", "generated files", "gnomon_generators.promql", "gnomon_generators.rules"),
        "gnomon_generators.alertmanager",
    },
    "gnomon_generators.collector": {"foundations", "registry", "settings", "generated files"},
    "gnomon_generators.definitions": {"foundations", "settings", "generated files"},
    "gnomon_generators.programs": {"foundations", "gnomon_generators.definitions"},
    "gnomon_generators.stack": {"foundations", "settings", "generated files", "gnomon_generators.programs"},
    "gnomon_generators.checks": {
        *("foundations", "registry", "settings", "generated files"),
        *("gnomon_generators.promql", "gnomon_generators.stack_metrics", "gnomon_generators.rules"),
        *("gnomon_generators.definitions", "gnomon_generators.programs"),
    },
    "gnomon_generators.reference": {
        *("foundations", "registry", "settings"),
        *("generated files", "gnomon_generators.promql", "gnomon_generators.checks"),
    },
    "gnomon_generators.artefacts": {
        *("foundations", "registry", "settings", "generated files"),
        *("gnomon_generators.vocabulary", "gnomon_generators.rules", "gnomon_generators.alertmanager"),
        *("gnomon_generators.collector", "gnomon_generators.stack", "gnomon_generators.definitions"),
        *("gnomon_generators.reference", "gnomon_generators.grafana_alerting"),
    },
    "gnomon_generators.commands": {
        *("foundations", "settings", "generated files", "gnomon_generators.rules"),
        *("gnomon_generators.definitions", "gnomon_generators.checks", "gnomon_generators.artefacts"),
        "gnomon_generators.stack",
    },
    "gnomon_analysis.statistics": {"runs"},
    "gnomon_analysis.store": {"foundations", "registry", "settings", "runs"},
    "gnomon_analysis.ledger": {"registry", "gnomon_analysis.store"},
    "gnomon_analysis.receiving": {"foundations", "gnomon_analysis.store"},
    "gnomon_analysis.reconcile": {"foundations", "registry", "spool", "runs", "gnomon_analysis.store"},
    "gnomon_analysis.junit": {
        *("foundations", "registry", "settings", "provenance", "otlp", "spool", "runs"),
        "gnomon_analysis.store",
    },
    "gnomon_analysis.changes": {"foundations", "settings", "provenance", "gnomon_analysis.store"},
    "gnomon_analysis.bisection": {
        *("foundations", "registry", "settings", "provenance"),
        *("gnomon_analysis.store", "gnomon_analysis.changes"),
    },
    "gnomon_analysis.flakiness": {
        *("foundations", "registry", "error_types", "settings", "provenance"),
        *("gnomon_analysis.statistics", "gnomon_analysis.store"),
    },
    "gnomon_analysis.gating": {
        *("foundations", "settings", "runs", "gnomon_analysis.store", "gnomon_analysis.statistics"),
        "gnomon_analysis.flakiness",
    },
    "gnomon_analysis.attribution": {
        *("foundations", "registry", "settings", "gnomon_analysis.statistics"),
        *("gnomon_analysis.store", "gnomon_analysis.changes"),
    },
    "gnomon_analysis.report": {"runs", "gnomon_analysis.store"},
    "gnomon_analysis.demo": {
        *("foundations", "provenance", "otlp", "spool", "prices", "runs", "settings", "gnomon"),
        *("gnomon_analysis.store", "gnomon_analysis.flakiness", "gnomon_analysis.report"),
    },
    "gnomon_analysis.simulation": {
        *("foundations", "registry", "error_types", "settings", "otlp", "spool", "prices", "runs", "sdk"),
        "gnomon",
    },
    "gnomon_analysis.commands": {
        *("foundations", "settings", "runs", "gnomon_analysis.store", "gnomon_analysis.ledger"),
        "gnomon_analysis.receiving",
        *("gnomon_analysis.reconcile", "gnomon_analysis.junit", "gnomon_analysis.demo"),
        "gnomon_analysis.simulation",
        *("gnomon_analysis.gating", "gnomon_analysis.flakiness", "gnomon_analysis.changes"),
        "gnomon_analysis.bisection",
        *("gnomon_analysis.attribution", "gnomon_analysis.report"),
    },
}

MODULES_OF: Final = {
    **dict.fromkeys(
        (
            *("gnomon.errors", "gnomon.given", "gnomon.record", "gnomon.relay", "gnomon.repository"),
            *("gnomon.session", "gnomon.state", "gnomon.version"),
        ),
        "foundations",
    ),
    **dict.fromkeys(
        (f"gnomon_generators.{module}" for module in ("document", "writing", "paths", "yaml_text")),
        "generated files",
    ),
    **dict.fromkeys(
        ("gnomon.clients.httpx", "gnomon.clients.requests", "gnomon.clients.endpoints"), "client hooks"
    ),
}

# What a room may take from other distributions; `import gnomon` takes nothing of it.
OUTSIDE: Final[dict[str, set[str]]] = {
    "settings": {"yaml"},
    "prices": {"yaml"},
    "otlp": {"opentelemetry", "grpc", "google"},
    "spool": set(),
    "sdk": {"opentelemetry"},
    "pytest_plugin": {"pytest", "_pytest"},
    "cli": {"click", "yaml"},
}


def modules() -> dict[str, Path]:
    found = {}
    for package, folder in PACKAGES.items():
        for path in (folder / package).rglob("*.py"):
            name = ".".join(path.relative_to(folder).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


MODULES: Final = modules()


def room_of(module: str) -> str:
    if (room := MODULES_OF.get(module)) is not None:
        return room
    package, _, rest = module.partition(".")
    part = rest.partition(".")[0]
    if not part:
        return package
    return part if package == "gnomon" else f"{package}.{part}"


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it; relative imports are not used in this project."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = str(node.module)
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                yield inner if inner in MODULES else module


def arrows() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for module, path in MODULES.items():
        room = room_of(module)
        found[room] |= {
            target
            for name in imports(path)
            if name.partition(".")[0] in PACKAGES and (target := room_of(name)) != room
        }
    # An empty package file is no room.
    return {room: targets for room, targets in found.items() if room in ARROWS or targets}


def test_the_arrows_are_those_of_the_table() -> None:
    """Each room imports exactly the rooms that the table allows it, imports inside functions included."""
    assert arrows() == ARROWS


def test_no_arrow_runs_back_up() -> None:
    """Each room uses only rooms that stand above it in the table, so there is no circle."""
    known: set[str] = set()
    for room, targets in ARROWS.items():
        assert targets <= known, f"{room} uses {', '.join(sorted(targets - known))}"
        known.add(room)


def test_instrumentation_knows_nothing_of_what_builds_on_it() -> None:
    """`gnomon` imports neither the generators nor the analysis, and these two not each other."""
    for module, path in MODULES.items():
        package = module.partition(".")[0]
        used = {name.partition(".")[0] for name in imports(path)} & set(PACKAGES)
        assert used <= {package, "gnomon"}, module


def test_instrumentation_takes_little_from_outside() -> None:
    """Beside the standard library each room of `gnomon` imports only what its task is about."""
    for module, path in MODULES.items():
        if module.partition(".")[0] != "gnomon":
            continue
        roots = {name.partition(".")[0] for name in imports(path)}
        foreign = roots - sys.stdlib_module_names - set(PACKAGES)
        assert foreign <= OUTSIDE.get(room_of(module), set()), module


def test_the_page_shows_the_same_table() -> None:
    """docs/architecture.md lists the rooms in this order with these arrows."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^|]+)` \|[^|]+\|([^|]*)\|$", page, re.MULTILINE)
    shown = {room: set(re.findall(r"`([^`]+)`", targets)) for room, targets in rows if room in ARROWS}
    assert list(shown.items()) == list(ARROWS.items())


def _loaded(code: str, folder: Path, *arguments: str) -> set[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "GNOMON", "PYTEST_"))
    }
    done = subprocess.run(
        [sys.executable, *arguments, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        cwd=folder,
        env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


HEAVY: Final = {"grafanalib", "scipy", "numpy", "sqlalchemy", "git", "opentelemetry", "yaml", "click", "grpc"}


def test_importing_gnomon_loads_nothing_heavy(tmp_path: Path) -> None:
    """`import gnomon` in a fresh interpreter loads no other distribution."""
    assert not _loaded("import gnomon", tmp_path) & HEAVY


def test_importing_the_sdk_loads_opentelemetry_alone(tmp_path: Path) -> None:
    """The recording part needs OpenTelemetry, and still neither database, YAML nor command line."""
    assert _loaded("import gnomon; gnomon.tool", tmp_path) & HEAVY == {"opentelemetry"}


def test_a_recorded_run_loads_nothing_heavy(tmp_path: Path) -> None:
    """A pytest run with Gnomon on, no settings file and no model call, needs the standard library alone."""
    (tmp_path / "test_a.py").write_text("def test_a(): pass\n")
    code = "import pytest; pytest.main(['-p', 'gnomon.pytest_plugin.plugin', '--gnomon', '-q'])"
    assert not _loaded(code, tmp_path) & HEAVY
    assert list((tmp_path / ".gnomon" / "spool").glob("*.traces.jsonl"))


@pytest.mark.parametrize("room", sorted(OUTSIDE))
def test_rooms_with_needs_are_rooms(room: str) -> None:
    """The list of what rooms need names rooms that there are."""
    assert room in ARROWS
