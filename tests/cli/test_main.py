"""The console script: every end of it has its sentence and its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from gnomon.version import __version__
from tests.cli.run import SCRIPT, clean_environment, gnomon

COMMANDS = '''
"""Commands of another distribution."""

import pathlib
import time

import click

from gnomon.errors import ExitCode, UserError

pathlib.Path("imported").touch()


@click.command()
def crash():
    """Crashes on purpose. And says no more."""
    raise ValueError("two\\nlines")


@click.command()
def mistaken():
    """Finds a mistake of its user."""
    raise UserError("file x has no y; write y")


@click.command()
def absent():
    """Misses something."""
    raise UserError("no data yet; run pytest --gnomon", ExitCode.MISSING)


@click.command()
def negative():
    """Answers no."""
    return ExitCode.NEGATIVE


@click.command()
def left():
    """Leaves by click's own door."""
    click.get_current_context().exit(1)


@click.command()
def endless():
    """Prints for ever."""
    while True:
        click.echo("line " * 20)


@click.command()
def waiting():
    """Waits."""
    click.echo("ready")
    time.sleep(60)


@click.command()
def late():
    """Imports something optional when it runs."""
    import sqlalchemy


no_command = 3
'''
# Stands in for an environment without an extra.
WITHOUT = """
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "{module}":
            raise ModuleNotFoundError("No module named " + repr(name), name=name)


sys.meta_path.insert(0, Absent())
"""


@pytest.fixture
def plugin(tmp_path: Path) -> dict[str, str]:
    """A distribution on the import path that adds commands; returns the environment that has it."""
    site = tmp_path / "site"
    info = site / "acme_gnomon-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "acme_commands.py").write_text(COMMANDS)
    (site / "acme_charts.py").write_text('"""Draws charts."""\n\nimport acme_plots\n')
    (site / "sitecustomize.py").write_text(WITHOUT.format(module="sqlalchemy"))
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-gnomon\nVersion: 1.0\nProvides-Extra: charts\n"
        'Requires-Dist: acme-plots>=1; extra == "charts"\n'
    )
    names = (
        "crash",
        "mistaken",
        "absent",
        "negative",
        "left",
        "endless",
        "waiting",
        "late",
        "no_command",
        "gone",
    )
    lines = [f"{name} = acme_commands:{name}" for name in names] + ["charts = acme_charts:charts"]
    (info / "entry_points.txt").write_text("\n".join(["[gnomon.commands]", *lines]))
    return {"PYTHONPATH": str(site)}


def test_help_lists_every_command_without_importing_one(tmp_path: Path, plugin: dict[str, str]) -> None:
    """`gnomon --help` names all commands, those that cannot be imported too, and imports none."""
    done = gnomon("--help", cwd=tmp_path, **plugin)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Draws charts" in done.stdout
    assert "Crashes on purpose\n" in done.stdout
    assert "Checks and explains the settings" in done.stdout
    assert not (tmp_path / "imported").exists()


def test_version(tmp_path: Path) -> None:
    """`gnomon --version` says it."""
    done = gnomon("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"gnomon {__version__}\n")


def test_no_arguments_is_answered_with_help(tmp_path: Path) -> None:
    """`gnomon` alone shows the help on stderr and counts as a usage mistake."""
    done = gnomon(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: gnomon" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["confg"], 2, "gnomon: there is no command 'confg'; did you mean config?; see `gnomon --help`\n"),
        (
            ["config", "check", "--colour"],
            2,
            "gnomon: No such option",
        ),
        (
            ["--config", "none.yaml", "config", "show"],
            2,
            "gnomon: --config names none.yaml, which is not a file",
        ),
        (["mistaken"], 2, "gnomon: file x has no y; write y\n"),
        (["absent"], 3, "gnomon: no data yet; run pytest --gnomon\n"),
        (["negative"], 1, ""),
        (["left"], 1, ""),
        (["no_command"], 2, "gnomon: acme_commands:no_command is not a click command"),
        (["gone"], 3, "gnomon: the command gone is not in acme_commands:gone"),
        (
            ["charts"],
            3,
            "gnomon: gnomon charts needs acme_plots, which is not installed; "
            'run: python -m pip install "acme-gnomon[charts]"\n',
        ),
        (
            ["late"],
            3,
            "gnomon: gnomon late needs sqlalchemy, which is not installed; "
            'run: python -m pip install "gnomon[analysis]"\n',
        ),
        (
            ["crash"],
            70,
            "gnomon: unexpected error (ValueError: two lines); `gnomon --debug crash` shows the traceback",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_every_end_has_its_sentence_and_its_code(
    tmp_path: Path, plugin: dict[str, str], arguments: list[str], code: int, said: str
) -> None:
    """Mistakes, missing extras, answers and defects are told apart by exit code, on one line of stderr."""
    done = gnomon(*arguments, cwd=tmp_path, **plugin)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == (1 if said else 0)


@pytest.mark.parametrize(
    ("command", "module"), [("generate", "attr"), ("generate", "grafanalib"), ("check", "sqlglot")]
)
def test_what_is_missing_names_the_extra_of_users(tmp_path: Path, command: str, module: str) -> None:
    """Where the developers' extra holds a module as well, users are told theirs."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(WITHOUT.format(module=module))
    done = gnomon(command, cwd=tmp_path, PYTHONPATH=str(site))
    assert (done.returncode, done.stderr) == (
        3,
        f"gnomon: gnomon {command} needs {module}, which is not installed; "
        'run: python -m pip install "gnomon[generators]"\n',
    )


def test_a_traceback_can_be_had(tmp_path: Path, plugin: dict[str, str]) -> None:
    """`--debug` and GNOMON_DEBUG show it; the exit code stays."""
    for arguments, more in ((["--debug", "crash"], {}), (["crash"], {"GNOMON_DEBUG": "1"})):
        done = gnomon(*arguments, cwd=tmp_path, **plugin, **more)
        assert done.returncode == 70
        assert "Traceback (most recent call last)" in done.stderr
        assert "ValueError: two\nlines" in done.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, plugin: dict[str, str]) -> None:
    """`gnomon … | head -1` ends quietly, with the exit code that a broken pipe has."""
    with subprocess.Popen(
        [SCRIPT, "endless"],
        cwd=tmp_path,
        env=clean_environment(**plugin),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith("line")
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 141


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_an_interrupt_is_one_line(tmp_path: Path, plugin: dict[str, str]) -> None:
    """Ctrl-C ends with 130 and no traceback."""
    with subprocess.Popen(
        [SCRIPT, "waiting"],
        cwd=tmp_path,
        env=clean_environment(**plugin),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background has it ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert (process.returncode, stderr) == (130, "gnomon: interrupted\n")


def test_config_names_the_file_for_every_command(tmp_path: Path) -> None:
    """`--config` goes before the nearest gnomon.yaml."""
    (tmp_path / "gnomon.yaml").write_text("environment: nearest\n")
    (tmp_path / "other.yaml").write_text("environment: other\n")
    assert '"nearest"  (gnomon.yaml:1)' in gnomon("config", "show", cwd=tmp_path).stdout
    assert (
        '"other"  (other.yaml:1)' in gnomon("--config", "other.yaml", "config", "show", cwd=tmp_path).stdout
    )
