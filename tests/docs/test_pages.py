"""What the pages show is what happens: their files are written, their commands run, their output compared."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import warm
from tests.docs.blocks import Block, Section, commands, missing, sections
from tests.otlp_sink import http_sink, refusing_port
from tests.plugin.project import OPTIONAL_PLUGINS
from tests.promql.servers import program

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (
    *("pytest.md", "sdk.md", "architecture.md", "generate.md", "check.md", "notifications.md"),
    *("dashboards.md", "write-a-dashboard.md", "write-a-rule.md", "simulate.md", "stack.md", "truth.md"),
    *("bisect.md", "changes.md", "flaky.md", "watch.md"),
    *("gate.md", "change-page.md"),
)
BACKEND = "localhost:4318"
INSTALL = "pip install --editable ."
DATA = {"yaml", "json", "toml", "ini"}

SECTIONS = [
    pytest.param(section, id=f"{page}: {section.title}")
    for page in PAGES
    for section in sections(DOCS / page)
    if section.runs
]


@pytest.mark.parametrize("page", PAGES)
def test_no_block_goes_unproven(page: str) -> None:
    """Each block says how it is proven, or that it is mere text, and a file is used by a command."""
    for section in sections(DOCS / page):
        for block in section.blocks:
            where = f"{page}:{block.line}"
            assert block.language in {"python", "console", "text", *DATA}, where
            if block.language in {"python", *DATA}:
                assert "file" in block.options or "run" in block.words, f"{where}: nobody runs it"
            if "file" in block.options:
                assert section.runs, f"{where}: a file that no command uses"


@pytest.mark.parametrize("section", SECTIONS)
def test_section(section: Section, tmp_path: Path) -> None:
    """The blocks of a section, in their order and in one project, do what the page says."""
    if any(
        command.text.startswith("promtool ")
        for block in section.blocks
        if block.language == "console"
        for command in commands(block)
    ):
        program("promtool")
    project = tmp_path / "shop"
    project.mkdir()
    for block in section.blocks:
        if "file" in block.options:
            target = project / block.options["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, "utf-8")
        elif block.language == "console" or "run" in block.words:
            with _backend(alive="backend" in block.words) as authority:
                _prove(block, section, project, authority)


@contextlib.contextmanager
def _backend(*, alive: bool) -> Iterator[str]:
    with contextlib.ExitStack() as stack:
        if alive:
            yield stack.enter_context(http_sink()).endpoint.removeprefix("http://")
        else:
            yield f"127.0.0.1:{stack.enter_context(refusing_port())}"


def _prove(block: Block, section: Section, project: Path, authority: str) -> None:
    environment = _environment(section, project)
    if block.language == "python":
        code = block.text.replace(BACKEND, authority)
        done = _run([sys.executable, "-c", code], project, environment)
        assert (done.returncode, done.stderr) == (0, ""), f"line {block.line}: {done.stdout}{done.stderr}"
        return
    for command in commands(block):
        if command.text == INSTALL:
            _install(project)
            continue
        done = _run(["bash", "-c", command.text.replace(BACKEND, authority)], project, environment)
        output = (done.stdout + done.stderr).replace(authority, BACKEND)
        wanted = int(block.options.get("status", 0)) if "pytest" in command.text else 0
        assert done.returncode == wanted, f"line {block.line}: `{command.text}`\n{output}"
        left_out = missing(command.expected, output)
        assert left_out is None, f"line {block.line}: `{command.text}` does not say: {left_out}\n{output}"


def _install(project: Path) -> None:
    """What an editable install leaves of entry points; the tests change no environment and ask no index."""
    described = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = described["name"], described["version"]
    metadata = project / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = described["entry-points"].items()
    lines = (
        f"[{group}]\n" + "".join(f"{key} = {at}\n" for key, at in points.items()) for group, points in groups
    )
    (metadata / "entry_points.txt").write_text("\n".join(lines))


def _run(command: list[str], project: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def _environment(section: Section, project: Path) -> dict[str, str]:
    unwanted = [name for key, name in OPTIONAL_PLUGINS.items() if key not in section.plugins]
    temporary = project.parent / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        "PATH": os.pathsep.join([str(warm.scripts()), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(project.parent),
        "PYTHONPATH": str(project),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "COLUMNS": "160",
        "USER": "ada",
        "PYTHONDONTWRITEBYTECODE": "1",
        "GIT_CEILING_DIRECTORIES": str(project.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTEST_ADDOPTS": " ".join(["-p no:cacheprovider", *(f"-p no:{name}" for name in unwanted)]),
    }


def test_the_index_names_every_page() -> None:
    """docs/README.md links to each page of the folder."""
    index = (DOCS / "README.md").read_text("utf-8")
    for page in [*DOCS.glob("*.md"), DOCS / "registry"]:
        if page.name != "README.md":
            assert f"]({page.name}" in index, page.name


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_no_link_leads_nowhere(page: str) -> None:
    """Each link of a page to a file or a heading of this repository finds it."""
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", (DOCS / page).read_text("utf-8")):
        found = DOCS / (target or page)
        assert found.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text("utf-8"), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, f"{target}#{anchor}"


def _anchor(heading: str) -> str:
    """The name that code hosts give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
