"""The table of programs: their names, the versions they are pinned to, and where each can be had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from gnomon.record import Record

Way = Literal["path", "image", "go"]
"""Where a program comes from: installed, a container image, or built by Go."""

WAYS: Final[tuple[Way, ...]] = ("path", "image", "go")


class Known(Record):
    """What is known of a program before it is looked for.

    `version` is the one that the image and `tools/go.mod` are pinned to, as the image's tag has it;
    `executables` are the program's names on PATH; `package` is Debian's; `entrypoint` is the program's
    path inside the image; `tool` is its name for `go tool`; `manifest` tells that Go builds it with the
    Collector's builder instead; `module` is what it is built from by itself, with `page` in the place of its
    web pages; `advice` is how to get it where none of these help.
    """

    name: str
    version: str
    executables: tuple[str, ...]
    version_arguments: tuple[str, ...] = ("--version",)
    package: str = ""
    image: str = ""
    entrypoint: str = ""
    tool: str = ""
    manifest: bool = False
    module: str = ""
    page: str = ""
    advice: str = ""

    @property
    def pinned_image(self) -> str:
        """The image with its tag, or nothing when there is none."""
        return f"{self.image}:{self.version}" if self.image else ""

    @property
    def of_go(self) -> bool:
        """Whether Go can build it."""
        return bool(self.tool or self.manifest or self.module)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The pinned version as numbers."""
        return tuple(int(part) for part in self.version.removeprefix("v").split("."))

    @property
    def ways_to_get(self) -> str:
        """How to get the program, as the end of a sentence."""
        ways = []
        if self.package:
            ways.append(f"install it (Debian and Ubuntu: apt-get install {self.package})")
        if self.image:
            ways.append(f"start docker or podman, which can run {self.pinned_image}")
        if self.of_go:
            ways.append("install Go 1.26 or newer, which can build it")
        if self.advice:
            ways.append(self.advice)
        return ", or ".join(ways)


PROGRAMS: Final[Mapping[str, Known]] = {
    known.name: known
    for known in (
        Known(
            "promtool",
            "v3.14.0",
            executables=("promtool",),
            package="prometheus",
            image="docker.io/prom/prometheus",
            entrypoint="/bin/promtool",
            tool="promtool",
        ),
        Known(
            "prometheus",
            "v3.14.0",
            executables=("prometheus",),
            package="prometheus",
            image="docker.io/prom/prometheus",
            entrypoint="/bin/prometheus",
            tool="prometheus",
        ),
        Known(
            "amtool",
            "v0.34.2",
            executables=("amtool",),
            package="prometheus-alertmanager",
            image="docker.io/prom/alertmanager",
            entrypoint="/bin/amtool",
            tool="amtool",
        ),
        Known(
            "alertmanager",
            "v0.34.2",
            executables=("alertmanager", "prometheus-alertmanager"),
            package="prometheus-alertmanager",
            image="docker.io/prom/alertmanager",
            entrypoint="/bin/alertmanager",
            module="github.com/prometheus/alertmanager",
            page="ui/app/dist/index.html",
        ),
        # `otelcol` on PATH would be the core distribution, which lacks span_metrics, transform and more.
        Known(
            "otelcol",
            "0.159.0",
            executables=("otelcol-contrib", "otelcol-gnomon"),
            image="docker.io/otel/opentelemetry-collector-contrib",
            entrypoint="/otelcol-contrib",
            manifest=True,
        ),
        Known(
            "tempo",
            "3.0.2",
            executables=("tempo",),
            image="docker.io/grafana/tempo",
            entrypoint="/tempo",
            advice="take it from github.com/grafana/tempo/releases",
        ),
        Known(
            "grafana",
            "13.0.2",
            executables=("grafana",),
            image="docker.io/grafana/grafana",
            entrypoint="/usr/share/grafana/bin/grafana",
            advice="install it from apt.grafana.com",
        ),
        Known(
            "postgres",
            "17.9",
            executables=("postgres",),
            package="postgresql",
            image="docker.io/library/postgres",
            entrypoint="/usr/local/bin/postgres",
        ),
        Known(
            "pint",
            "0.87.0",
            executables=("pint",),
            version_arguments=("version",),
            image="ghcr.io/cloudflare/pint",
            entrypoint="/usr/local/bin/pint",
            tool="pint",
        ),
        # No tool of ours: a module among those it needs is not served by every module proxy.
        Known(
            "dashboard-linter",
            "v0.2.0",
            executables=("dashboard-linter",),
            advice="build it from a clone of github.com/grafana/dashboard-linter at v0.2.0 (go install .)",
        ),
    )
}
"""Every program, by name."""
