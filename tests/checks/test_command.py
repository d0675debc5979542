"""`gnomon check`: what it prints, in which forms, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from gnomon_generators.checks.discovery import all_checks
from tests.checks.pages import ROOT
from tests.checks.trees import board, panel, query, rules, write
from tests.cli.run import gnomon

RIGHT = "sum(sum_over_time(gnomon_run_tests[$__range]))"
WRONG = "sum(increase(gnomon_run_tests[$__range]))"
BOARD = "dashboards/json/board.json"
ONLY = ("--only", "promql/*", "--only", "contract/*")


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `gnomon check` in a folder."""
    return gnomon("check", *arguments, cwd=folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one board that has one wrong and one right panel."""
    write(
        tmp_path, {BOARD: board(panel(query(WRONG), title="Wrong"), panel(query(RIGHT), id=2, title="Right"))}
    )
    (tmp_path / "gnomon.yaml").write_text("{}\n")
    return tmp_path


def test_a_finding_says_file_line_panel_part_reason_and_remedy(project: Path) -> None:
    """The expression is shown with the wrong part underlined; the last lines count."""
    done = check(project, *ONLY)
    assert done.returncode == 1, done.stderr
    line = next(
        number
        for number, text in enumerate((project / BOARD).read_text().splitlines(), 1)
        if "increase(" in text
    )
    shown = done.stdout.splitlines()
    assert shown[:2] == [f"{BOARD}:{line}: error promql/run-point", '  panel "Wrong" (1), query A']
    assert shown[3].strip() == WRONG
    marks = shown[4]
    assert shown[3][marks.index("^") : marks.rindex("^") + 1] == "increase(gnomon_run_tests[$__range])"
    assert any(text.startswith("  → write sum_over_time(gnomon_run_tests[…])") for text in shown)
    assert shown[-2].startswith("1 error: ")
    assert "1 dashboard, 2 PromQL expressions" in shown[-2]
    assert re.fullmatch(r"series: about \d+ of 100,000 allowed", shown[-1])
    assert "\x1b[" not in done.stdout


def test_nothing_found_is_zero(project: Path) -> None:
    """Without findings the exit code is 0, and what was looked at is said."""
    write(project, {BOARD: board(panel(query(RIGHT)))})
    done = check(project, *ONLY)
    assert (done.returncode, done.stdout.count("\n")) == (0, 2)
    assert done.stdout.startswith("nothing found: ")


def test_which_severity_fails_can_be_said(project: Path) -> None:
    """--fail-on takes the least severity that ends with 1; never is never."""
    write(project, {BOARD: board(panel(query("up / up")))})
    codes = {
        level: check(project, "--only", "promql/division", "--fail-on", level).returncode
        for level in ("error", "warning", "info", "never")
    }
    assert codes == {"error": 0, "warning": 1, "info": 1, "never": 0}


def test_json_holds_everything(project: Path) -> None:
    """--json gives each finding with its place, and what was checked."""
    done = check(project, *ONLY, "--json")
    answer = json.loads(done.stdout)
    finding = answer["findings"][0]
    assert finding["check"] == "promql/run-point"
    assert finding["where"] == {"panel": "Wrong", "panel_id": 1, "query": "A"}
    assert finding["path"] == BOARD
    assert finding["expression"][slice(*finding["span"])] == "increase(gnomon_run_tests[$__range])"
    assert answer["checked"]["expressions"] == 2
    assert answer["accepted"] == []


# What every consumer of SARIF 2.1.0 relies on, after the OASIS schema: its required keys and enumerations.
def test_the_list_names_every_check(tmp_path: Path) -> None:
    """--list has a line a check, wherever it is asked; with --json it says the page too."""
    listed = json.loads(check(tmp_path, "--list", "--json").stdout)["checks"]
    by_default = [one for one in all_checks() if one.default]
    assert [row["check"] for row in listed] == [one.id for one in by_default]
    assert all((ROOT / row["page"]).is_file() for row in listed)
    lines = check(tmp_path, "--list", "--only", "sql/*").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [one.id for one in by_default if one.family == "sql"]


class TestAccepted:
    """gnomon-check.yaml says what is accepted, and why."""

    @staticmethod
    def _accept(project: Path, **entry: object) -> subprocess.CompletedProcess[str]:
        text = yaml.safe_dump({"suppressions": [{"check": "promql/run-point", "path": BOARD, **entry}]})
        (project / "gnomon-check.yaml").write_text(text)
        return check(project, *ONLY)

    @pytest.mark.parametrize(
        ("entry", "code"),
        [
            ({}, 0),
            ({"check": "promql/*", "path": "dashboards/*"}, 0),
            ({"panel": "Wrong"}, 0),
            ({"panel": 1}, 0),
            ({"panel": "Right"}, 1),
            ({"path": "dashboards/json/other.json"}, 1),
            ({"check": "promql/rate"}, 1),
        ],
    )
    def test_by_check_file_and_panel(self, entry: dict[str, object], code: int, project: Path) -> None:
        """An entry covers what fits all that it says."""
        done = self._accept(project, reason="It is old.", **entry)
        assert done.returncode == code, done.stdout
        assert ("1 accepted" in done.stdout) == (code == 0)

    def test_a_reason_is_asked_for(self, project: Path) -> None:
        """An entry without a reason is refused, with its number."""
        done = self._accept(project)
        assert done.returncode == 2
        assert "suppressions[0] has no reason" in done.stderr

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("suppressions: {}\n", "suppressions is no list"),
            ("supressions: []\n", "unknown key supressions"),
            ("scrape_interval: often\n", "scrape_interval is 'often'"),
            ("- a\n", "the file is no mapping"),
            ("a: [\n", "cannot be read"),
        ],
    )
    def test_mistakes_are_said(self, text: str, said: str, project: Path) -> None:
        """What is wrong in the file is said in one sentence, and ends with 2."""
        (project / "gnomon-check.yaml").write_text(text)
        done = check(project)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert said in done.stderr

    def test_what_covers_nothing_is_found(self, project: Path) -> None:
        """In a whole run an entry that covers nothing is a finding; in a run of some checks it is not."""
        text = "suppressions:\n  - {check: promql/rate, path: '*', reason: old}\n"
        (project / "gnomon-check.yaml").write_text(text)
        assert "suppression/unused" in check(project).stdout
        assert "suppression/unused" not in check(project, *ONLY).stdout


class TestFiles:
    """Which files are checked."""

    def test_files_and_folders_may_be_named(self, project: Path) -> None:
        """A file, or all dashboards and rule files of a folder; everything else in it is left alone."""
        write(
            project,
            {
                "theirs/rules.yml": rules(("record", "a:b", "rate(up)")),
                "theirs/readme.yaml": "hello: there\n",
                "theirs/broken.json": "{",
                "theirs/.cache/rules.yaml": rules(("record", "a:b", "rate(")),
            },
        )
        assert "1 rule file, 1 PromQL expression" in check(project, *ONLY, "theirs").stdout
        assert "1 dashboard," in check(project, *ONLY, BOARD).stdout

    def test_envelopes_are_opened(self, project: Path) -> None:
        """A dashboard as Grafana's API gives it, and rules in a resource of Kubernetes, are found inside."""
        inner = json.loads(board(panel(query(WRONG))))
        group = yaml.safe_load(rules(("record", "a:b", "up[")))
        write(
            project,
            {
                "theirs/api.json": json.dumps({"dashboard": inner, "meta": {}}, indent=1),
                "theirs/crd.yaml": yaml.safe_dump({"kind": "PrometheusRule", "spec": group}, sort_keys=False),
            },
        )
        answer = json.loads(check(project, *ONLY, "theirs", "--json").stdout)
        places = {(finding["path"], finding["check"]): finding["line"] for finding in answer["findings"]}
        lines = {
            path: next(
                number
                for number, text in enumerate((project / path).read_text().splitlines(), 1)
                if word in text
            )
            for path, word in (("theirs/api.json", "increase("), ("theirs/crd.yaml", "up["))
        }
        assert places == {
            ("theirs/api.json", "promql/run-point"): lines["theirs/api.json"],
            ("theirs/crd.yaml", "promql/syntax"): lines["theirs/crd.yaml"],
        }

    @pytest.mark.parametrize(
        ("name", "text", "severity"),
        [
            ("board.json", '{"title": "Board",\n"panels": [', "error"),
            ("rules.yaml", "groups:\n- name: a\n  rules: [", "error"),
            ("latin.json", b'{"panels": "\xe4"}', "error"),
            ("tsconfig.json", "{ // words\n}", "info"),
            ("chart.yaml", "groups:\n{{- range .Values.groups }}\n- name: {{ . }}\n{{- end }}\n", "info"),
            ("config.yaml", "receivers:\n  - host: {{ env }}:8500\n", "info"),
            ("board.json", '{"panels": [], "title": {{ toJson .title }}}', "info"),
            ("two.yaml", "groups: []\n---\ngroups: []\n", "info"),
            ("tagged.yaml", "groups: !each []\n", "info"),
            ("quoted.yaml", "receivers:\n - name: a\n   text: '{{ . }}'\n  b: c\n", "error"),
        ],
    )
    def test_a_broken_file_in_a_folder_is_told(
        self, name: str, text: str | bytes, severity: str, project: Path
    ) -> None:
        """Beside what can be read, with its line; an alarm only where it looks like what is checked."""
        right = {"theirs/rules.yml": rules(("record", "a:b", "rate(up_total[5m])"))}
        write(project, right)
        (project / "theirs" / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        answer = json.loads(check(project, "theirs", "--json").stdout)
        (finding,) = (one for one in answer["findings"] if one["check"] == "file/syntax")
        assert (finding["path"], finding["severity"]) == (f"theirs/{name}", severity)
        assert answer["checked"]["rule_files"] == 1
        assert answer["checked"]["broken_files"] == 1

    @pytest.mark.parametrize(
        ("name", "text", "said"),
        [
            ("nothing.json", None, "does not exist"),
            ("broken.json", "{", "is not well formed"),
            ("notes.yaml", "a: b\n", "is neither a dashboard nor a rule file"),
            ("latin.json", b"\xff", "cannot be read"),
        ],
    )
    def test_a_file_that_is_none_of_these_is_refused(
        self, name: str, text: str | bytes | None, said: str, project: Path
    ) -> None:
        """A file that was named must be there, well formed, and something that is checked."""
        if text is not None:
            (project / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        done = check(project, name)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert said in done.stderr

    def test_nothing_to_check_is_said(self, tmp_path: Path) -> None:
        """A project without artefacts ends with 3 and says how to get some."""
        (tmp_path / "gnomon.yaml").write_text("{}\n")
        done = check(tmp_path)
        assert done.returncode == 3
        assert "gnomon generate" in done.stderr

    def test_a_check_that_there_is_not_is_refused(self, project: Path) -> None:
        """--only with a name that no check has ends with 2."""
        done = check(project, "--only", "promql/nothing")
        assert done.returncode == 2
        assert "--list" in done.stderr


def test_our_own_tree_is_clean() -> None:
    """What this repository deploys passes every check."""
    done = check(ROOT)
    assert done.returncode == 0, done.stdout
