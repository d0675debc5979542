"""Settings in force: which file, which value, which default."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gnomon.errors import ExitCode, UserError
from gnomon.settings import Duration, SecretReference, Settings, SettingsError, load, load_effective
from gnomon.settings.strays import OTHERS
from gnomon.settings.table import walk

ROOT = Path(__file__).parents[2]


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    """The defaults are those that the plan names, and paths lie in the folder."""
    settings = load(start=tmp_path, environ={})
    assert settings.path is None
    assert settings.root == tmp_path
    assert settings.state_directory == tmp_path / ".gnomon"
    assert settings.project.name == tmp_path.name
    assert settings.project.service_name == f"{tmp_path.name}-tests"
    assert settings.environment == "test"
    assert settings.slo.routing_accuracy_percent == 85.0
    assert settings.budgets.daily_cost_usd == 25.0
    assert settings.alerts.channel == "slack"
    assert settings.changes.detection == "polling"
    assert settings.retention.prometheus_days == 15
    assert settings.routing.confidence is False
    assert settings.costs.source == "estimated"
    assert settings.gate.enabled is False
    assert settings.dashboards.environment_filter is False
    assert settings.baselines.per == "release"
    assert (settings.flaky.above, settings.flaky.below, settings.flaky.window) == (0.3, 0.7, "7d")
    assert (settings.alerts.routing_accuracy_for, settings.alerts.daily_cost_for) == ("10m", "5m")
    assert (settings.alerts.retry_rate_per_second, settings.alerts.retry_rate_window) == (0.1, "5m")
    assert settings.rules.interval.seconds == 60
    assert settings.export.endpoint is None
    assert settings.export.deadline_seconds == 2.0
    assert (settings.spool.max_bytes, settings.spool.keep_days) == (512 * 1024 * 1024, 15)
    assert settings.store.url is None
    assert (settings.capture.content, settings.capture.failure_messages) == (False, True)
    assert settings.skills.paths == ("**/SKILL.md",)
    assert settings.suites == ()


def test_defaults_cost_neither_yaml_nor_the_table() -> None:
    """Where no file and no variable sets anything, PyYAML is not imported and no annotation is read."""
    script = (
        "import sys; from gnomon.settings import load\n"
        "load(environ={'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://localhost:4318', 'GNOMON': '1'})\n"
        "costly = ('yaml', 'gnomon.settings.table', 'difflib', 'json')\n"
        "print([name for name in costly if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == "[]"


def test_values_of_every_kind_are_read(tmp_path: Path) -> None:
    """Switches, numbers, texts, lists, durations, paths, secrets and entries arrive typed."""
    file = tmp_path / "gnomon.yaml"
    file.write_text(
        """
project: {name: skills}
state_directory: state
slo: {routing_accuracy_percent: 9e1}
budgets: {series: 5.0}
gate: {enabled: yes}
alerts: {channel: all, daily_cost_for: 1h30m}
prices: {file: ~/prices.yaml}
channels:
  slack: {webhook_url: {file: secrets/slack}}
  email: {to: [a@example.com], password: {env: SMTP}}
suites:
  - smoke
  - name: routing
    paths: ["tests/**/test_*.py"]
    golden_set: tests/golden.yaml
    department: support
    agent: triage
organisation:
  departments: [support]
  agents: [{name: triage, department: support, daily_cost_usd: 3}]
""",
        encoding="utf-8",
    )
    settings = load(file, environ={})
    assert settings.path == file
    assert settings.state_directory == tmp_path / "state"
    assert settings.project.service_name == "skills-tests"
    assert settings.slo.routing_accuracy_percent == 90.0
    assert settings.budgets.series == 5 and isinstance(settings.budgets.series, int)
    assert settings.gate.enabled is True
    assert settings.alerts.daily_cost_for.seconds == 5400
    assert settings.prices.file == Path("~/prices.yaml").expanduser()
    assert settings.channels.slack.webhook_url == SecretReference(file=tmp_path / "secrets/slack")
    assert settings.channels.email.password == SecretReference(env="SMTP")
    smoke, routing = settings.suites
    assert (smoke.name, smoke.paths, smoke.golden_set) == ("smoke", (), None)
    assert routing.golden_set == tmp_path / "tests/golden.yaml"
    assert settings.organisation.agents[0].daily_cost_usd == 3.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.environment = "live"  # type: ignore[misc]


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n", "\ufeffslo:\n", "slo:\nsuites:\norganisation:\n"]
)
def test_empty_files_and_sections_mean_defaults(tmp_path: Path, text: str) -> None:
    """A file, a section or a list without anything in it says nothing."""
    (tmp_path / "gnomon.yaml").write_text(text, encoding="utf-8")
    loaded = load(start=tmp_path, environ={})
    defaults = Settings(
        path=tmp_path / "gnomon.yaml",
        root=tmp_path,
        state_directory=tmp_path / ".gnomon",
        project=loaded.project,
    )
    assert loaded == defaults


def test_the_nearest_file_is_found_up_to_the_root_of_the_repository(tmp_path: Path) -> None:
    """The search goes upwards and does not leave the git repository."""
    (tmp_path / "gnomon.yaml").write_text("environment: outside\n")
    repository = tmp_path / "repository"
    below = repository / "a" / "b"
    below.mkdir(parents=True)
    assert load(start=below, environ={}).environment == "outside"
    (repository / ".git").mkdir()
    inside = load(start=below, environ={})
    assert (inside.path, inside.root, inside.environment) == (None, repository, "test")
    (repository / "gnomon.yaml").write_text("environment: inside\n")
    assert load(start=below, environ={}).environment == "inside"
    (below / "gnomon.yaml").write_text("environment: nearest\n")
    assert load(start=below, environ={}).environment == "nearest"


def test_a_named_file_goes_before_the_nearest(tmp_path: Path) -> None:
    """An argument wins over GNOMON_CONFIG, and that over the search."""
    for name in ("gnomon", "other", "third"):
        (tmp_path / f"{name}.yaml").write_text(f"environment: {name}\n")
    environ = {"GNOMON_CONFIG": str(tmp_path / "other.yaml")}
    assert load(start=tmp_path, environ={}).environment == "gnomon"
    assert load(start=tmp_path, environ=environ).environment == "other"
    assert load(tmp_path / "third.yaml", tmp_path, environ).environment == "third"


def test_variables_override_the_file_and_say_so(tmp_path: Path) -> None:
    """GNOMON_<KEY> goes before the file, OpenTelemetry's variables before both, and each has its place."""
    (tmp_path / "gnomon.yaml").write_text(
        "environment: file\nproject:\n  name: mine\n  service_name: file\nslo:\n  latency_p95_seconds: 3\n"
    )
    environ = {
        "GNOMON_ENVIRONMENT": "variable",
        "GNOMON_PROJECT_SERVICE_NAME": "variable",
        "OTEL_SERVICE_NAME": "standard",
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=attribute,team=x",
        "GNOMON_SLO_ROUTING_ACCURACY_PERCENT": "90",
        "GNOMON_GATE_ENABLED": "On",
        "GNOMON_SKILLS_PATHS": "a/**/SKILL.md, b/SKILL.md",
        "GNOMON_STATE_DIRECTORY": "elsewhere",
        "GNOMON_BUDGETS_SERIES": "",
        "GNOMON_RULES_INTERVAL": "30s",
        "GNOMON_STORE_URL": "postgresql://me:pass@db/gnomon",
    }
    effective = load_effective(start=tmp_path, environ=environ)
    settings, places = effective.settings, effective.places
    assert settings.environment == "variable"
    assert settings.project.service_name == "standard"
    assert settings.slo.routing_accuracy_percent == 90.0
    assert settings.slo.latency_p95_seconds == 3.0
    assert settings.gate.enabled is True
    assert settings.skills.paths == ("a/**/SKILL.md", "b/SKILL.md")
    assert settings.state_directory == tmp_path / "elsewhere"
    assert settings.budgets.series == 100_000
    assert settings.rules.interval == Duration("30s")
    assert settings.store.url == "postgresql://me:pass@db/gnomon"
    assert str(places["environment"]) == "environment variable GNOMON_ENVIRONMENT"
    assert str(places["project.service_name"]) == "environment variable OTEL_SERVICE_NAME"
    assert places["project.name"].line == 3
    assert "budgets.series" not in places


def test_the_environment_may_come_from_the_resource_attributes(tmp_path: Path) -> None:
    """OTEL_RESOURCE_ATTRIBUTES names the deployment environment, percent-encoded, by either name."""
    for attribute in ("deployment.environment.name", "deployment.environment"):
        environ = {"OTEL_RESOURCE_ATTRIBUTES": f"a=b, {attribute} = pre%20live "}
        assert load(start=tmp_path, environ=environ).environment == "pre live"


def test_mistakes_in_variables_name_the_variable(tmp_path: Path) -> None:
    """A wrong variable is told with those of the file, without the value where it may be a secret."""
    (tmp_path / "gnomon.yaml").write_text("colour: red\n")
    environ = {
        "GNOMON_SLO_ROUTING_ACCURACY_PERCENT": "ninety",
        "GNOMON_BUDGETS_SERIES": "1.5",
        "GNOMON_GATE_ENABLED": "perhaps",
        "GNOMON_ALERTS_CHANNEL": "pager",
        "GNOMON_STORE_URL": "mysql://me:s3cr3t@db",
        "GNOMON_CHANNELS_EMAIL_TO": "a@example.com,b",
        "GNOMON_ENVIRONMENT": "a\nb",
    }
    with pytest.raises(SettingsError) as caught:
        load(start=tmp_path, environ=environ)
    assert caught.value.problems[0].place.line == 1
    assert {problem.place.variable for problem in caught.value.problems[1:]} == set(environ)
    assert "s3cr3t" not in str(caught.value)


def test_each_variable_sets_one_setting() -> None:
    """No two settings have the same variable, and none is one with another meaning."""
    names = [setting.variable for setting in walk() if setting.variable]
    assert len(names) == len(set(names))
    assert not OTHERS.keys() & set(names)


def test_every_variable_that_is_read_is_known() -> None:
    """Whatever `GNOMON_…` a source of Gnomon names sets a setting or is in the table of the others."""
    known = {setting.variable for setting in walk()} | OTHERS.keys()
    read = re.compile(r"\$\{?(?:env:)?(GNOMON\w*)")
    named = set()
    for room in ("instrumentation", "analysis", "generators", "collector", "stack", "benchmarks", "tests"):
        for file in (ROOT / room).rglob("*.py"):
            if file.parent == Path(__file__).parent or file.name == "test_config.py":
                continue
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    whole = re.fullmatch(r"GNOMON(_[A-Z]+)*", node.value)
                    named |= {node.value} if whole else set(read.findall(node.value))
    assert named >= {"GNOMON", "GNOMON_CACHE", "GNOMON_FILES"}
    assert named - known == set()
    assert OTHERS.keys() <= named


def test_aliases_are_read(tmp_path: Path) -> None:
    """A value may be written once and referred to; one that holds itself is refused, not followed."""
    (tmp_path / "gnomon.yaml").write_text("skills:\n  paths: &p [a]\n  config_paths: *p\n")
    assert load(start=tmp_path, environ={}).skills.config_paths == ("a",)
    (tmp_path / "gnomon.yaml").write_text("skills:\n  paths: &p [*p]\n")
    with pytest.raises(SettingsError):
        load(start=tmp_path, environ={})


def test_a_secret_is_read_where_it_is_kept(tmp_path: Path) -> None:
    """A reference gives the variable's or the file's text without its line end, or says what is missing."""
    file = tmp_path / "secret"
    file.write_text("s3cr3t\n")
    assert SecretReference(file=file).read({}) == "s3cr3t"
    assert SecretReference(env="TOKEN").read({"TOKEN": "s3cr3t"}) == "s3cr3t"
    file.write_text("\n")
    for reference, said in (
        (SecretReference(file=file), "is empty"),
        (SecretReference(file=tmp_path / "none"), "cannot be read"),
        (SecretReference(env="TOKEN"), "TOKEN is empty or not set"),
    ):
        with pytest.raises(UserError, match=said) as caught:
            reference.read({})
        assert caught.value.exit_code == ExitCode.MISSING


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("1h30m", 5400), ("7d", 604800), ("1w", 604800), ("250ms", 0.25), ("1y", 31536000)],
)
def test_durations_count_as_in_prometheus(text: str, seconds: float) -> None:
    """A duration is its own text and knows its seconds."""
    assert Duration(text).seconds == seconds
    assert f"[{Duration(text)}]" == f"[{text}]"


def test_settings_can_be_made_without_a_file() -> None:
    """`Settings()` is the defaults, for those who build them by hand."""
    assert Settings().slo.routing_accuracy_percent == 85.0
