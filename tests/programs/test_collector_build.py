"""The Collector is built from its manifest once, into Gnomon's cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnomon.errors import UserError
from gnomon_generators.programs import PROGRAMS, Program
from gnomon_generators.programs.built import Collector, cache_folder
from tests.programs.folders import Folder

MANIFEST = "dist:\n  name: otelcol-gnomon\n  output_path: ./somewhere/else\n"
# Does what the Collector's builder does: it makes the folder that the manifest names, and the program in it.
BUILDER = """
folder=$(sed -n 's/^ *output_path: *//p' "$2")
mkdir -p "$folder"
printf '#!/bin/sh\\necho otelcol-gnomon version 0.159.0\\n' > "$folder/otelcol-gnomon"
chmod +x "$folder/otelcol-gnomon"
"""


class Workplace:
    def __init__(self, path: Path) -> None:
        self.folder = Folder(path / "bin")
        self.manifest = path / "builder.yaml"
        self.manifest.write_text(MANIFEST)
        self.cache = path / "cache"
        self.go = self.folder.script("go", f"echo {self.folder.path / 'builder'}")

    @property
    def collector(self) -> Collector:
        return Collector(PROGRAMS["otelcol"], self.go, self.folder.path, self.manifest, self.cache)

    @property
    def builds(self) -> int:
        return sum(call[0] == "builder" for call in self.folder.calls)


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def version_of(program: Program) -> tuple[int, ...]:
    return program.version()


def test_one_build_for_one_manifest(workplace: Workplace) -> None:
    """It is built when first run, taken from the cache afterwards, and built anew for another manifest."""
    workplace.folder.script("builder", BUILDER)
    assert workplace.collector.built is None
    assert [version_of(workplace.collector) for _ in "ab"] == [(0, 159, 0)] * 2
    assert workplace.builds == 1
    workplace.manifest.write_text(MANIFEST.replace("gnomon", "gnomon-too"))
    workplace.collector.prepare()
    assert workplace.builds == 2
    assert len(list(workplace.cache.iterdir())) == 2
    assert not (workplace.manifest.parent / "somewhere").exists()


def test_a_failed_build_leaves_nothing(workplace: Workplace) -> None:
    """The builder's reason is told, and no half of a Collector is taken for a whole one."""
    workplace.folder.script("builder", f"{BUILDER}\necho 'no such module' >&2; exit 1")
    with pytest.raises(UserError, match=r"builder failed .no such module"):
        workplace.collector.prepare()
    assert list(workplace.cache.iterdir()) == []
    assert workplace.collector.built is None


def test_the_cache_can_be_elsewhere(tmp_path: Path) -> None:
    """GNOMON_CACHE names the folder, else it is in the user's cache."""
    assert cache_folder({"GNOMON_CACHE": str(tmp_path)}) == tmp_path
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "gnomon"
    assert cache_folder({}) == Path.home() / ".cache" / "gnomon"


def test_two_that_build_at_once(workplace: Workplace) -> None:
    """Where another process has built the same meanwhile, what it built stays and is what is run."""
    quicker = (
        BUILDER
        + f"""
    place={workplace.cache}/otelcol-gnomon-$(sha256sum {workplace.manifest} | cut -c -12)
    mkdir -p "$place"
    printf '#!/bin/sh\\necho otelcol-gnomon version 1.2.3\\n' > "$place/otelcol-gnomon"
    chmod +x "$place/otelcol-gnomon"
    """
    )
    workplace.folder.script("builder", quicker)
    assert version_of(workplace.collector) == (1, 2, 3)
    assert len(list(workplace.cache.iterdir())) == 1
