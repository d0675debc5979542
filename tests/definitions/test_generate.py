"""`gnomon generate` writes whole files, says which, and leaves alone what is not its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gnomon_generators.definitions import find
from tests.cli.run import gnomon
from tests.definitions.team import Team, board

LINKING = """
from gnomon.registry import metrics
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import total

tests = v.stat("Tests", total(metrics.GNOMON_RUN_TESTS), about="How many ran.", links={of_panel})
dashboard = v.Dashboard(title="Linking", description="To others.", panels=[tests], links={of_board})
"""


@pytest.fixture
def written(team: Team) -> Team:
    """A team with two dashboards of its own that were written."""
    for name in ("calls", "queue"):
        team.define(f"dashboards/{name}.py", board(repr(name)))
    done = team.generate("dashboards")
    assert done.returncode == 0, done.stderr
    return team


def boards(team: Team) -> Path:
    return team.folder / "dashboards" / "json"


def test_without_a_part_all_that_is_deployed_is_written(team: Team) -> None:
    """Every part but Gnomon's own pages, which are for a clone of Gnomon."""
    team.define("dashboards/own.py", board())
    done = team.generate()
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (team.folder / "docs").iterdir()} == {"runbooks"}
    assert {path.name for path in team.folder.iterdir()} >= {"dashboards"}
    assert team.generate("--check").returncode == 0


def test_runbooks_are_pages_to_begin_with(team: Team) -> None:
    """Each alert of ours has its page; one that is there belongs to the team, and is never written over."""
    team.define("dashboards/own.py", board())
    assert team.generate("alerts").returncode == 0
    page = team.folder / "docs" / "runbooks" / "DailyCostExceeded.md"
    assert page.read_text("utf-8").startswith("# DailyCostExceeded")
    page.write_text("Ask finance.\n")
    assert team.generate("alerts", "--check").returncode == 0
    assert team.generate("alerts").returncode == 0
    assert page.read_text("utf-8") == "Ask finance.\n"
    page.unlink()
    missing = team.generate("alerts", "--check")
    assert missing.returncode == 1
    assert "docs/runbooks/DailyCostExceeded.md: missing" in missing.stdout


def test_runbooks_elsewhere_are_not_written(team: Team) -> None:
    """Where the settings say that the runbooks are somewhere else, there are no pages."""
    team.define("dashboards/own.py", board())
    (team.folder / "gnomon.yaml").write_text("alerts: {runbook_url: 'https://wiki.example.com/{alert}'}\n")
    assert team.generate("alerts").returncode == 0
    assert not (team.folder / "docs").exists()


def test_several_parts_may_be_named(team: Team) -> None:
    """Those and no others are written."""
    team.define("dashboards/own.py", board())
    assert team.generate("dashboards", "docs").returncode == 0
    assert {path.name for path in team.folder.iterdir()} == {"own", "dashboards", "docs"}


def test_an_unknown_part_is_a_mistake(team: Team) -> None:
    """The parts that there are, are named."""
    done = team.generate("panels")
    assert done.returncode == 2
    assert "'dashboards', 'rules', 'alerts', 'collector', 'stack', 'docs'" in done.stderr


def test_a_file_that_does_not_change_is_not_touched(written: Team) -> None:
    """Only the dashboard whose definition changed is replaced, and only that one is named."""
    untouched = (boards(written) / "calls.json").stat()
    written.define("dashboards/queue.py", board("'Another'"))
    done = written.generate("dashboards")
    assert done.stdout.splitlines()[:-1] == ["wrote dashboards/json/queue.json"]
    others = len(find(["dashboards"])) + 1
    assert done.stdout.splitlines()[-1].startswith(f"1 file written, {others} unchanged in ")
    after = (boards(written) / "calls.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (untouched.st_ino, untouched.st_mtime_ns)


def test_check_names_what_differs_and_writes_nothing(written: Team) -> None:
    """A changed, a missing and a left-over file are named, with the first line that differs."""
    calls, queue = boards(written) / "calls.json", boards(written) / "queue.json"
    lines = calls.read_text().splitlines(keepends=True)
    calls.write_text("".join([*lines[:6], "\n", *lines[6:]]))
    queue.unlink()
    (written.own / "dashboards" / "queue.py").rename(written.own / "dashboards" / "backlog.py")
    left = boards(written) / "gone.json"
    left.write_text(json.dumps({"uid": "gnomon-gone"}))
    before = sorted(boards(written).iterdir())
    done = written.generate("dashboards", "--check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "dashboards/json/backlog.json: missing",
        "dashboards/json/calls.json: differs, first in line 7",
        "dashboards/json/gone.json: no longer generated",
    ]
    assert "3 files are not as generated; to write: gnomon generate dashboards" in done.stderr
    assert sorted(boards(written).iterdir()) == before


def test_what_is_no_longer_defined_is_removed(written: Team) -> None:
    """Its file goes; dashboards that somebody wrote, or copied to another name, stay."""
    own = boards(written) / "own.json"
    own.write_text('{"uid": "made-by-hand", "panels": []}')
    copy = boards(written) / "queue-mine.json"
    copy.write_bytes((boards(written) / "queue.json").read_bytes())
    (boards(written) / "notes.json").write_text("not JSON")
    (written.own / "dashboards" / "queue.py").unlink()
    done = written.generate("dashboards")
    assert done.stdout.splitlines()[0] == "removed dashboards/json/queue.json"
    assert done.stdout.splitlines()[-1].startswith("1 file removed, ")
    assert not (boards(written) / "queue.json").exists()
    assert own.exists()
    assert copy.exists()
    assert (boards(written) / "notes.json").exists()


def test_yaml_that_is_no_longer_defined_is_removed_by_its_first_line(team: Team) -> None:
    """A rule file with the mark goes, one without it stays."""
    team.own.joinpath("rules").mkdir(parents=True)
    folder = team.folder / "rules" / "yaml"
    folder.mkdir(parents=True)
    (folder / "gone.yaml").write_text("# Generated by `gnomon generate` from rules/gone.py: edit that.\n")
    (folder / "own.yaml").write_text("groups: []\n")
    assert team.generate("rules").returncode == 0
    assert not (folder / "gone.yaml").exists()
    assert (folder / "own.yaml").exists()


def test_templates_of_messages_come_and_go_with_alertmanagers_configuration(team: Team) -> None:
    """They lie beside it, and one that is no longer made is removed."""
    team.own.joinpath("alerts").mkdir(parents=True)
    assert team.generate("alerts").returncode == 0
    folder = team.folder / "alerts" / "yaml" / "templates"
    (template,) = folder.iterdir()
    (folder / "own.tmpl").write_text('{{ define "own" }}{{ end }}\n')
    template.rename(folder / "gone.tmpl")
    assert team.generate("alerts").returncode == 0
    assert {path.name for path in folder.iterdir()} == {template.name, "own.tmpl"}


@pytest.mark.parametrize("name", ["queue", "q*", "[q-z]ueue"])
def test_only_takes_names_and_globs(written: Team, name: str) -> None:
    """Nothing else is written, removed or even loaded."""
    written.define("dashboards/queue.py", board("'Another'"))
    written.define("dashboards/calls.py", "raise RuntimeError\n")
    (boards(written) / "gone.json").write_text('{"uid": "gnomon-gone"}')
    done = written.generate("dashboards", "--only", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:-1] == ["wrote dashboards/json/queue.json"]
    assert (boards(written) / "gone.json").exists()


def test_only_may_be_given_more_than_once(written: Team) -> None:
    """What any of the names means is taken."""
    done = written.generate("dashboards", "--only", "calls", "--only", "queue")
    assert done.stdout.startswith("2 files are up to date")
    again = written.generate("dashboards", "--only", "calls", "--only", "queue", "--out", "elsewhere")
    assert again.stdout.splitlines()[-1] == "2 files written in elsewhere"


@pytest.mark.parametrize(
    ("written_so", "advice"),
    [
        ("to_dashboard('qa_engeneer')", 'write to_dashboard("qa_engineer")'),
        ("to_dashboard('our_boad')", 'write to_dashboard("our_board")'),
        ("to_dashboard('nowhere')", "there are executive, "),
    ],
)
@pytest.mark.parametrize("where", ["dashboard", "panel"])
def test_a_link_to_a_dashboard_that_no_definition_makes_is_a_mistake(
    team: Team, written_so: str, advice: str, where: str
) -> None:
    """Ours and the team's are known whichever of them are generated; nothing is written."""
    of_panel, of_board = (f"[v.{written_so}]", "[]") if where == "panel" else ("[]", f"[v.{written_so}]")
    team.define("dashboards/our_board.py", board())
    team.define("dashboards/linking.py", LINKING.format(of_panel=of_panel, of_board=of_board))
    done = team.generate("dashboards", "--only", "linking")
    assert done.returncode == 2
    assert f"own/dashboards/linking.py, line {6 if where == 'panel' else 7}: " in done.stderr
    assert f"{where} '{'Linking' if where == 'dashboard' else 'Tests'}' links to " in done.stderr
    assert advice in done.stderr
    assert "gnomon-" not in done.stderr
    assert not (team.folder / "dashboards").exists()


OVERRIDING = """
from gnomon.registry import attributes, metrics
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import total

tests = v.table(
    "Tests",
    v.query(total(metrics.GNOMON_RUN_TESTS, by=attributes.TEST_SUITE_NAME), "Tests"),
    about="How many ran.",
    overrides=[
        v.override(
            "Tests",
            links=[
                {link},
            ],
        ),
    ],
)
dashboard = v.Dashboard(title="Linking", description="To others.", panels=[tests])
"""


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("v.to_dashboard('qa_engeneer')", 'write to_dashboard("qa_engineer")'),
        (
            "v.to_dashboard('our_board', siute='routing')",
            "links to 'our_board' and sets siute, a variable that it does not have: write suite=",
        ),
        (
            "v.to_dashboard('our_board', agent='triage')",
            "sets agent, a variable that it does not have: its variables are datasource, suite",
        ),
    ],
)
def test_a_wrong_link_of_a_column_is_told_by_its_own_line(team: Team, link: str, said: str) -> None:
    """Not by that of the table around it; and what it sets there must be a variable there."""
    team.define("dashboards/our_board.py", LINKED)
    team.define("dashboards/linking.py", OVERRIDING.format(link=link))
    done = team.generate("dashboards", "--only", "linking")
    assert done.returncode == 2
    assert "own/dashboards/linking.py, line 14: panel 'Tests', override 'Tests' links to " in done.stderr
    assert said in done.stderr


LINKED = """
from gnomon.registry import metrics
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import filters, total

tests = v.stat("Tests", total(metrics.GNOMON_RUN_TESTS, where=filters(v.suite)), about="How many ran.")
dashboard = v.Dashboard(title="Ours", description="Linked to.", panels=[tests], variables=[v.suite])
"""


def test_a_link_may_set_what_the_other_dashboard_offers(team: Team) -> None:
    """Its variables and data sources; of a dashboard with a mistake nothing is known, and nothing is said."""
    team.define("dashboards/our_board.py", LINKED)
    team.define("dashboards/broken.py", "dashboard = nothing")
    for link in (
        "v.to_dashboard('our_board', suite='routing', datasource='x')",
        "v.to_dashboard('broken', suite='routing')",
    ):
        team.define("dashboards/linking.py", OVERRIDING.format(link=link))
        done = team.generate("dashboards", "--only", "linking")
        assert done.returncode == 0, done.stderr


def test_links_to_dashboards_of_any_definition_are_right(team: Team) -> None:
    """To ours, to another of the team's, to itself; `--only` makes none of them a mistake."""
    links = ", ".join(f"v.to_dashboard('{name}')" for name in ("qa_engineer", "our_board", "linking"))
    team.define("dashboards/our_board.py", board())
    team.define("dashboards/linking.py", LINKING.format(of_panel=f"[{links}]", of_board=f"[{links}]"))
    done = team.generate("dashboards", "--only", "linking")
    assert done.returncode == 0, done.stderr


def test_a_name_that_means_nothing_is_a_mistake(written: Team) -> None:
    """The names that there are, are said."""
    done = written.generate("dashboards", "--only", "quue")
    assert done.returncode == 2
    assert "--only quue names nothing that is generated here; there are " in done.stderr
    assert "calls" in done.stderr


def test_a_mistake_in_one_definition_writes_none(written: Team) -> None:
    """Everything is made before anything is written."""
    written.define("dashboards/calls.py", board("'Another'"))
    written.define("dashboards/zz.py", "raise RuntimeError\n")
    before = (boards(written) / "calls.json").read_bytes()
    assert written.generate("dashboards").returncode == 2
    assert (boards(written) / "calls.json").read_bytes() == before


def test_out_is_another_folder(written: Team) -> None:
    """The same files, below the folder that is named; it is made."""
    done = written.generate("dashboards", "--out", "deploy/stack")
    assert done.returncode == 0
    made = written.folder / "deploy" / "stack" / "dashboards" / "json"
    assert {path.name: path.read_bytes() for path in made.iterdir()} == {
        path.name: path.read_bytes() for path in boards(written).iterdir()
    }


def test_a_project_is_written_to_where_its_settings_are(team: Team) -> None:
    """From a folder below gnomon.yaml as from beside it."""
    (team.folder / "gnomon.yaml").write_text("project: {name: shop}\n")
    team.define("dashboards/own.py", board())
    below = Team(team.folder / "src")
    below.own = team.own
    below.folder.mkdir()
    (below.folder / "own").symlink_to(team.own)
    assert below.generate("dashboards", "--only", "own").returncode == 0
    assert team.board("own")["title"] == "Ours"


def test_json_says_what_was_done(written: Team) -> None:
    """Each file with its state, whether it was written or not."""
    written.define("dashboards/queue.py", board("'Another'"))
    (written.own / "dashboards" / "calls.py").unlink()
    checked = json.loads(written.generate("dashboards", "--check", "--json").stdout)
    done = json.loads(written.generate("dashboards", "--json").stdout)
    assert {
        Path(file["path"]).stem: (file["state"], file["line"]) for file in checked["files"] if "line" in file
    } == {
        "queue": ("differs", checked_line(checked)),
        "calls": ("no longer generated", None),
    }
    states = {Path(file["path"]).stem: file["state"] for file in done["files"]}
    assert (states.pop("queue"), states.pop("calls")) == ("wrote", "removed")
    assert set(states.values()) <= {"up to date"}


def checked_line(answer: dict[str, list[dict[str, object]]]) -> object:
    return next(file["line"] for file in answer["files"] if file["state"] == "differs")


def test_no_rests_of_writing_stay(written: Team) -> None:
    """A place that cannot be written to is a sentence, and no temporary file is left."""
    (boards(written) / "queue.json").unlink()
    (boards(written) / "queue.json").mkdir()
    done = written.generate("dashboards")
    assert done.returncode == 2
    assert "--out" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(written.folder.rglob("*.tmp"))


RULE = """\
from gnomon.registry import metrics
from gnomon_generators.promql import total
from gnomon_generators.rules import Group, RecordingRule

tests = RecordingRule("own:tests:1d", total(metrics.GNOMON_RUN_TESTS, "1d"), "Tests.")
groups = [Group("own", (tests,), "1m")]
"""


def test_own_rules_without_a_test_are_found_where_their_definitions_are_named(team: Team) -> None:
    """`gnomon check --definitions` asks for tests of a team's rules; without it they are somebody else's."""
    team.define("rules/own.py", RULE)
    assert team.generate("rules", "--only", "own").returncode == 0
    named = gnomon("check", "--definitions", "own", "--only", "rule/tested", cwd=team.folder)
    assert named.returncode == 1, named.stdout + named.stderr
    assert "own:tests:1d" in named.stdout
    assert gnomon("check", "--only", "rule/tested", cwd=team.folder).returncode == 0
