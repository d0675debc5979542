"""Panel types that grafanalib lacks, or writes in the shape of older Grafanas."""

from __future__ import annotations

from typing import Any, ClassVar

import attr
from grafanalib import core


@attr.s
class PluginPanel(core.Panel):
    """A panel of any type: what is special about it stands in `options` and the field configuration."""

    type: ClassVar[str] = ""

    def to_json_data(self) -> dict[str, Any]:
        """The panel as Grafana stores it."""
        return self.panel_json({"type": self.type, "fieldConfig": {"overrides": []}, "options": {}})


@attr.s
class Table(PluginPanel):
    """A table; grafanalib's has the columns of Grafana 7 and loses its cell options on migration."""

    type = "table"


@attr.s
class Gauge(PluginPanel):
    """A gauge; grafanalib's writes its options where no Grafana reads them."""

    type = "gauge"


@attr.s
class BarGauge(PluginPanel):
    """A bar gauge; grafanalib's is that of Grafana 6."""

    type = "bargauge"


@attr.s
class Heatmap(PluginPanel):
    """A heatmap; grafanalib's is the one from before the rewrite in Grafana 9."""

    type = "heatmap"


@attr.s
class NodeGraph(PluginPanel):
    """A graph of nodes and edges; grafanalib has none."""

    type = "nodeGraph"


@attr.s
class Trace(PluginPanel):
    """The waterfall of one trace; grafanalib has none."""

    type = "traces"


@attr.s
class AnyPanel(PluginPanel):
    """A panel of a plugin that has no class here."""

    plugin: str = attr.ib(default="")

    def to_json_data(self) -> dict[str, Any]:
        """The panel as Grafana stores it."""
        return {**super().to_json_data(), "type": self.plugin}
