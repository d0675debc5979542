"""The generated files of the stack, held against the programs and formats that they are made for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gnomon.version import __version__
from gnomon_generators.programs import Program, find
from gnomon_generators.programs.known import Way
from gnomon_generators.stack.secrets import OWN
from tests.collector import running
from tests.stack.team import Team, certificates, new_team

CLONE = Path(__file__).parents[2]
COMPOSING = Path(__file__).with_name("composing")
KEEPERS = {"collector", "prometheus", "alertmanager", "tempo", "grafana", "postgres"}
PARTS = KEEPERS | {"results", "ledger"}
HELPERS = {"collector-state", "health"}

# The programs by which a container can ask how it is, as far as its image has any: the Collector's has none,
# Tempo's is Tempo alone; Prometheus' and Alertmanager's have BusyBox, and Grafana's is Alpine.
ASKING = {
    "prometheus": {"promtool"},
    "health": {"wget"},
    "alertmanager": {"amtool"},
    "tempo": {"/tempo"},
    "grafana": {"wget"},
    "postgres": {"pg_isready"},
    "results": {"python"},
    "ledger": {"python"},
}

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "certificates": {"certificates": "certificates"},
    "everything": {"certificates": "certificates", "client_certificates": True, "token": {"env": "TOKEN"}},
}


@pytest.fixture(scope="module", params=SETTINGS)
def generated(request: pytest.FixtureRequest) -> Iterator[Team]:
    """A team's files; nothing writes to them, and nothing of them is started."""
    with new_team() as team:
        certificates(team.root / "certificates", team.address)
        team.environment["TOKEN"] = "sesame"
        team.set(**SETTINGS[request.param])
        # Prometheus' and Alertmanager's own checks look whether certificates are where they are mounted.
        secrets = team.run("stack", "secrets").splitlines()[0]
        for path in (team.root / "stack").rglob("*.yaml"):
            path.write_text(path.read_text().replace("/run/secrets", str(team.root / secrets)))
        yield team


def program(name: str, least: tuple[int, ...] = ()) -> Program:
    """A program that is installed or was built by Go, of a version that knows what we write."""
    ways: tuple[Way, ...] = ("path", "go") if running.compiles() else ("path",)
    for way in ways:
        found = find(name, ways=(way,))
        if isinstance(found, Program) and (way == "go" or found.version() >= least):
            return found
    if os.environ.get(running.VARIABLE) == "1":
        pytest.fail(f"{name}: none of version {least} or newer")
    pytest.skip(f"{name}: none of version {least} or newer")


def compose(team: Team, **environment: str) -> subprocess.CompletedProcess[str]:
    """docker-compose.yml as Compose's own library understands it."""
    go = shutil.which("go")
    if go is None or not running.compiles():
        pytest.skip(f"go builds Compose's loader: not on PATH, or not asked to by {running.VARIABLE}=1")
    built = team.root / "composing"
    done = subprocess.run(
        [go, "-C", str(COMPOSING), "build", "-o", str(built), "."],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return subprocess.run(
        [str(built), str(team.root / "docker-compose.yml")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_promtool_accepts_prometheus(generated: Team) -> None:
    """The configuration, the rules that it names, and how it serves."""
    promtool = program("promtool", (3, 0))
    done = promtool.run("check", "config", "stack/yaml/prometheus.yaml", folder=generated.root)
    assert done.ok, done.output + done.errors
    assert "rule files found" in done.output
    for web in (generated.root / "stack/yaml").glob("*_web.yaml"):
        done = promtool.run("check", "web-config", str(web), folder=generated.root)
        assert done.ok, done.output + done.errors


def test_the_collector_accepts_its_configuration(generated: Team) -> None:
    """Whatever is asked of those who connect."""
    done = running.program().run("validate", "--config=collector/yaml/gateway.yaml", folder=generated.root)
    assert done.ok, done.errors


def test_every_rule_file_is_named(generated: Team) -> None:
    """Prometheus reads all that is generated, recording rules and alerts alike."""
    config = yaml.safe_load((generated.root / "stack/yaml/prometheus.yaml").read_text())
    named = {(generated.root / "stack/yaml" / path).resolve() for path in config["rule_files"]}
    there = {
        path.resolve()
        for folder in ("rules", "alerts")
        for path in (generated.root / folder / "yaml").glob("*.yaml")
        if path.name != "alertmanager.yaml"
    }
    assert named == there


def test_compose_accepts_its_file(generated: Team) -> None:
    """Compose's own loader takes it, and what each container may is what we mean."""
    done = compose(generated, GNOMON_SECRETS="/secrets")
    assert done.returncode == 0, done.stderr
    model = json.loads(done.stdout)
    services = model["services"]
    assert services.keys() == PARTS | HELPERS
    for name, service in services.items():
        assert service["image"].rpartition(":")[2][0] in "v0123456789", name
        assert service["mem_limit"], name
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["user"].partition(":")[0] != "0" or name == "collector-state", name
        assert service["restart"] == ("no" if name == "collector-state" else "unless-stopped"), name
        assert {port["host_ip"] for port in service.get("ports", ())} <= {generated.address}, name
        assert not service.get("privileged")
    assert model["volumes"].keys() == KEEPERS
    assert {name for name in services if "healthcheck" in services[name]} == ASKING.keys()
    for name, programs in ASKING.items():
        kind, *command = services[name]["healthcheck"]["test"]
        assert (command[0].split() if kind == "CMD-SHELL" else command)[0] in programs, name
    # What others wait for until it is well can say so.
    for service in services.values():
        for awaited, how in service.get("depends_on", {}).items():
            assert how["condition"] != "service_healthy" or awaited in ASKING
    assert "http://collector:" in services["health"]["healthcheck"]["test"][-1]
    for name in OWN:
        assert model["secrets"][name]["file"] == f"/secrets/{name}"


def test_compose_looks_for_secrets_where_they_are_made(team: Team) -> None:
    """So `docker compose logs` and the like need to be told nothing."""
    team.set()
    team.run("stack", "secrets")
    made = team.root / ".gnomon/stack/secrets"
    done = compose(team, GNOMON_SECRETS="")
    assert done.returncode == 0, done.stderr
    files = {name: Path(secret["file"]) for name, secret in json.loads(done.stdout)["secrets"].items()}
    assert files == {name: made / name for name in OWN}
    assert all(path.is_file() for path in files.values())


def test_the_ledger_may_be_on_the_machine_itself(team: Team) -> None:
    """Its name is known to Prometheus' container on Linux, too, and asked for nowhere else."""
    team.set()
    services = json.loads(compose(team).stdout)["services"]
    assert not any(service.get("extra_hosts") for service in services.values())
    team.set(ledger="host.docker.internal:9464")
    services = json.loads(compose(team).stdout)["services"]
    assert services["prometheus"]["extra_hosts"] == ["host.docker.internal=host-gateway"]


def test_images_of_projects_are_built_without_the_project(team: Team) -> None:
    """What is sent to be built is the folder of generated files, and the image is a release of Gnomon."""
    team.set()
    build = json.loads(compose(team).stdout)["services"]["results"]["build"]
    assert build == {"context": str(team.root / "stack/yaml"), "dockerfile": "gnomon.Containerfile"}
    text = (team.root / "stack/yaml/gnomon.Containerfile").read_text()
    assert f'"gnomon[store,postgres]=={__version__}"' in text and "COPY . " not in text


def test_images_of_a_clone_are_built_from_what_is_distributed() -> None:
    """What else a working copy holds stays outside: secrets, certificates, data."""
    lines = (CLONE / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    project = tomllib.loads((CLONE / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    let_in = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    assert patterns[0] == "*"
    assert let_in == {*wheel, "pyproject.toml", "README.md", "LICENSE"}


def test_no_file_holds_a_secret(generated: Team) -> None:
    """Nothing that was made or given is in what is generated, and passwords are named by files alone."""
    secrets = generated.root / ".gnomon/stack/secrets"
    known = [path.read_text() for path in secrets.iterdir() if path.suffix not in (".crt",)]
    files = [path for path in generated.root.rglob("*.y*ml") if ".gnomon" not in path.parts]
    assert len(files) > 10
    for path in files:
        assert not any(secret in path.read_text() for secret in known), path
    grafana = yaml.safe_load((generated.root / "docker-compose.yml").read_text())["services"]["grafana"]
    words = {name for name in grafana["environment"] if "PASSWORD" in name or "SECRET" in name}
    assert words == {"GF_SECURITY_ADMIN_PASSWORD__FILE", "GF_SECURITY_SECRET_KEY__FILE"}
    assert grafana["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_data_sources_know_each_other(generated: Team) -> None:
    """Links lead to data sources that there are, and Grafana reckons with the interval of scraping."""
    text = (generated.root / "stack/yaml/grafana/datasources/gnomon.yaml").read_text()
    sources = {source["uid"]: source for source in yaml.safe_load(text)["datasources"]}
    config = yaml.safe_load((generated.root / "stack/yaml/prometheus.yaml").read_text())
    details = {uid: source["jsonData"] for uid, source in sources.items()}
    assert details["gnomon-prometheus"]["timeInterval"] == config["global"]["scrape_interval"]
    links = [
        *(entry["datasourceUid"] for entry in details["gnomon-prometheus"]["exemplarTraceIdDestinations"]),
        details["gnomon-prometheus"]["alertmanagerUid"],
        details["gnomon-tempo"]["tracesToMetrics"]["datasourceUid"],
        details["gnomon-tempo"]["serviceMap"]["datasourceUid"],
    ]
    assert set(links) <= sources.keys()
    types = {source["type"] for source in sources.values()}
    assert {"prometheus", "tempo", "grafana-postgresql-datasource"} <= types
