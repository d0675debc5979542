"""The stack in containers: `make up`, or `gnomon stack up`."""

import json

from _building import build

from gnomon.settings import Settings
from gnomon.version import __version__
from gnomon_generators.stack import TextFile, compose, parts
from gnomon_generators.stack.compose import block, image, items, mapping, mounts, ports

ABOUT = """The stack in containers. Start it with `make up` or `gnomon stack up`: they make the secrets first.
Ports are open on this machine alone, users are not root, roots are read-only where programs bear it.
What each container reads are the generated files of this project."""


def files(settings: Settings) -> list[TextFile]:
    """docker-compose.yml: a text, so that it reads as one that somebody wrote."""
    return [TextFile(path="docker-compose.yml", about=ABOUT, text=_text(settings))]


def _text(settings: Settings) -> str:
    prometheus = parts.container("/prometheus")
    alertmanager = parts.container("/alertmanager")
    tempo = parts.container("/var/tempo")
    collector = parts.container("/var/lib/otelcol")
    grafana = parts.container("/var/lib/grafana")
    postgres = parts.container("/var/lib/postgresql/data")
    prometheus_url = prometheus.url(settings, "prometheus") + compose.client(settings, "prometheus")
    alertmanager_url = prometheus.url(settings, "alertmanager") + compose.client(settings, "alertmanager")
    gateway = "./collector/yaml:/etc/gnomon/collector/yaml:ro"
    results = parts.container("/tmp")  # noqa: S108 - in a container of its own
    postgres_port = settings.stack.ports.postgres
    return f"""name: gnomon

x-part: &part
  restart: unless-stopped
  read_only: true
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  networks: [stack]
  logging: {{driver: json-file, options: {{max-size: 10m, max-file: "3"}}}}

x-health: &health
  interval: 10s
  timeout: 5s
  retries: 12
  start_period: 10s

x-gnomon: &gnomon
  image: gnomon:{__version__}
  build: {build(settings)}
  pull_policy: build
  user: "10001:10001"
  mem_limit: 256m
  environment:
    GNOMON_STORE_URL: {compose.store_url(settings)}
  tmpfs: [/tmp]
  working_dir: /tmp
  depends_on:
    postgres: {{condition: service_healthy}}

services:
  collector:
    <<: *part
    image: {image("otelcol")}
    user: "10001:10001"
    mem_limit: 512m
    environment:
      GOMEMLIMIT: 410MiB
{mapping(parts.collector_environment(settings, collector), 6)}
    command:
{items(parts.collector(settings, collector), 6)}
{mounts(settings, "collector", 4, gateway, "collector:/var/lib/otelcol")}
{ports(settings, 4, "otlp_grpc", "otlp_http")}
    depends_on:
      collector-state: {{condition: service_completed_successfully}}

  # The volume belongs to root at first, and the Collector's image has no program to change that.
  collector-state:
    <<: *part
    image: {image("prometheus")}
    user: "0:0"
    cap_add: [CHOWN]
    restart: "no"
    mem_limit: 32m
    entrypoint: [chown, "10001:10001", /var/lib/otelcol]
    volumes: ["collector:/var/lib/otelcol"]

  # The image of the Collector has no program that could ask how it is.
  health:
    <<: *part
    image: {image("prometheus")}
    user: "65534:65534"
    mem_limit: 32m
    entrypoint: [sleep, infinity]
    stop_grace_period: 1s
    depends_on: [collector]
    healthcheck:
      <<: *health
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://collector:{settings.stack.ports.collector_health}/"]

  prometheus:
    <<: *part
    image: {image("prometheus")}
    user: "65534:65534"
    mem_limit: 2g
    command:
{items(parts.prometheus(settings, prometheus), 6)}
{mounts(settings, "prometheus", 4, *compose.RULES, "prometheus:/prometheus")}
{ports(settings, 4, "prometheus")}
{compose.hosts(settings, 4)}    # It writes down what it knows before it ends.
    stop_grace_period: 1m
    healthcheck:
      <<: *health
      test: ["CMD-SHELL", "promtool check ready --url={prometheus_url}"]

  alertmanager:
    <<: *part
    image: {image("alertmanager")}
    user: "65534:65534"
    mem_limit: 128m
    command:
{items(parts.alertmanager(settings, alertmanager), 6)}
{mounts(settings, "alertmanager", 4, *compose.ALERTS, "alertmanager:/alertmanager")}
{ports(settings, 4, "alertmanager")}
    healthcheck:
      <<: *health
      test: ["CMD-SHELL", "amtool --alertmanager.url={alertmanager_url} cluster show"]

  tempo:
    <<: *part
    image: {image("tempo")}
    user: "10001:10001"
    mem_limit: 1g
    environment:
      GOMEMLIMIT: 820MiB
{mapping(parts.tempo_environment(settings, tempo), 6)}
    command:
{items(parts.tempo(settings, tempo), 6)}
{mounts(settings, "tempo", 4, compose.STACK, "tempo:/var/tempo")}
{ports(settings, 4, "tempo")}
    stop_grace_period: 1m
    healthcheck:
      <<: *health
      test: ["CMD", "/tempo", "-health", "-health.url={compose.tempo_asks(settings)}"]

  grafana:
    <<: *part
    image: {image("grafana")}
    user: "472:0"
    mem_limit: 512m
    environment:
{mapping(parts.grafana_environment(settings, grafana), 6)}
{mounts(settings, "grafana", 4, compose.STACK, compose.BOARDS, "grafana:/var/lib/grafana")}
    tmpfs: [/tmp]
{ports(settings, 4, "grafana")}
    depends_on:
      postgres: {{condition: service_healthy}}
    healthcheck:
      <<: *health
      test: ["CMD-SHELL", "{compose.grafana_asks(settings)}"]

  postgres:
    <<: *part
    image: {image("postgres")}
    user: "999:999"
    mem_limit: 512m
    shm_size: 128m
    environment:
      POSTGRES_USER: gnomon
      POSTGRES_DB: gnomon
      POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password
      POSTGRES_INITDB_ARGS: --auth=scram-sha-256
{compose.postgres_start(settings, postgres)}
{mounts(settings, "postgres", 4, compose.STACK, compose.INIT, "postgres:/var/lib/postgresql/data")}
    tmpfs: [/tmp, "/var/run/postgresql:uid=999,gid=999,mode=0775"]
{ports(settings, 4, "postgres")}
    stop_grace_period: 1m
    healthcheck:
      <<: *health
      test: ["CMD", "pg_isready", "--host=127.0.0.1", "--port={postgres_port}", "--dbname=gnomon"]

  # Gnomon itself: brings the Collector's traces into the results store, and serves the store's totals.
  results:
    <<: [*part, *gnomon]
    entrypoint: {compose.with_store(settings)}
    command:
{items(parts.results(settings, results), 6)}
{mounts(settings, "results", 4)}
    healthcheck:
      <<: *health
      test: ["CMD", "python", "-c", {json.dumps(compose.results_asks(settings))}]

  ledger:
    <<: [*part, *gnomon]
    entrypoint: {compose.with_store(settings)}
    command:
{items(parts.ledger(settings, results), 6)}
{mounts(settings, "ledger", 4)}
    healthcheck:
      <<: *health
      test: ["CMD", "python", "-c", {json.dumps(compose.ledger_asks(settings))}]

networks:
  stack: {{}}

volumes:
  collector: {{}}
  prometheus: {{}}
  alertmanager: {{}}
  tempo: {{}}
  grafana: {{}}
  postgres: {{}}

# Files that `gnomon stack up` makes, and `gnomon stack secrets`; each container gets its own alone.
secrets:
{block(compose.secret_files(settings), 2)}
"""
