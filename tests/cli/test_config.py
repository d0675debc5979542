"""`gnomon config`: check, schema, show."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.run import gnomon


def test_check_lists_every_mistake_and_ends_with_one(tmp_path: Path) -> None:
    """Mistakes come one a line on stdout, with file and line."""
    (tmp_path / "gnomon.yaml").write_text("slo:\n  routing_accuracy_percent: 185\ncolour: red\n")
    done = gnomon("config", "check", cwd=tmp_path)
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stdout.splitlines()] == ["gnomon.yaml:2", "gnomon.yaml:3"]
    assert done.stderr == "2 mistakes\n"


def test_check_in_json(tmp_path: Path) -> None:
    """`--json` has file, line, column, key, what is wrong and what to write."""
    file = tmp_path / "gnomon.yaml"
    file.write_text("alerts:\n  channel: pager\n")
    done = gnomon("config", "check", "--json", str(file), cwd=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "problems": [
            {
                "key": "alerts.channel",
                "wrong": "'pager' is not one of its values",
                "remedy": "write slack, pagerduty, email, webhook or all",
                "file": str(file),
                "line": 2,
                "column": 12,
                "variable": None,
            }
        ]
    }


def test_check_without_mistakes(tmp_path: Path) -> None:
    """A right file, a folder with one, and no file at all end with zero."""
    assert "the defaults hold" in gnomon("config", "check", cwd=tmp_path).stdout
    (tmp_path / "gnomon.yaml").write_text("environment: live\n")
    for arguments in ([], ["gnomon.yaml"], ["."]):
        done = gnomon("config", "check", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{tmp_path / 'gnomon.yaml'}: no mistakes\n"
    assert json.loads(gnomon("config", "check", "--json", cwd=tmp_path).stdout) == {"problems": []}


def test_check_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that does not exist is a mistake of the command line, not of the file."""
    done = gnomon("config", "check", "none.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "does not exist; `gnomon init` writes one" in done.stderr


def test_check_finds_files_that_are_named_and_absent(tmp_path: Path) -> None:
    """A golden set or price table that is not there is found, with its line."""
    (tmp_path / "gnomon.yaml").write_text(
        "prices: {file: p.yaml}\nsuites:\n  - name: a\n    golden_set: g.yaml\n  - name: b\n"
    )
    done = gnomon("config", "check", cwd=tmp_path)
    assert done.returncode == 1
    assert f"gnomon.yaml:1: prices.file: there is no file {tmp_path / 'p.yaml'}" in done.stdout
    assert f"gnomon.yaml:4: suites[0].golden_set: there is no file {tmp_path / 'g.yaml'}" in done.stdout
    (tmp_path / "p.yaml").touch()
    (tmp_path / "g.yaml").touch()
    assert gnomon("config", "check", cwd=tmp_path).returncode == 0


def test_check_covers_the_environment(tmp_path: Path) -> None:
    """A variable that overrides a setting is checked as well."""
    done = gnomon("config", "check", cwd=tmp_path, GNOMON_GATE_ENABLED="perhaps")
    assert done.returncode == 1
    assert done.stdout.startswith("environment variable GNOMON_GATE_ENABLED: gate.enabled: ")


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("GNOMON_EXPORT_ENDPIONT", "nothing reads this variable; did you mean GNOMON_EXPORT_ENDPOINT?"),
        ("gnomon_environment", "nothing reads this variable; did you mean GNOMON_ENVIRONMENT?"),
        ("GNOMON_ENDPOINT", "nothing reads this variable; did you mean GNOMON_EXPORT_ENDPOINT?"),
        ("GNOMON_RUN_SEQENCE", "nothing reads this variable; did you mean GNOMON_RUN_SEQUENCE?"),
        ("GNOMON_COLOUR", "nothing reads this variable; unset it; docs/settings.md has those there are"),
        ("GNOMON_SUITES", "suites: no variable sets it; write `suites` in gnomon.yaml"),
    ],
)
def test_check_finds_variables_that_nothing_reads(tmp_path: Path, variable: str, said: str) -> None:
    """A misspelled variable has a line with the nearest right name; other commands go on."""
    done = gnomon("config", "check", cwd=tmp_path, **{variable: "x"})
    assert done.returncode == 1
    assert done.stdout == f"environment variable {variable}: {said}\n"
    assert gnomon("config", "show", cwd=tmp_path, **{variable: "x"}).returncode == 0


def test_check_leaves_variables_alone_that_have_a_reader(tmp_path: Path) -> None:
    """Switches, parts of the stack, secrets that the settings name, and what Kubernetes puts beside them."""
    (tmp_path / "gnomon.yaml").write_text("channels: {slack: {webhook_url: {env: GNOMON_SLACK_HOOK}}}\n")
    variables = {
        "GNOMON": "1",
        "GNOMON_SLACK_HOOK": "https://hooks.example.com/x",
        "GNOMON_COLLECTOR_STATE": "/state",
        "GNOMON_COLLECTOR_SERVICE_HOST": "10.0.0.7",
        "GNOMON_COLLECTOR_PORT": "tcp://10.0.0.7:4317",
        "GNOMON_COLLECTOR_PORT_4317_TCP_ADDR": "10.0.0.7",
        "GNOMON_SPOOL_MAXBYTES": "",
    }
    done = gnomon("config", "check", cwd=tmp_path, **variables)
    assert (done.returncode, done.stderr) == (0, "")


def test_check_finds_ports_that_there_are_not(tmp_path: Path) -> None:
    """An address has a port from 1 to 65535 or none, in the file, in our variables and in OpenTelemetry's."""
    (tmp_path / "gnomon.yaml").write_text("export: {endpoint: 'http://localhost:43180'}\n")
    assert gnomon("config", "check", cwd=tmp_path).returncode == 0
    for variable in ("GNOMON_EXPORT_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        for port in ("431800", "0", "http"):
            done = gnomon("config", "check", cwd=tmp_path, **{variable: f"http://me:s3cr3t@localhost:{port}"})
            assert done.returncode == 1
            assert done.stdout.startswith(f"environment variable {variable}: ")
            assert "s3cr3t" not in done.stdout + done.stderr


def test_other_commands_refuse_broken_settings(tmp_path: Path) -> None:
    """Where a command needs settings, a mistake in them ends it with two, all mistakes told."""
    (tmp_path / "gnomon.yaml").write_text("colour: red\nshape: round\n")
    done = gnomon("config", "show", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("gnomon: 2 mistakes in the settings:\n  gnomon.yaml:1: colour: unknown key")


def test_schema(tmp_path: Path) -> None:
    """The schema goes to stdout, or whole into a file, folders made."""
    printed = gnomon("config", "schema", cwd=tmp_path)
    jsonschema.Draft7Validator.check_schema(json.loads(printed.stdout))
    assert gnomon("config", "schema", "--out", "a/b.json", cwd=tmp_path).returncode == 0
    assert (tmp_path / "a" / "b.json").read_text() == printed.stdout
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["b.json"]
    refused = gnomon("config", "schema", "--out", "a/b.json/c.json", cwd=tmp_path)
    assert refused.returncode == 2
    assert "cannot be written" in refused.stderr


def test_show_tells_values_and_where_they_come_from(tmp_path: Path) -> None:
    """Each setting has its value and its source: file and line, variable or default."""
    (tmp_path / "gnomon.yaml").write_text(
        "suites: [a]\nchannels:\n  slack:\n    webhook_url: {env: HOOK}\nexport: {protocol: grpc}\n"
    )
    variables = {
        "GNOMON_ENVIRONMENT": "live",
        "GNOMON_STORE_URL": "postgresql://me:s3cr3t@db/gnomon",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:s3cr3t@collector:4318",
    }
    text = gnomon("config", "show", cwd=tmp_path, **variables).stdout
    assert "s3cr3t" not in text
    done = gnomon("config", "show", "--json", cwd=tmp_path, **variables)
    rows = {row["key"]: row for row in json.loads(done.stdout)}
    assert "s3cr3t" not in done.stdout
    assert rows["environment"]["value"] == "live"
    assert rows["environment"]["variable"] == "GNOMON_ENVIRONMENT"
    assert rows["store.url"]["value"] == "postgresql://me:***@db/gnomon"
    assert rows["export.endpoint"]["variable"] == "OTEL_EXPORTER_OTLP_ENDPOINT"
    assert rows["export.protocol"]["line"] == 5
    assert rows["channels.slack.webhook_url"]["value"] == {"env": "HOOK"}
    assert rows["suites"]["value"][0]["name"] == "a"
    assert rows["slo.routing_accuracy_percent"] == {
        "key": "slo.routing_accuracy_percent",
        "value": 85.0,
        "file": None,
        "line": None,
        "column": None,
        "variable": None,
    }
