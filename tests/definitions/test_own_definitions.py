"""A team's definitions stand on top of Gnomon's, and leave nothing behind where they lie."""

from __future__ import annotations

from pathlib import Path

from gnomon_generators.definitions import FOLDERS, find
from tests.cli.run import gnomon
from tests.definitions.team import Team, board


def test_own_files_are_added_and_stand_in_for_ours(team: Team) -> None:
    """A new name is one more dashboard; one of Gnomon's names is that dashboard no more."""
    ours = {file.name for file in find(["dashboards"])}
    replaced = min(ours)
    team.define("dashboards/our_queue.py", board())
    team.define(f"dashboards/{replaced}.py", board("'Another'"))
    assert team.generate("dashboards").returncode == 0
    written = {path.stem for path in (team.folder / "dashboards" / "json").iterdir()}
    assert written == {*ours, "our_queue"}
    assert (team.board("our_queue")["title"], team.board("our_queue")["uid"]) == ("Ours", "gnomon-our-queue")
    assert team.board(replaced)["title"] == "Another"


def test_the_order_of_files_is_that_of_folders_and_names(team: Team) -> None:
    """Whatever order the file system has."""
    for name in ("zz", "aa", "mm"):
        team.define(f"dashboards/{name}.py", board())
    found = find(list(FOLDERS), team.own)
    assert [file.source for file in found] == sorted(
        (file.source for file in found),
        key=lambda source: (list(FOLDERS).index(source.split("/")[0]), source),
    )


def test_underscored_files_are_modules_of_their_folder(team: Team) -> None:
    """A definition imports the `_` file beside it, no other folder's, and it defines nothing itself."""
    team.define("dashboards/_titles.py", "TITLE = 'From beside'\n")
    team.define("rules/_titles.py", "raise RuntimeError('the wrong one')\n")
    team.define("dashboards/own.py", "from _titles import TITLE\n" + board("TITLE"))
    done = team.generate("dashboards", "--only", "own")
    assert done.returncode == 0, done.stderr
    assert team.board("own")["title"] == "From beside"
    assert [path.name for path in (team.folder / "dashboards" / "json").iterdir()] == ["own.json"]


def test_a_shared_module_may_be_imported_late(team: Team) -> None:
    """An import inside the function is served like one at the top of the file."""
    team.define("dashboards/_titles.py", "TITLE = 'Late'\n")
    source = board("__import__('_titles').TITLE")
    team.define("dashboards/own.py", source)
    assert team.generate("dashboards", "--only", "own").returncode == 0
    assert team.board("own")["title"] == "Late"


def test_own_definitions_may_import_our_shared_modules_but_do_not_change_them(team: Team) -> None:
    """A `_` file of a team's serves its own definitions; Gnomon's boards keep to Gnomon's."""
    shared = {path.stem for file in find(["dashboards"]) for path in file.path.parent.glob("_*.py")}
    name = min(shared)
    team.define("dashboards/own.py", f"import {name}\n" + board(f"{name}.__file__"))
    assert team.generate("dashboards", "--only", "own").returncode == 0
    assert not team.board("own")["title"].startswith(str(team.folder))
    team.define(f"dashboards/{name}.py", "")
    done = team.generate("dashboards")
    assert done.returncode == 0, done.stderr
    assert team.board("own")["title"] == str(team.own / "dashboards" / f"{name}.py")


def test_definitions_do_not_see_each_other(team: Team) -> None:
    """What one definition does to a shared module, the next one does not find."""
    team.define("dashboards/_state.py", "seen = []\n")
    for name in ("a", "b"):
        team.define(
            f"dashboards/{name}.py",
            f"import _state\n_state.seen.append('{name}')\n" + board("str(_state.seen)"),
        )
    assert team.generate("dashboards", "--only", "[ab]").returncode == 0
    assert [team.board(name)["title"] for name in ("a", "b")] == ["['a']", "['b']"]


def test_a_value_does_where_no_settings_are_needed(team: Team) -> None:
    """`dashboard` may be the dashboard itself."""
    source = board().replace("def dashboard(settings):\n    return", "dashboard =")
    team.define("dashboards/own.py", source)
    assert team.generate("dashboards", "--only", "own").returncode == 0
    assert team.board("own")["title"] == "Ours"


def test_definitions_are_functions_of_the_settings_in_force(team: Team) -> None:
    """gnomon.yaml decides, and an environment variable over it."""
    (team.folder / "gnomon.yaml").write_text("slo: {routing_accuracy_percent: 91}\n")
    team.define("dashboards/own.py", board("f'{settings.slo.routing_accuracy_percent:g}'"))
    assert team.generate("dashboards", "--only", "own").returncode == 0
    assert team.board("own")["title"] == "91"
    environment = {"GNOMON_SLO_ROUTING_ACCURACY_PERCENT": "92"}
    assert team.generate("dashboards", "--only", "own", **environment).returncode == 0
    assert team.board("own")["title"] == "92"


def test_the_settings_name_the_folder_once_and_for_all(team: Team) -> None:
    """With `definitions` in gnomon.yaml nobody forgets them, and none of them is taken for left over."""
    (team.folder / "gnomon.yaml").write_text("definitions: own\n")
    team.define("dashboards/own.py", board())
    assert gnomon("generate", "dashboards", cwd=team.folder).returncode == 0
    assert team.board("own")["title"] == "Ours"
    assert gnomon("generate", "dashboards", "--check", cwd=team.folder).returncode == 0


def test_dataclasses_work_in_definitions(team: Team) -> None:
    """A definition is a module like another: decorators that look it up find it."""
    record = "import dataclasses\n\n@dataclasses.dataclass\nclass A:\n    a: int\n"
    source = f"from __future__ import annotations\n{record}" + board("repr(A(1))")
    team.define("dashboards/own.py", source)
    assert team.generate("dashboards", "--only", "own").returncode == 0
    assert team.board("own")["title"] == "A(a=1)"


def test_no_bytecode_is_left_beside_definitions(team: Team) -> None:
    """Loading writes nothing into the folders, and an old bytecode file is not believed."""
    team.define("dashboards/_titles.py", "TITLE = 'One'\n")
    team.define("dashboards/own.py", "from _titles import TITLE\n" + board("TITLE"))
    before = files(team.own)
    assert team.generate("dashboards").returncode == 0
    assert files(team.own) == before
    ours = {path for file in find(list(FOLDERS)) for path in file.path.parent.rglob("*.pyc")}
    assert not ours


def test_what_a_definition_prints_does_not_spoil_the_answer(team: Team) -> None:
    """It goes to stderr: with --json, standard output is JSON all the same."""
    team.define("dashboards/own.py", "print('building')\n" + board())
    done = team.generate("dashboards", "--only", "own", "--json")
    assert (done.returncode, done.stderr) == (0, "building\n")
    assert done.stdout.startswith("{")


def files(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))
