"""Programs are found on PATH, then as images, then by Go, and run the same wherever they come from."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from gnomon.errors import ExitCode, UserError
from gnomon_generators.programs import PROGRAMS, Missing, Program, find, require
from tests.programs.folders import Folder
from tests.promql.servers import program

ROOT = Path(__file__).parents[2]
DOCKER_THAT_RUNS = """
case "$1" in
  ps|image|pull) exit 0 ;;
  run) echo "from the container"; exit 3 ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "bin")


def found(name: str, folder: Folder) -> Program:
    there = find(name, environ=folder.environ)
    assert isinstance(there, Program), str(there)
    return there


def test_a_program_on_path_comes_first(folder: Folder, tmp_path: Path) -> None:
    """What is installed is run as it is, in the caller's folder, with arguments and input unchanged."""
    folder.script("docker", DOCKER_THAT_RUNS)
    folder.script("promtool", "pwd; cat; echo trouble >&2; exit 7")
    promtool = found("promtool", folder)
    result = promtool.run("check", "rules", "a b.yaml", folder=tmp_path, stdin="what it reads")
    assert promtool.way == "path"
    assert (result.output, result.errors) == (f"{tmp_path}\nwhat it reads", "trouble\n")
    assert (result.exit_code, result.ok) == (7, False)
    assert folder.calls == [["promtool", "check", "rules", "a b.yaml"]]


def test_debian_calls_alertmanager_by_another_name(folder: Folder) -> None:
    """A program is found under each of its names."""
    folder.script("prometheus-alertmanager", "echo alertmanager, version 0.25.0")
    assert found("alertmanager", folder).version() == (0, 25, 0)


def test_a_container_sees_the_named_paths_and_no_more(folder: Folder, tmp_path: Path) -> None:
    """An image is run as this user, without network, with each path where it is and read-only unless said."""
    folder.script("docker", DOCKER_THAT_RUNS)
    rules, data = tmp_path / "rules", tmp_path / "data"
    result = found("promtool", folder).run(
        "check", "rules", str(rules / "a.yaml"), folder=tmp_path, readable=[rules], writable=[data]
    )
    assert (result.output, result.exit_code) == ("from the container\n", 3)
    (called,) = [call for call in folder.calls if call[:2] == ["docker", "run"]]
    image = PROGRAMS["promtool"].pinned_image
    assert called[called.index(image) :] == [image, "check", "rules", str(rules / "a.yaml")]
    options = set(called[: called.index(image)])
    assert options >= {
        "--rm",
        "--network=none",
        "--cap-drop=ALL",
        "--entrypoint=/bin/promtool",
        f"--user={os.getuid()}:{os.getgid()}",
        f"--workdir={tmp_path}",
    }
    assert {option for option in options if option.startswith("--mount")} == {
        f"--mount=type=bind,source={tmp_path},target={tmp_path},readonly",
        f"--mount=type=bind,source={rules},target={rules},readonly",
        f"--mount=type=bind,source={data},target={data}",
    }


def test_servers_reach_the_network_when_asked(folder: Folder, tmp_path: Path) -> None:
    """`network` gives a container the host's network."""
    folder.script("docker", DOCKER_THAT_RUNS)
    command = found("prometheus", folder).command(["--version"], folder=tmp_path, network=True)
    assert "--network=host" in command
    assert "--network=none" not in command


def test_an_image_is_fetched_once(folder: Folder, tmp_path: Path) -> None:
    """An image that the engine lacks is fetched before the first run; one that it has is not."""
    folder.script(
        "docker",
        f'if [ "$1" = image ]; then test -e {folder.path}/image; exit; fi\n'
        f'if [ "$1" = pull ]; then touch {folder.path}/image; fi',
    )
    promtool = found("promtool", folder)
    assert not any("pull" in call for call in folder.calls)
    promtool.run(folder=tmp_path)
    promtool.run(folder=tmp_path)
    pulls = [call for call in folder.calls if call[1] == "pull"]
    assert pulls == [["docker", "pull", "--quiet", PROGRAMS["promtool"].pinned_image]]


def test_an_image_that_cannot_be_fetched_is_said(folder: Folder, tmp_path: Path) -> None:
    """The engine's reason is told, and how to get the program otherwise."""
    folder.script("docker", '[ "$1" = ps ] || { echo "no such host" >&2; exit 1; }')
    with pytest.raises(
        UserError, match=r"docker cannot fetch the image .no such host.*apt-get install"
    ) as told:
        found("promtool", folder).run(folder=tmp_path)
    assert told.value.exit_code == ExitCode.MISSING


@pytest.mark.parametrize("code", [125, 126, 127])
def test_an_engine_that_fails_is_not_the_program_that_fails(
    code: int, folder: Folder, tmp_path: Path
) -> None:
    """What the engine could not start is an error, and no result of the program."""
    folder.script("docker", f'[ "$1" = run ] || exit 0; echo "permission denied" >&2; exit {code}')
    with pytest.raises(UserError, match=r"docker cannot run it .permission denied"):
        found("promtool", folder).run(folder=tmp_path)


def test_an_engine_that_does_not_answer_is_passed_over(folder: Folder) -> None:
    """Where docker is installed and does not run, podman is asked."""
    folder.script("docker", "echo 'Cannot connect to the daemon' >&2; exit 1")
    folder.script("podman", "exit 0")
    there = found("promtool", folder)
    assert there.command([], folder=Path("/"))[0] == str(folder.path / "podman")


@pytest.mark.parametrize("way", ["path", "image"])
def test_what_does_not_end_is_stopped(way: str, folder: Folder, tmp_path: Path) -> None:
    """A program that outlasts its time is stopped, its container too, and the user is told."""
    name = "promtool" if way == "path" else "docker"
    folder.script(name, '[ "$1" = run ] || [ "$1" = hang ] || exit 0; exec sleep 60')
    argument = ["hang"] if way == "path" else []
    with pytest.raises(UserError, match=r"promtool did not end within 0\.3 s"):
        found("promtool", folder).run(*argument, folder=tmp_path, timeout=0.3)
    if way == "image":
        run = next(call for call in folder.calls if call[1] == "run")
        container = next(word for word in run if word.startswith("--name=")).removeprefix("--name=")
        assert ["docker", "kill", container] in folder.calls


def test_go_builds_what_is_not_there_otherwise(folder: Folder, tmp_path: Path) -> None:
    """A tool of tools/go.mod is compiled once and then run itself, in the caller's folder."""
    tool = folder.script("compiled-promtool", "pwd; exit 1")
    folder.script("go", f"echo {tool}")
    promtool = found("promtool", folder)
    assert folder.calls == []
    assert [promtool.run("check", folder=tmp_path).output for _ in "ab"] == [f"{tmp_path}\n"] * 2
    assert promtool.way == "go"
    assert folder.calls == [
        ["go", "-C", str(ROOT / "tools"), "tool", "-n", "promtool"],
        ["compiled-promtool", "check"],
        ["compiled-promtool", "check"],
    ]
    assert promtool.version() == PROGRAMS["promtool"].numbers


def test_what_go_cannot_build_is_said(folder: Folder, tmp_path: Path) -> None:
    """Go's reason is told."""
    folder.script("go", "echo 'go: downloading' >&2; echo 'requires go >= 1.26' >&2; exit 1")
    with pytest.raises(UserError, match=r"go cannot build it .requires go >= 1\.26"):
        found("amtool", folder).prepare()


def test_a_missing_program_names_every_way_to_get_it(folder: Folder) -> None:
    """The sentence says of each way why not, and the package, the image and Go."""
    folder.script("docker", "echo 'is the docker daemon running?' >&2; exit 1")
    missing = find("promtool", environ=folder.environ)
    assert isinstance(missing, Missing)
    assert str(missing) == (
        "promtool was not found (not on PATH as promtool; docker does not answer (is the docker daemon "
        "running?), no podman; no go): install it (Debian and Ubuntu: apt-get install prometheus), or start "
        f"docker or podman, which can run {PROGRAMS['promtool'].pinned_image}, or install Go 1.26 or newer, "
        "which can build it"
    )
    with pytest.raises(UserError) as told:
        require("promtool", environ=folder.environ)
    assert (str(told.value), told.value.exit_code) == (str(missing), ExitCode.MISSING)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_each_program_can_be_got(name: str, folder: Folder) -> None:
    """Nothing is missing without a way to get it."""
    missing = find(name, environ=folder.environ)
    assert isinstance(missing, Missing)
    assert missing.known.ways_to_get


def test_only_the_ways_that_are_wanted_are_tried(folder: Folder) -> None:
    """Who wants nothing fetched or compiled leaves those ways out."""
    folder.script("docker", DOCKER_THAT_RUNS)
    folder.script("go", "exit 0")
    assert isinstance(find("promtool", ways=("path",), environ=folder.environ), Missing)
    assert folder.calls == []


def test_a_program_without_a_version_is_unusable(folder: Folder) -> None:
    """A program that does not tell its version is named with what it said."""
    folder.script("pint", "echo 'who knows'")
    with pytest.raises(UserError, match="does not tell its version but 'who knows'"):
        found("pint", folder).version()


def test_a_file_that_cannot_be_started_is_said(folder: Folder, tmp_path: Path) -> None:
    """A program for another machine is an error with a reason, not a traceback."""
    (folder.path / "promtool").write_bytes(b"\x7fELF, but of no known kind")
    (folder.path / "promtool").chmod(0o755)
    with pytest.raises(UserError, match="cannot be used: Exec format error"):
        found("promtool", folder).run(folder=tmp_path)


def test_the_real_promtool(tmp_path: Path) -> None:
    """The installed promtool tells its version and judges a rule file."""
    program("promtool")
    promtool = require("promtool", ways=("path",))
    assert promtool.version() >= (2, 42)
    rules = tmp_path / "rules.yaml"
    rules.write_text("groups: [{name: a, rules: [{record: 'a:b', expr: 'sum(up)'}]}]\n")
    assert promtool.run("check", "rules", "rules.yaml", folder=tmp_path).ok
    rules.write_text("groups: [{name: a, rules: [{record: 'a:b', expr: 'sum(up'}]}]\n")
    refused = promtool.run("check", "rules", "rules.yaml", folder=tmp_path)
    assert not refused.ok
    assert "unclosed left parenthesis" in refused.errors


def test_one_version_wherever_a_program_comes_from() -> None:
    """tools/go.mod pins the versions of the table; Prometheus 3.14 is module v0.314 there."""
    module = (ROOT / "tools" / "go.mod").read_text()
    tools = set(re.findall(r"^\t(\S+)$", module, re.MULTILINE))
    wanted = {
        "promtool": ("github.com/prometheus/prometheus", "v0.{1:d}{2:02d}.{3:d}"),
        "prometheus": ("github.com/prometheus/prometheus", "v0.{1:d}{2:02d}.{3:d}"),
        "amtool": ("github.com/prometheus/alertmanager", "v{1}.{2}.{3}"),
        "pint": ("github.com/cloudflare/pint", "v{1}.{2}.{3}"),
    }
    assert {known.tool for known in PROGRAMS.values() if known.tool} == set(wanted)
    for name, (path, form) in wanted.items():
        assert f"{path}/cmd/{name}" in tools
        assert f"{path} {form.format('', *PROGRAMS[name].numbers)}" in module
    assert f"collector/cmd/builder v{PROGRAMS['otelcol'].version}" in module


def test_images_are_pinned() -> None:
    """Each image has a registry and a version for its tag."""
    for known in PROGRAMS.values():
        if known.image:
            assert re.fullmatch(r"[\w.]+\.\w+/[\w/-]+:v?\d+\.\d+(\.\d+)?", known.pinned_image)


def test_the_page_names_every_program() -> None:
    """docs/programs.md has each program with its version, package and image."""
    page = (ROOT / "docs" / "programs.md").read_text("utf-8")
    for known in PROGRAMS.values():
        row = next(line for line in page.splitlines() if line.startswith(f"| {known.name} |"))
        for word in (known.version, known.package, known.pinned_image):
            assert word in row
