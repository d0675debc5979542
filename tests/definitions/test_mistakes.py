"""Whoever writes a definition is told file, line and what to write instead, in one sentence."""

from __future__ import annotations

import pytest

from tests.definitions.team import Team, board

IN_A_FUNCTION = "def dashboard(settings):\n    {}\n"

MISTAKES = {
    "not Python": ("def dashboard(settings:\n", "own/dashboards/own.py, line 1: '(' was never closed"),
    "not text": ("\0", "own/dashboards/own.py: "),
    "an exception": (
        IN_A_FUNCTION.format("1 / 0"),
        "own/dashboards/own.py, line 2: ZeroDivisionError: division by zero",
    ),
    "an exception without words": (IN_A_FUNCTION.format("raise KeyError"), "own.py, line 2: KeyError"),
    "an exception of several lines": (
        IN_A_FUNCTION.format("raise ValueError('a\\nb')"),
        "own.py, line 2: ValueError: a b",
    ),
    "a setting that is none": (
        IN_A_FUNCTION.format("return settings.slo.accuracy"),
        "own.py, line 2: settings.slo has no accuracy: write routing_accuracy_percent",
    ),
    "a section of the settings that is none": (
        IN_A_FUNCTION.format("return settings.slos"),
        "own.py, line 2: settings has no slos: write slo",
    ),
    "a metric that is none": (
        "from gnomon.registry import metrics as m\nm.GNOMON_RUN_TEST\n",
        "own.py, line 2: gnomon.registry.metrics has no GNOMON_RUN_TEST: write GNOMON_RUN_TESTS",
    ),
    "a panel that is none": (
        "from gnomon_generators import vocabulary as v\nv.barchart\n",
        "own.py, line 2: gnomon_generators.vocabulary has no barchart: write bar_gauge or bars",
    ),
    "a panel in another case": (
        "from gnomon_generators import vocabulary as v\nv.timeSeries\n",
        "has no timeSeries: write timeseries",
    ),
    "a name that was not imported": (
        "from gnomon_generators import promql\npercent\n",
        "own.py, line 2: percent is not imported: write from gnomon_generators.promql import percent",
    ),
    "a name of the file's own": ("WHERE = {}\nWERE\n", "own.py, line 2: there is no WERE: write WHERE"),
    "an argument that is none": (
        "from gnomon_generators.promql import total\ntotal(3, wher={})\n",
        "own.py, line 2: total() has no argument wher: write where=",
    ),
    "an argument of a class that is none": (
        "from gnomon_generators import vocabulary as v\nv.Dashboard(titel='A', description='B')\n",
        "own.py, line 2: Dashboard() has no argument titel: write title=",
    ),
    "an argument that lacks": (
        "from gnomon_generators import vocabulary as v\nv.Dashboard(title='A')\n",
        "own.py, line 2: Dashboard() needs description=",
    ),
    "an argument of the file's own function that is none": (
        "def tests(window): ...\ntests(windows=3)\n",
        "own.py, line 2: tests() has no argument windows: write window=",
    ),
    "an attribute of something else": (
        "dict().update_all\n",
        "own.py, line 1: dict has no update_all",
    ),
    "an exception in a shared file": (
        "import _shared\n\n_shared.fail()\n",
        "own/dashboards/_shared.py, line 2: ZeroDivisionError",
    ),
    "not Python in a shared file": ("import _broken\n", "own/dashboards/_broken.py, line 1: invalid syntax"),
    "a mistake that the vocabulary finds": (
        board().replace("total(metrics.GNOMON_RUN_TESTS)", "3"),
        "own/dashboards/own.py, line 11: ",
    ),
    "nothing defined": (
        "board = 3\n",
        "own/dashboards/own.py does not define dashboard; write `def dashboard(settings): ...`",
    ),
    "another class": (
        IN_A_FUNCTION.format("return {}"),
        "own/dashboards/own.py: dashboard gives dict; it must be a Dashboard",
    ),
    "no parameter": (
        "def dashboard():\n    return 3\n",
        "own/dashboards/own.py, line 1: the function must take the settings alone",
    ),
    "leaving": ("import sys\nsys.exit(0)\n", "own.py, line 2: a definition must not end the program"),
    "a library that is not there": (
        "import nonexistent\n",
        "own/dashboards/own.py, line 1: No module named 'nonexistent'; definitions import",
    ),
    "a shared file without the underscore": (
        "import shared_by_name\n",
        "No module named 'shared_by_name'; a file that definitions share has a name with _ in front: rename",
    ),
    "a name that the vocabulary does not have": (
        "from gnomon_generators.vocabulary import graph\n",
        "own/dashboards/own.py, line 1: gnomon_generators.vocabulary has no graph: write node_graph",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_with_its_place(team: Team, mistake: str) -> None:
    """Exit code 2, one line, no traceback, nothing written."""
    source, sentence = MISTAKES[mistake]
    team.define("dashboards/_shared.py", "def fail():\n    1 / 0\n")
    team.define("dashboards/_broken.py", "is this Python\n")
    team.define("dashboards/shared_by_name.py", board())
    team.define("dashboards/own.py", source)
    done = team.generate("dashboards")
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert done.stderr.startswith("gnomon: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (team.folder / "dashboards").exists()


def test_two_definitions_in_one_file_are_two_files(team: Team) -> None:
    """A file in alerts/ defines groups or Alertmanager's configuration, not both."""
    team.define("alerts/own.py", "groups = []\nalertmanager = None\n")
    done = team.generate("alerts", "--only", "own")
    assert done.returncode == 2
    assert "own/alerts/own.py defines groups and alertmanager; make two files of it" in done.stderr


def test_debug_shows_the_traceback(team: Team) -> None:
    """With --debug the cause comes before the sentence, down to the author's line."""
    team.define("dashboards/own.py", IN_A_FUNCTION.format("1 / 0"))
    done = team.generate("dashboards", GNOMON_DEBUG="1")
    assert done.returncode == 2
    assert "ZeroDivisionError" in done.stderr
    assert "1 / 0" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("gnomon: own/dashboards/own.py, line 2")


def test_a_shared_file_with_a_name_of_pythons_own_is_refused(team: Team) -> None:
    """`import _json` would give Python's module and not the file."""
    team.define("dashboards/_json.py", "")
    team.define("dashboards/own.py", board())
    done = team.generate("dashboards")
    assert done.returncode == 2
    assert "_json.py has the name of one of Python's own modules" in done.stderr


@pytest.mark.parametrize("present", [True, False])
def test_a_folder_that_holds_no_definitions_is_refused(team: Team, present: bool) -> None:
    """A misspelt --definitions is not taken for a folder without additions."""
    if present:
        team.own.mkdir()
    done = team.generate()
    assert done.returncode == 2
    assert "dashboards/, rules/, alerts/, collector/" in done.stderr
    assert len(done.stderr.splitlines()) == 1
