"""`gnomon check`: what is wrong with dashboards, rules and configuration."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gnomon.errors import ExitCode, UserError

if TYPE_CHECKING:
    from gnomon_generators.checks.finding import Finding, Severity
    from gnomon_generators.checks.runner import Report
    from gnomon_generators.checks.subjects import ContractMode, Tree

_DEFAULT_WIDTH = 110
_KINDS = (
    ("dashboards", "dashboard", "dashboards"),
    ("rule_files", "rule file", "rule files"),
    ("rule_tests", "rule test file", "rule test files"),
    ("alertmanagers", "Alertmanager configuration", "Alertmanager configurations"),
    ("collectors", "Collector configuration", "Collector configurations"),
    ("stack_files", "file of the stack", "files of the stack"),
    ("expressions", "PromQL expression", "PromQL expressions"),
    ("sql_queries", "SQL query", "SQL queries"),
    ("trace_queries", "TraceQL query", "TraceQL queries"),
    ("broken_files", "broken file", "broken files"),
)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--contract",
    type=click.Choice(["auto", "ours", "none"]),
    default="auto",
    show_default=True,
    help="Which metrics may be named: in our own files only known ones, in others' any of a family that is "
    "unknown here (auto); only known ones everywhere (ours); any (none).",
)
@click.option(
    "--definitions",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with definitions of your own, as it was given to `gnomon generate`. Else: the setting "
    "`definitions`.",
)
@click.option("--only", multiple=True, metavar="ID", help="Run only these checks; a glob such as promql/*.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "never"]),
    default="warning",
    show_default=True,
    help="Exit with 1 from this severity on.",
)
@click.option("--require-programs", is_flag=True, help="Exit with 3 where promtool or its like is missing.")
@click.option("--list", "as_list", is_flag=True, help="List the checks and end.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--sarif",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write the findings as SARIF 2.1.0 to this file, or to standard output (-).",
)
def check(
    *,
    paths: tuple[Path, ...],
    contract: ContractMode,
    definitions: Path | None,
    only: tuple[str, ...],
    fail_on: str,
    require_programs: bool,
    as_list: bool,
    as_json: bool,
    sarif: str | None,
) -> int:
    """Check dashboards, rules and configuration against what is emitted.

    Checks the project's own artefacts, or the files and folders named. gnomon-check.yaml beside gnomon.yaml
    says what is accepted, and why.
    """
    from gnomon import settings  # noqa: PLC0415 - the command line starts without it
    from gnomon_generators.checks import discovery, loading, runner  # noqa: PLC0415

    checks = discovery.chosen(only)
    if as_list:
        _list(checks, as_json)
        return ExitCode.OK
    chosen = settings.load()
    if definitions is not None:
        chosen = replace(chosen, definitions=definitions.resolve())
    try:
        tree = loading.load_tree(chosen, paths, contract, require_programs)
        report = runner.run(tree, checks)
    except UserError as error:
        if sarif is not None:
            _write_failure(error, checks, chosen.root, sarif)
        raise
    if sarif is not None:
        _write_sarif(report, tree, sarif)
    if as_json:
        click.echo(json.dumps(_json_form(report, tree), indent=2, ensure_ascii=False))
    elif sarif != "-":
        _print(report, tree)
    return _exit_code(report, fail_on)


def _list(checks: tuple[Any, ...], as_json: bool) -> None:
    if as_json:
        rows = [
            {"check": check.id, "severity": str(check.severity), "brief": check.brief, "page": check.page}
            for check in checks
        ]
        click.echo(json.dumps({"checks": rows}, indent=2))
        return
    width = max(len(check.id) for check in checks)
    for check in checks:
        click.echo(f"{check.id.ljust(width)}  {str(check.severity).ljust(7)}  {check.brief}")


def _print(report: Report, tree: Tree) -> None:
    from gnomon_generators.checks.printing import shown  # noqa: PLC0415

    terminal = sys.stdout.isatty()
    width = min(os.get_terminal_size().columns, 140) if terminal else _DEFAULT_WIDTH
    colour = terminal and "NO_COLOR" not in os.environ
    for finding in report.findings:
        click.echo(shown(finding, width, colour))
    click.echo(_summary(report, tree))
    for line in (_rule_tests(tree), _series(report, tree)):
        if line:
            click.echo(line)


def _summary(report: Report, tree: Tree) -> str:
    looked_at = ", ".join(
        f"{count} {one if count == 1 else several}"
        for key, one, several in _KINDS
        if (count := len(getattr(tree, key)))
    )
    accepted = f", {len(report.accepted)} accepted" if report.accepted else ""
    return f"{_counted(report.findings)}{accepted}: {len(report.checks)} checks over {looked_at}"


def _rule_tests(tree: Tree) -> str:
    """How many rules have tests; empty where there are no rules, or nobody keeps tests."""
    from gnomon_generators.checks.rule.unit_tests import cases  # noqa: PLC0415
    from gnomon_generators.rules.coverage import summary  # noqa: PLC0415

    rows = cases(tree)
    return summary(rows) if rows else ""


def _series(report: Report, tree: Tree) -> str:
    """How many series the organisation makes, where that was asked of the whole project."""
    from gnomon_generators.checks.contract import series  # noqa: PLC0415
    from gnomon_generators.checks.known.estimate import estimate  # noqa: PLC0415

    if not tree.whole or all(check.id != series.ID for check in report.checks):
        return ""
    return f"series: about {estimate(tree.settings).total:,} of {tree.settings.budgets.series:,} allowed"


def _counted(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return "nothing found"
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(
        f"{counts[severity]} {severity}{'' if counts[severity] == 1 or severity == 1 else 's'}"
        for severity in sorted(counts, reverse=True)
    )


def _json_form(report: Report, tree: Tree) -> dict[str, Any]:
    return {
        "findings": [finding.as_dict() for finding in report.findings],
        "accepted": [{**one.finding.as_dict(), "reason": one.reason} for one in report.accepted],
        "checked": {key: len(getattr(tree, key)) for key, _, _ in _KINDS},
    }


def _write_sarif(report: Report, tree: Tree, target: str) -> None:
    from gnomon_generators.checks.sarif import sarif  # noqa: PLC0415

    _write_log(sarif(report, tree), target)


def _write_failure(error: UserError, checks: tuple[Any, ...], root: Path, target: str) -> None:
    """A log all the same: what a pipeline sends on is there, and says why it is empty."""
    from gnomon_generators.checks.sarif import failed  # noqa: PLC0415

    _write_log(failed(error, checks, root), target)


def _write_log(log: dict[str, Any], target: str) -> None:
    from gnomon_generators import writing  # noqa: PLC0415

    text = json.dumps(log, indent=2, ensure_ascii=False) + "\n"
    if target == "-":
        click.echo(text, nl=False)
        return
    try:
        writing.replace(Path(target), text)
    except OSError as error:
        raise UserError(f"--sarif names {target}: {error.strerror}; name a file to write to") from error


def _exit_code(report: Report, fail_on: str) -> int:
    if fail_on == "never":
        return ExitCode.OK
    from gnomon_generators.checks.finding import Severity  # noqa: PLC0415

    least: Severity = Severity[fail_on.upper()]
    worst = max((finding.severity for finding in report.findings), default=None)
    return ExitCode.NEGATIVE if worst is not None and worst >= least else ExitCode.OK
