"""Every setting of gnomon.yaml: type, default, meaning, unit and allowed values, in one table.

The classes are the table; `gnomon.settings.table` reads it. A default that a team decides for itself
(objective, budget, channel …) is what most teams start from, not advice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from gnomon.record import Record
from gnomon.settings.fields import (
    ADDRESS,
    DATES,
    DURATION,
    EMAIL,
    HOST_AND_PORT,
    LINE,
    NAME,
    STORE_URL,
    TIME,
    TIME_ZONE,
    URL,
    WEEKDAYS,
    section,
    setting,
)
from gnomon.settings.values import Duration, SecretReference


class Project(Record):
    """What this repository is called in telemetry."""

    name: str = setting(
        "",
        "Name of the project. When not set: the name of the folder; in a linked git worktree that of the "
        "main one.",
        format=NAME,
        example="my-skills",
    )
    service_name: str = setting(
        "",
        "`service.name` of the test runs. When not set: `<project.name>-tests`.",
        format=NAME,
        example="my-skills-tests",
        standard_variables=("OTEL_SERVICE_NAME",),
        resource_attributes=("service.name",),
    )


class Export(Record):
    """Where telemetry is sent. Without an endpoint it stays in the spool, and nothing is lost."""

    endpoint: str | None = setting(
        None,
        "OTLP endpoint, such as that of an OpenTelemetry Collector.",
        format=URL,
        example="http://localhost:4318",
        yields_to=("OTEL_EXPORTER_OTLP_ENDPOINT",),
        no_password=True,
    )
    protocol: Literal["grpc", "http/protobuf", "http/json"] | None = setting(
        None,
        "OTLP protocol. When not set: `grpc` for port 4317, else `http/json`.",
        example="http/protobuf",
        yields_to=("OTEL_EXPORTER_OTLP_PROTOCOL",),
    )
    deadline_seconds: float = setting(
        2.0,
        "The longest that sending may hold up the end of a process. What is not acknowledged by then "
        "stays in the spool.",
        unit="s",
        minimum=0,
        maximum=600,
    )
    headers_file: Path | None = setting(
        None,
        "File of headers for the endpoint, one `name: value` a line (credentials belong there).",
        format=LINE,
        example=".gnomon/headers",
    )


class Spool(Record):
    """Telemetry files under the state directory that wait for delivery or ingestion."""

    max_bytes: int = setting(
        536_870_912,
        "Upper limit of the spool. The oldest delivered files go first.",
        unit="By",
        minimum=1_048_576,
        maximum=2**50,
    )
    keep_days: float = setting(15, "How long a delivered file is kept.", unit="d", minimum=0, maximum=36_500)


class Store(Record):
    """The results store that commands query."""

    url: str | None = setting(
        None,
        "SQLAlchemy address of the database. When not set: SQLite in the state directory. A password does "
        "not belong here: set GNOMON_STORE_URL, or use PostgreSQL's own password file.",
        format=STORE_URL,
        example="postgresql+psycopg://gnomon@db.example.com/gnomon",
        no_password=True,
    )


class Capture(Record):
    """What may be recorded beyond names, numbers and outcomes."""

    content: bool = setting(False, "Record the text of prompts and responses.")
    failure_messages: bool = setting(True, "Record one bounded line of a failed test's message.")


class Slo(Record):
    """Service level objectives: colours of panels, alert expressions, verdicts of reports."""

    routing_accuracy_percent: float = setting(
        85.0, "Share of judged routing tests that chose the right skill.", unit="%", minimum=0, maximum=100
    )
    agent_success_percent: float = setting(
        95.0, "Share of agent invocations that succeed.", unit="%", minimum=0, maximum=100
    )
    workflow_completion_percent: float = setting(
        90.0, "Share of workflows that reach their end.", unit="%", minimum=0, maximum=100
    )
    availability_percent: float = setting(
        99.9, "Share of time in which an agent answers.", unit="%", minimum=0, maximum=100
    )
    error_rate_percent: float = setting(
        0.5, "Share of model and tool calls that end in an error, at most.", unit="%", minimum=0, maximum=100
    )
    execution_time_seconds: float = setting(
        60.0, "Mean time of an agent invocation, at most.", unit="s", above=0, maximum=1e6
    )
    latency_p95_seconds: float = setting(
        0.5, "95th percentile of API latency, at most.", unit="s", above=0, maximum=1e6
    )
    latency_p99_seconds: float = setting(
        2.0, "99th percentile of API latency, at most.", unit="s", above=0, maximum=1e6
    )
    recovery_minutes: float = setting(
        10.0, "Mean time to recovery, at most.", unit="min", above=0, maximum=1e6
    )


class Budgets(Record):
    """What may be spent."""

    daily_cost_usd: float = setting(
        25.0, "Cost of model calls in 24 hours.", unit="USD", minimum=0, maximum=1e9
    )
    series: int = setting(
        100_000,
        "Prometheus series that the organisation described here may produce.",
        unit="{series}",
        minimum=1,
        maximum=10**9,
    )
    case_series: int = setting(
        2_000,
        "Routing cases of a run that have series of their own, from which pass rates and flaky tests are "
        "taken. Of more cases, those whose ids come first; 0 for none.",
        unit="{case}",
        minimum=0,
        maximum=10**6,
    )


class Flaky(Record):
    """When a test counts as flaky: on boards by its pass rate, else by what it does where nothing changed."""

    above: float = setting(
        0.3, "Lower bound of the pass rate; itself not flaky.", unit="1", minimum=0, maximum=1
    )
    below: float = setting(
        0.7, "Upper bound of the pass rate; itself not flaky.", unit="1", minimum=0, maximum=1
    )
    window: Duration = setting(Duration("7d"), "Time over which the pass rate is taken.", format=DURATION)
    minimum_runs: int = setting(
        5,
        "Fewer runs than this, in the window or ever, say nothing about a test.",
        unit="{run}",
        minimum=1,
        maximum=10**6,
    )
    failing_rate_percent: float = setting(
        2.0,
        "A test counts as flaky for `gnomon flaky` when, with a probability of 95 %, it fails more often "
        "than this at commits where it can pass.",
        unit="%",
        minimum=0,
        maximum=99,
    )
    fixed_runs: int = setting(
        20,
        "Passes in a row, at one commit, after which a flaky or broken test counts as recovered. One that "
        "failed rarely needs more: as many as chance would show in 5 % of cases.",
        unit="{run}",
        minimum=1,
        maximum=10**6,
    )
    quarantine: tuple[str, ...] = setting(
        (),
        "Ids of tests, or globs of them, whose failures fail no gate. They are run, counted and shown as "
        "ever.",
        format=LINE,
        example=["TC042", "billing-*"],
    )


class Rules(Record):
    """Recording rules."""

    interval: Duration = setting(
        Duration("1m"),
        "How often a rule group is evaluated: at most `4m`, for Prometheus forgets a sample after five "
        "minutes.",
        format=DURATION,
    )
    late: Duration = setting(
        Duration("5m"),
        "How late a run's numbers may come and still be in the recorded trends, which are as far behind. The "
        "numbers for whole ranges are always complete.",
        format=DURATION,
    )


class Maintenance(Record):
    """A time in which nobody is told of alerts: repeated work on the system, or days when nobody works.

    What still fires when it is over is told then.
    """

    name: str = setting(brief="Unique name.", format=NAME, example="weekly-upgrade")
    weekdays: tuple[str, ...] = setting(
        (), "Days of the week. When empty: every day.", format=WEEKDAYS, example=["saturday:sunday"]
    )
    dates: tuple[str, ...] = setting(
        (), "Days of the calendar. When empty: all.", format=DATES, example=["2026-12-24:2027-01-01"]
    )
    starts: str = setting("00:00", "When it begins on such a day.", format=TIME, example="22:00")
    ends: str = setting(
        "24:00",
        "When it ends; at or before its beginning means on the next day.",
        format=TIME,
        example="02:00",
    )
    timezone: str = setting("UTC", "Time zone of days and times.", format=TIME_ZONE, example="Europe/Berlin")
    environment: str | None = setting(
        None,
        "Only what is in this environment. When not set: all.",
        format=NAME,
        refers_to="organisation.environments",
    )
    department: str | None = setting(
        None,
        "Only what belongs to this department. When not set: all.",
        format=NAME,
        refers_to="organisation.departments",
    )


class Alerts(Record):
    """Who is told, and how long something must hold before they are."""

    channel: Literal["slack", "pagerduty", "email", "webhook", "all"] = setting(
        "slack", "Channel that alerts go to; `all` means every one set under `channels`."
    )
    severity: Literal["info", "warning", "critical"] = setting("warning", "`severity` label of the alerts.")
    owner: str | None = setting(
        None,
        "Who answers for alerts of no agent, department or environment that has an owner.",
        format=NAME,
        refers_to="organisation.owners",
    )
    maintenance: tuple[Maintenance, ...] = setting((), "Times in which nobody is told.")
    grafana: bool = setting(
        False,
        "Let Grafana's own alerting tell of alerts, in Alertmanager's place.",
    )
    runbook_url: str | None = setting(
        None,
        "Address of the alerts' runbooks, with `{alert}` for the name of the alert. When not set: the page "
        "in `docs/runbooks`.",
        format=LINE,
        example="https://runbooks.example.com/{alert}",
    )
    routing_accuracy_window: Duration = setting(
        Duration("1d"), "Time over which the routing accuracy is taken.", format=DURATION
    )
    minimum_answers: int = setting(
        20,
        "Fewer answered routing tests than this in the window say nothing about the accuracy.",
        unit="{verdict}",
        minimum=1,
        maximum=10**9,
    )
    routing_accuracy_for: Duration = setting(
        Duration("10m"), "How long accuracy must stay below its objective.", format=DURATION
    )
    daily_cost_for: Duration = setting(
        Duration("5m"), "How long the cost of 24 hours must stay above its budget.", format=DURATION
    )
    retry_rate_per_second: float = setting(
        0.1,
        "API retries a second of test runs above which an alert fires.",
        unit="{retry}/s",
        minimum=0,
        maximum=1e6,
    )
    retry_rate_window: Duration = setting(
        Duration("5m"),
        "Time over which the retry rate is taken: that of the runs that ended in it.",
        format=DURATION,
    )
    minimum_model_calls: int = setting(
        20,
        "Fewer model calls than this in the window say nothing about the retry rate.",
        unit="{call}",
        minimum=1,
        maximum=10**9,
    )
    retry_rate_for: Duration = setting(
        Duration("5m"), "How long the retry rate must stay above its limit.", format=DURATION
    )
    hold: Duration = setting(
        Duration("5m"),
        "How long whatever has no waiting time of its own here must hold before somebody is told.",
        format=DURATION,
    )
    error_rate_percent: float = setting(
        20.0, "Share of a suite's tests that may fail.", unit="%", minimum=0, maximum=100
    )
    error_rate_window: Duration = setting(
        Duration("6h"),
        "Time over which the share of failed tests is taken: that of the runs that ended in it.",
        format=DURATION,
    )
    minimum_tests: int = setting(
        10,
        "Fewer tests than this in a window say nothing about failures and the cost of a test.",
        unit="{test}",
        minimum=1,
        maximum=10**9,
    )
    rate_limited_percent: float = setting(
        5.0,
        "Share of the attempts of model calls that may be refused for too many requests (429).",
        unit="%",
        minimum=0,
        maximum=100,
    )
    rate_limited_window: Duration = setting(
        Duration("1h"), "Time over which the share of refused attempts is taken.", format=DURATION
    )
    worker_use_percent: float = setting(
        50.0,
        "Share of the workers' time that parallel runs spend in tests, at least.",
        unit="%",
        minimum=0,
        maximum=100,
    )
    worker_use_window: Duration = setting(
        Duration("1d"), "Time over which the use of workers is taken.", format=DURATION
    )
    minimum_worker_time: Duration = setting(
        Duration("10m"),
        "Less time of all workers together in the window says nothing about their use.",
        format=DURATION,
    )
    flaky_tests: int = setting(
        5, "Flaky tests that a suite may have.", unit="{test}", minimum=0, maximum=10**6
    )
    cost_anomaly_factor: float = setting(
        1.5,
        "How many times the dearest day of the week before a day may cost.",
        unit="1",
        minimum=1,
        maximum=1e6,
    )
    minimum_cost_usd: float = setting(
        1.0, "A day that costs less is no anomaly.", unit="USD", minimum=0, maximum=1e9
    )
    test_cost_factor: float = setting(
        2.0,
        "How many times the mean of the week before a test may cost.",
        unit="1",
        minimum=1,
        maximum=1e6,
    )
    test_cost_window: Duration = setting(
        Duration("6h"), "Time over which the cost of a test is taken.", format=DURATION
    )
    no_runs_window: Duration = setting(
        Duration("3d"),
        "How long a suite that runs regularly may be silent. Longer than a weekend, where nobody works then.",
        format=DURATION,
    )
    minimum_invocations: int = setting(
        20,
        "Fewer invocations of an agent, or model calls of it, than this in the longer window say nothing "
        "about how fast its error budget burns.",
        unit="{invocation}",
        minimum=1,
        maximum=10**9,
    )
    queue_percent: float = setting(
        80.0, "How full the Collector's queues may be.", unit="%", minimum=0, maximum=100
    )


class Slack(Record):
    """A Slack channel."""

    webhook_url: SecretReference | None = setting(
        None, "Address of the incoming webhook.", example={"env": "SLACK_WEBHOOK_URL"}
    )
    channel: str | None = setting(
        None, "Channel to post to, when it is not the webhook's own.", format=NAME, example="#llm-quality"
    )


class PagerDuty(Record):
    """A PagerDuty service."""

    routing_key: SecretReference | None = setting(
        None, "Integration key of the service (Events API v2).", example={"file": "secrets/pagerduty"}
    )
    url: str = setting(
        "https://events.pagerduty.com/v2/enqueue",
        "Where events are sent; accounts in PagerDuty's European region have another address.",
        format=URL,
        example="https://events.eu.pagerduty.com/v2/enqueue",
        no_password=True,
    )


class Email(Record):
    """E-mail."""

    to: tuple[str, ...] = setting((), "Recipients.", format=EMAIL, example=["quality@example.com"])
    sender: str | None = setting(None, "Sender.", format=EMAIL, example="gnomon@example.com")
    smarthost: str | None = setting(
        None, "Mail server, as host:port.", format=HOST_AND_PORT, example="smtp.example.com:587"
    )
    username: str | None = setting(
        None, "User name at the mail server.", format=LINE, example="gnomon@example.com"
    )
    password: SecretReference | None = setting(
        None, "Password at the mail server.", example={"env": "SMTP_PASSWORD"}
    )


class Webhook(Record):
    """Any HTTP receiver of alerts."""

    url: SecretReference | None = setting(
        None, "Address that alerts are posted to.", example={"env": "ALERT_WEBHOOK_URL"}
    )
    bearer_token: SecretReference | None = setting(
        None, "Token sent as `Authorization: Bearer`.", example={"file": "secrets/alert-token"}
    )


class Heartbeat(Record):
    """A service outside that calls for help when it hears nothing: a dead man's switch."""

    url: SecretReference | None = setting(
        None,
        "Address that is called again and again while alerts can be told at all.",
        example={"env": "HEARTBEAT_URL"},
    )
    every: Duration = setting(
        Duration("5m"), "How often it is called; the service has to wait longer.", format=DURATION
    )


class Channels(Record):
    """Receivers of alerts. A secret stands in a file or an environment variable, never here."""

    slack: Slack = section(Slack)
    pagerduty: PagerDuty = section(PagerDuty)
    email: Email = section(Email)
    webhook: Webhook = section(Webhook)
    heartbeat: Heartbeat = section(Heartbeat)
    secrets_folder: Path = setting(
        Path("/run/secrets"),
        "Folder in which Alertmanager finds these secrets, each in a file that has the name of the variable "
        "or of the file named here. Compose and Swarm mount secrets there.",
        format=LINE,
    )


class Retention(Record):
    """How long the backends keep what they are sent."""

    prometheus_days: float = setting(
        15,
        "Retention of raw series in Prometheus. Comparisons that look further back read the results store.",
        unit="d",
        above=0,
        maximum=36_500,
    )
    traces_days: float = setting(15, "Retention of traces in Tempo.", unit="d", above=0, maximum=36_500)


class Ports(Record):
    """Ports at which the parts of the stack are reached on this machine."""

    otlp_grpc: int = setting(4317, "The Collector: OTLP by gRPC.", unit="{port}", minimum=1, maximum=65_535)
    otlp_http: int = setting(4318, "The Collector: OTLP by HTTP.", unit="{port}", minimum=1, maximum=65_535)
    collector_health: int = setting(
        13_133, "The Collector: its health.", unit="{port}", minimum=1, maximum=65_535
    )
    collector_metrics: int = setting(
        8888, "The Collector: metrics of its own.", unit="{port}", minimum=1, maximum=65_535
    )
    prometheus: int = setting(9090, "Prometheus.", unit="{port}", minimum=1, maximum=65_535)
    alertmanager: int = setting(9093, "Alertmanager.", unit="{port}", minimum=1, maximum=65_535)
    tempo: int = setting(3200, "Tempo: queries.", unit="{port}", minimum=1, maximum=65_535)
    tempo_otlp: int = setting(
        4327, "Tempo: traces from the Collector, by OTLP over gRPC.", unit="{port}", minimum=1, maximum=65_535
    )
    grafana: int = setting(3000, "Grafana.", unit="{port}", minimum=1, maximum=65_535)
    postgres: int = setting(5432, "PostgreSQL.", unit="{port}", minimum=1, maximum=65_535)
    results: int = setting(
        4319, "`gnomon receive`: the Collector's traces.", unit="{port}", minimum=1, maximum=65_535
    )
    ledger: int = setting(9464, "`gnomon metrics`.", unit="{port}", minimum=1, maximum=65_535)


class Stack(Record):
    """The stack that `make up` and `gnomon stack up --local` start."""

    address: str = setting(
        "127.0.0.1",
        "Address of this machine at which its parts are reached. On another one than the loopback whoever "
        "reaches the machine reaches them.",
        format=ADDRESS,
    )
    ports: Ports = section(Ports)
    scrape_interval: Duration = setting(
        Duration("15s"),
        "How often Prometheus reads the metrics of the parts. Grafana's data source has the same, from "
        "which it reckons the window of rates.",
        format=DURATION,
    )
    late_samples: Duration = setting(
        Duration("7d"),
        "How late a run's numbers may come and still be stored: as long as spools may wait for a network.",
        format=DURATION,
    )
    certificates: Path | None = setting(
        None,
        "Folder with `ca.crt`, and `<part>.crt` and `<part>.key` for each of collector, prometheus, "
        "alertmanager, tempo, grafana, postgres and results. When set, the parts speak TLS with everybody "
        "and with each other.",
        format=LINE,
        example="secrets/certificates",
    )
    client_certificates: bool = setting(
        False, "Ask everybody who connects for a certificate of the same `ca.crt` (mTLS)."
    )
    token: SecretReference | None = setting(
        None,
        "Token that the Collector asks of whoever sends to it, as `Authorization: Bearer`.",
        example={"file": "secrets/otlp-token"},
    )
    ledger: str | None = setting(
        None,
        "Where Prometheus in a container reaches `gnomon metrics`, when it is not the stack's own.",
        format=HOST_AND_PORT,
        example="host.docker.internal:9464",
    )


class Kinds(Record):
    """What a changed file is, by globs; the first kind that fits counts. Skills have `skills.paths`.

    Globs are relative to the root of the repository; `**` stands for any number of folders.
    """

    golden_set: tuple[str, ...] = setting(
        ("**/*golden*.yaml", "**/*golden*.yml", "**/*golden*.json"),
        "Files of expected answers, beside those that `suites` names.",
        format=LINE,
    )
    prices: tuple[str, ...] = setting(("**/prices.yaml",), "Price tables.", format=LINE)
    tool_config: tuple[str, ...] = setting(
        (".mcp.json", "**/.mcp.json", "**/tools/*.json", "**/tools/*.yaml"),
        "Tools and servers that agents may use.",
        format=LINE,
    )
    model_config: tuple[str, ...] = setting(
        ("**/models.yaml", "**/model*.json", "**/*model-config*"),
        "Which models are used, and how.",
        format=LINE,
    )
    agent_config: tuple[str, ...] = setting(
        ("**/CLAUDE.md", "**/AGENTS.md", ".claude/settings.json", "**/agents/*.md", "**/agents/*.yaml"),
        "What agents are and may do, beside the files of `skills.config_paths`.",
        format=LINE,
    )
    prompt: tuple[str, ...] = setting(
        ("**/prompts/**", "**/*.prompt", "**/*.prompt.md", "**/commands/*.md"), "Prompts.", format=LINE
    )


class LeastEffects(Record):
    """How large a movement must be to be worth telling. A smaller one may be real and is not told."""

    rate_points: float = setting(
        2.0, "Accuracies and other shares.", unit="{percentage_point}", minimum=0, maximum=100
    )
    duration_percent: float = setting(10.0, "Latency.", unit="%", minimum=0, maximum=1000)
    cost_percent: float = setting(5.0, "Cost and tokens.", unit="%", minimum=0, maximum=1000)
    count_percent: float = setting(10.0, "Attempts and retries.", unit="%", minimum=0, maximum=1000)


# The probability that a commit moves a given metric, before anything is measured: for findings, which are
# read, and for alerts, which call a person.
FINDING_HAZARD = 1 / 100
ALERT_HAZARD = 1 / 500


class Attribution(Record):
    """How `gnomon changes` decides which commit moved which metric."""

    false_findings_percent: float = setting(
        5.0,
        "Share of the findings told that may be wrong about there being a change: the higher it is, the more "
        "are found, and the more of them falsely.",
        unit="%",
        above=0,
        maximum=50,
    )
    minimum_runs: int = setting(
        5,
        "Runs on each side of a change that a metric needs by itself, without other evidence.",
        unit="{run}",
        minimum=1,
        maximum=10**6,
    )
    least_effects: LeastEffects = section(LeastEffects)

    @property
    def alert_percent(self) -> float:
        """How sure a finding must be that there is a change, in percent, before somebody is called.

        What `false_findings_percent` asks of a finding by itself, with the hazard of alerts in place of that
        of findings: a finding has one probability, whose odds are proportional to those of the hazard.
        """
        asked = (100 - self.false_findings_percent) / self.false_findings_percent
        odds = asked * FINDING_HAZARD / (1 - FINDING_HAZARD) * (1 - ALERT_HAZARD) / ALERT_HAZARD
        return round(100 * odds / (1 + odds), 2)


class Changes(Record):
    """How changes of skills and configuration are noticed, and what they are held responsible for."""

    detection: Literal["polling", "webhook"] = setting(
        "polling", "Look at the repository now and then, or be told by the git server."
    )
    polling_interval: Duration = setting(
        Duration("5m"), "How often the repository is looked at.", format=DURATION
    )
    webhook_url: str | None = setting(
        None,
        "Address at which the git server reaches Gnomon; needed when `detection` is `webhook`.",
        format=URL,
        example="https://gnomon.example.com/hooks/git",
        no_password=True,
    )
    webhook_secret: SecretReference | None = setting(
        None,
        "Secret with which the git server signs what it tells; without one nothing is accepted.",
        example={"file": "secrets/git-webhook"},
    )
    repositories: tuple[str, ...] = setting(
        (),
        "Folders of further git repositories whose changes count, relative to the folder of gnomon.yaml. Its "
        "own repository and its submodules always do.",
        format=LINE,
        example=["../prompts"],
    )
    kinds: Kinds = section(Kinds)
    attribution: Attribution = section(Attribution)


class Routing(Record):
    """What routing tests record."""

    confidence: bool = setting(False, "Record the router's confidence with each verdict.")


class Costs(Record):
    """Where the cost of a model call comes from."""

    source: Literal["estimated", "provider"] = setting(
        "estimated",
        "Whose figure counts where there are two: `estimated` reckons tokens with the price table, and takes "
        "the provider's own figure only for what the table has no price of; `provider` takes the provider's "
        "figure first, and the table for calls without one.",
    )


class Gate(Record):
    """The quality gate of a pipeline: `gnomon gate` compares a branch with its base."""

    enabled: bool = setting(False, "Let a regression fail the pipeline.")
    base: str = setting("main", "Branch that others are compared with.", format=LINE)
    accuracy_drop_points: float = setting(
        2.0,
        "Loss of accuracy, pass rate or tool use that fails, when it is proven.",
        unit="{percentage_point}",
        minimum=0,
        maximum=100,
    )
    cost_rise_percent: float = setting(
        10.0, "Rise of cost a test that fails, when it is proven.", unit="%", minimum=0, maximum=10_000
    )
    latency_rise_percent: float = setting(
        25.0, "Rise of latency a test that fails, when it is proven.", unit="%", minimum=0, maximum=10_000
    )
    unsure: Literal["pass", "fail"] = setting(
        "pass", "What becomes of a comparison that the runs there are cannot decide."
    )


class Bisection(Record):
    """Running a suite at past commits, or single tests, by `gnomon bisect`, `backfill` and `flaky verify`."""

    command: str | None = setting(
        None,
        "Command that runs the suite in a checkout, with `{cases}` where tests may be named. Not set, it is "
        "`pytest --gnomon` with the suite's paths.",
        format=LINE,
        example="uv run pytest --gnomon {cases}",
    )
    confidence_percent: float = setting(
        95.0, "How sure to be of a commit before the search ends.", unit="%", above=50, maximum=99.99
    )
    maximum_runs: int = setting(200, "Runs that a search may make.", unit="{run}", minimum=1, maximum=10**6)
    maximum_cost_usd: float = setting(
        10.0, "Cost of model calls that a search may come to.", unit="USD", minimum=0, maximum=1e6
    )
    maximum_time: Duration = setting(Duration("2h"), "Time that a search may take.", format=DURATION)


class Dashboards(Record):
    """What the generated dashboards offer."""

    environment_filter: bool = setting(False, "Offer a choice of environment on every dashboard.")
    url: str | None = setting(
        None,
        "Address under which people reach Grafana. When set, messages about alerts link to the panel.",
        format=URL,
        example="https://grafana.example.com",
        no_password=True,
    )


class Baselines(Record):
    """Snapshots that later runs are compared with."""

    per: Literal["release", "none"] = setting(
        "release", "Take one snapshot for each release, or none at all."
    )


class Skills(Record):
    """Files whose content decides behaviour and is hashed with every run.

    Globs are relative to the folder of gnomon.yaml; `**` stands for any number of folders.
    """

    paths: tuple[str, ...] = setting(("**/SKILL.md",), "Skill files.", format=LINE)
    config_paths: tuple[str, ...] = setting(
        ("**/CLAUDE.md", "**/AGENTS.md", ".claude/settings.json", ".mcp.json"),
        "Other files that steer the agents.",
        format=LINE,
    )


class Suite(Record):
    """A named set of test files."""

    name: str = setting(brief="`test.suite.name` of its runs; unique.", format=NAME, example="routing")
    paths: tuple[str, ...] = setting(
        (),
        "Globs of its test files, relative to the folder of gnomon.yaml.",
        format=LINE,
        example=["tests/**/test_*.py"],
    )
    golden_set: Path | None = setting(
        None,
        "File of the expected answers; its version is recorded with every run.",
        format=LINE,
        example="tests/golden.yaml",
    )
    department: str | None = setting(
        None, "Department that the suite belongs to.", format=NAME, refers_to="organisation.departments"
    )
    agent: str | None = setting(
        None, "Agent that the suite tests.", format=NAME, refers_to="organisation.agents"
    )
    environment: str | None = setting(
        None,
        "Environment of its runs. When not set: `environment`.",
        format=NAME,
        refers_to="organisation.environments",
    )


class Owner(Record):
    """A person or team that answers for something."""

    name: str = setting(brief="Unique name.", format=NAME, example="platform-team")
    email: str | None = setting(
        None, "Address for reports and alerts.", format=EMAIL, example="a@example.com"
    )
    slack: str | None = setting(None, "Slack channel or user.", format=NAME, example="#platform")


class Department(Record):
    """A part of the organisation that uses agents."""

    name: str = setting(brief="`gnomon.department` in telemetry; unique.", format=NAME, example="support")
    owner: str | None = setting(None, "Who answers for it.", format=NAME, refers_to="organisation.owners")
    daily_cost_usd: float | None = setting(
        None, "Its own budget for 24 hours of model calls.", unit="USD", minimum=0, maximum=1e9, example=10.0
    )


class Agent(Record):
    """An agent that runs or is tested here."""

    name: str = setting(
        brief="`gen_ai.agent.name` in telemetry; unique.", format=NAME, example="ticket-triage"
    )
    department: str | None = setting(
        None, "Department that it works for.", format=NAME, refers_to="organisation.departments"
    )
    owner: str | None = setting(None, "Who answers for it.", format=NAME, refers_to="organisation.owners")
    daily_cost_usd: float | None = setting(
        None, "Its own budget for 24 hours of model calls.", unit="USD", minimum=0, maximum=1e9, example=5.0
    )


class SkillOwner(Record):
    """A skill that somebody answers for."""

    name: str = setting(brief="`gen_ai.skill.name` in telemetry; unique.", format=NAME, example="refunds")
    owner: str | None = setting(
        None,
        "Who answers for it, and is told when a change makes it worse.",
        format=NAME,
        refers_to="organisation.owners",
    )


class Environment(Record):
    """A place where agents run."""

    name: str = setting(
        brief="`deployment.environment.name` in telemetry; unique.", format=NAME, example="test"
    )
    owner: str | None = setting(
        None,
        "Who answers for what runs there and has no other owner.",
        format=NAME,
        refers_to="organisation.owners",
    )


class Organisation(Record):
    """Who runs what. These names bound the labels of metrics, so that a name not listed is a mistake.

    An entry that needs nothing but its name may be written as the name alone.
    """

    departments: tuple[Department, ...] = setting((), "Departments.")
    agents: tuple[Agent, ...] = setting((), "Agents.")
    skills: tuple[SkillOwner, ...] = setting((), "Skills that somebody answers for.")
    owners: tuple[Owner, ...] = setting(
        (), "People and teams that answer for agents, departments and environments."
    )
    environments: tuple[Environment, ...] = setting(
        (), "Values that `deployment.environment.name` may have. When empty: any."
    )


class Prices(Record):
    """Prices of models."""

    file: Path | None = setting(
        None,
        "Price table of your own, read before the one that Gnomon ships.",
        format=LINE,
        example="prices.yaml",
    )


class Settings(Record):
    """All settings, after the file and the environment were read.

    `path` is the gnomon.yaml that was read, or None; `root` is its folder, else the root of the git
    repository, else the folder where the search began. Paths inside are absolute.
    """

    path: Path | None = None
    root: Path = Path()
    state_directory: Path = setting(
        Path(".gnomon"),
        "Folder of spool and results store; relative to the folder of gnomon.yaml.",
        format=LINE,
    )
    environment: str = setting(
        "test",
        "`deployment.environment.name` of what runs here.",
        format=NAME,
        refers_to="organisation.environments",
        resource_attributes=("deployment.environment.name", "deployment.environment"),
    )
    definitions: Path | None = setting(
        None,
        "Folder of your own definitions of dashboards, rules, alerts and collectors, which `gnomon generate` "
        "puts on top of Gnomon's.",
        format=LINE,
        example="observability",
    )
    project: Project = section(Project)
    suites: tuple[Suite, ...] = setting(
        (),
        "Test suites. A run belongs to the only suite there is, else to the one whose files the command line "
        "asks for, else to one named after the project.",
    )
    skills: Skills = section(Skills)
    export: Export = section(Export)
    spool: Spool = section(Spool)
    store: Store = section(Store)
    capture: Capture = section(Capture)
    prices: Prices = section(Prices)
    costs: Costs = section(Costs)
    routing: Routing = section(Routing)
    slo: Slo = section(Slo)
    budgets: Budgets = section(Budgets)
    flaky: Flaky = section(Flaky)
    rules: Rules = section(Rules)
    alerts: Alerts = section(Alerts)
    channels: Channels = section(Channels)
    retention: Retention = section(Retention)
    stack: Stack = section(Stack)
    changes: Changes = section(Changes)
    baselines: Baselines = section(Baselines)
    gate: Gate = section(Gate)
    bisection: Bisection = section(Bisection)
    dashboards: Dashboards = section(Dashboards)
    organisation: Organisation = section(Organisation)
