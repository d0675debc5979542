"""A mistake in gnomon.yaml is answered with its place, what is wrong and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gnomon.errors import ExitCode, UserError
from gnomon.settings import SettingsError, load
from gnomon.settings.template import render

ONE_LINE = [
    # text, line, key, what is said
    (
        "slo:\n  routing_acuracy_percent: 85\n",
        2,
        "slo.routing_acuracy_percent",
        "did you mean routing_accuracy_percent?",
    ),
    (
        "routing_accuracy_percent: 85\n",
        1,
        "routing_accuracy_percent",
        "did you mean slo.routing_accuracy_percent?",
    ),
    ("colour: red\n", 1, "colour", "known here: state_directory"),
    (
        "slo:\n  routing_accuracy_percent: 185\n",
        2,
        "slo.routing_accuracy_percent",
        "write a number from 0 to 100",
    ),
    (
        "slo:\n  routing_accuracy_percent: '85'\n",
        2,
        "slo.routing_accuracy_percent",
        "write a number from 0 to 100",
    ),
    ("slo:\n  routing_accuracy_percent:\n", 2, "slo.routing_accuracy_percent", "it has no value"),
    (
        "slo:\n  routing_accuracy_percent: true\n",
        2,
        "slo.routing_accuracy_percent",
        "'true' does not fit here",
    ),
    ("slo:\n  execution_time_seconds: .inf\n", 2, "slo.execution_time_seconds", "not a finite number"),
    ("slo:\n  execution_time_seconds: 0\n", 2, "slo.execution_time_seconds", "0 is out of range"),
    ("flaky:\n  minimum_runs: 2.5\n", 2, "flaky.minimum_runs", "2.5 is not a whole number"),
    ("alerts:\n  channel: slak\n", 2, "alerts.channel", "write slack, pagerduty, email, webhook or all"),
    ("alerts:\n  daily_cost_for: 5 minutes\n", 2, "alerts.daily_cost_for", "such as 30s, 5m"),
    ("alerts:\n  daily_cost_for: 0s\n", 2, "alerts.daily_cost_for", "longer than zero"),
    ("gate:\n  enabled: 1\n", 2, "gate.enabled", "write true or false"),
    (
        "environment: no\n",
        1,
        "environment",
        "'no' is read as true or false, not as text; put it in quotes",
    ),
    ("environment: 2024-01-01\n", 1, "environment", "read as a date"),
    ("project:\n  name: 12\n", 2, "project.name", "put it in quotes"),
    ("project: mine\n", 1, "project", "'mine' where keys are expected"),
    ("skills:\n  paths: '**/SKILL.md'\n", 2, "skills.paths", "write a list"),
    ("skills:\n  paths: [a, 3]\n", 2, "skills.paths[1]", "put it in quotes"),
    ("slo: {}\nbudgets: {}\nslo: {}\n", 3, "slo", "the key is there twice, first in line 1"),
    ("budgets:\n  series: 1\n  series: 2\n", 3, "budgets.series", "the key is there twice, first in line 2"),
    ("base: &b {}\n", 1, "base", "unknown key"),
    ("slo:\n  <<: {routing_accuracy_percent: 3}\n", 2, "slo", "merge keys"),
    ("? [a]\n: b\n", 1, "", "a key that is not text"),
    ("suites: routing\n", 1, "suites", "write a list of entries"),
    ("suites:\n  - paths: [x]\n", 2, "suites[0]", "write `name: routing`"),
    ("suites:\n  - name: ' a'\n", 2, "suites[0].name", "no blank at either end"),
    ("suites:\n  - a\n  - name: a\n", 3, "suites[1].name", "also the name of entry 0"),
    (
        "suites:\n  - name: a\n    department: sales\n",
        3,
        "suites[0].department",
        "is not in organisation.departments; add it there",
    ),
    (
        "suites:\n  - name: a\n    department: suport\norganisation:\n  departments: [support]\n",
        3,
        "suites[0].department",
        "did you mean 'support'?",
    ),
    (
        "organisation:\n  departments:\n    - name: support\n      owner: nobody\n",
        4,
        "organisation.departments[0].owner",
        "'nobody' is not in organisation.owners",
    ),
    ("environment: prod\norganisation:\n  environments: [test]\n", 1, "environment", "write one of test"),
    ("organisation:\n  environments: [live]\n", 2, "organisation.environments", "write `environment: live`"),
    ("flaky:\n  above: 0.8\n", 2, "flaky.above", "smaller than flaky.below"),
    ("changes:\n  detection: webhook\n", 2, "changes.detection", "write changes.webhook_url"),
    ("export:\n  endpoint: localhost:4317\n", 2, "export.endpoint", "begins with http:// or https://"),
    *(
        (f"{section}:\n  {key}: {address.format(port)}\n", 2, f"{section}.{key}", "from 1 to 65535")
        for section, key, address in (
            ("export", "endpoint", "http://localhost:{}"),
            ("changes", "webhook_url", "https://[::1]:{}/hook"),
            ("store", "url", "postgresql://gnomon@db:{}/gnomon"),
            ("stack", "ledger", "localhost:{}"),
        )
        for port in ("65536", "0", "x")
    ),
    ("channels:\n  slack:\n    webhook_url: {}\n", 3, "channels.slack.webhook_url", "either env or file"),
    (
        "channels:\n  slack:\n    webhook_url: {env: A, file: b}\n",
        3,
        "channels.slack.webhook_url",
        "either env or file",
    ),
    (
        "channels:\n  slack:\n    webhook_url: {env: A B}\n",
        3,
        "channels.slack.webhook_url.env",
        "the name of an environment variable",
    ),
    ("slo: [\n", 2, "", "not valid YAML"),
    ("slo:\n\troutes: 3\n", 2, "", "not valid YAML"),
    ("a: 'b\n", 2, "", "not valid YAML"),
    ("slo: *nowhere\n", 1, "", "undefined alias"),
    ('environment: "\\UFFFFFFFF"\n', 1, "", "an escape that is no character"),
    ("environment: te\x01st\n", 1, "", "a control character"),
    ("a: 1\n---\nb: 2\n", 2, "", "not valid YAML"),
    ("slo: " + "[" * 5000, 1, "", "nested too deeply"),
]


def refused(folder: Path, text: str | bytes) -> SettingsError:
    file = folder / "gnomon.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as caught:
        load(file, environ={})
    assert caught.value.exit_code == ExitCode.USAGE
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "key", "said"), ONE_LINE, ids=[repr(row[0])[:40] for row in ONE_LINE]
)
def test_a_mistake_is_answered_with_place_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, text: str, line: int, key: str, said: str
) -> None:
    """One mistake gives one line: file and line, key, what is wrong; what to write."""
    monkeypatch.chdir(tmp_path)
    error = refused(tmp_path, text)
    assert len(error.problems) == 1, str(error)
    message = str(error)
    assert message.startswith(f"gnomon.yaml:{line}: {key}: " if key else f"gnomon.yaml:{line}: ")
    assert said in message
    assert "; " in message


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    """Unknown keys, wrong values and bad references of one file come together, in the order of the file."""
    error = refused(
        tmp_path,
        "slo:\n  routing_accuracy_percent: 185\nsuites:\n  - name: a\n    department: sales\n  - nam: b\n"
        "budgets:\n  daily_cost_usd: -1\nflaky:\n  above: 0.9\n",
    )
    assert [(problem.place.line, problem.key) for problem in error.problems] == [
        (2, "slo.routing_accuracy_percent"),
        (5, "suites[0].department"),
        (6, "suites[1].nam"),
        (8, "budgets.daily_cost_usd"),
        (10, "flaky.above"),
    ]
    assert str(error).startswith("5 mistakes in the settings:\n  ")


def test_a_reference_into_an_unreadable_list_is_no_second_mistake(tmp_path: Path) -> None:
    """Where a department cannot be read, the suite that names it is not accused."""
    error = refused(
        tmp_path, "suites:\n  - name: a\n    department: b\norganisation:\n  departments:\n    - nam: b\n"
    )
    assert [problem.key for problem in error.problems] == ["organisation.departments[0].nam"]


@pytest.mark.parametrize(
    "text",
    [
        "channels:\n  slack:\n    webhook_url: https://hooks.slack.example/T0/B0/s3cr3t\n",
        "channels:\n  email:\n    password: s3cr3t\n",
        "channels:\n  email:\n    password: {value: s3cr3t}\n",
        "channels:\n  email:\n    password: {env: 's3cr3t!'}\n",
        "channels:\n  email:\n    password: {file: !x s3cr3t}\n",
        "store:\n  url: postgresql://me:s3cr3t@db/gnomon\n",
        "store:\n  url: postgresql://db/gnomon?password=s3cr3t\n",
        "store:\n  url: mysql://me:s3cr3t@db/gnomon\n",
        "export:\n  endpoint: https://me:s3cr3t@collector:4318\n",
        "export:\n  endpoint: ftp://me:s3cr3t@collector:4318\n",
    ],
)
def test_a_secret_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    """A literal secret is a mistake, and the message does not spread it."""
    error = refused(tmp_path, text)
    assert "s3cr3t" not in str(error)


def test_bytes_that_are_not_utf8_are_refused_with_their_line(tmp_path: Path) -> None:
    """A Latin-1 file is told from UTF-8, with the line."""
    assert "gnomon.yaml:2: not valid YAML: a byte that is not UTF-8" in str(
        refused(tmp_path, b"slo:\n# caf\xe9\n")
    )


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    """A folder called gnomon.yaml is told of, and not taken for the absence of settings."""
    (tmp_path / "gnomon.yaml").mkdir()
    with pytest.raises(UserError, match=r"gnomon\.yaml.*cannot be read"):
        load(start=tmp_path, environ={})


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    """A path or GNOMON_CONFIG that names nothing is the user's mistake, and so is a folder."""
    with pytest.raises(UserError, match="does not exist"):
        load(tmp_path / "none.yaml", environ={})
    with pytest.raises(UserError, match=r"GNOMON_CONFIG names none\.yaml"):
        load(environ={"GNOMON_CONFIG": "none.yaml"})
    with pytest.raises(UserError, match="cannot be read"):
        load(tmp_path, environ={})


ALPHABET = st.text(
    st.sampled_from("abn:[]{}-? \t\n#&*!|>'\"%@`,.0123456789~\\<=suite") | st.characters(), max_size=80
)


@given(text=ALPHABET.map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=60))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_input_is_never_a_traceback(tmp_path: Path, text: bytes) -> None:
    """Whatever stands in the file, it loads or is refused with a UserError."""
    file = tmp_path / "gnomon.yaml"
    file.write_bytes(text)
    try:
        load(file, environ={})
    except UserError as error:
        assert str(error)


@given(position=st.integers(0, 4000), length=st.integers(0, 40), instead=ALPHABET, lines=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_template_is_never_a_traceback(
    tmp_path: Path, position: int, length: int, instead: str, lines: bool
) -> None:
    """The written-out template, cut and overwritten anywhere, loads or is refused with a UserError."""
    text = render({"project.name": "x", "suites": [{"name": "a", "paths": ["tests/*.py"]}]})
    text = text.replace("  # ", "  ") if lines else text
    file = tmp_path / "gnomon.yaml"
    file.write_bytes((text[:position] + instead + text[position + length :]).encode("utf-8", "replace"))
    try:
        load(file, environ={})
    except UserError as error:
        assert str(error)
