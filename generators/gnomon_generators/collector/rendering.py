"""From a Collector's configuration to the file that it reads."""

from __future__ import annotations

from gnomon_generators.collector.component import KINDS, Options
from gnomon_generators.collector.config import CollectorConfig, Pipeline
from gnomon_generators.yaml_text import comment, head, section, text


def render(config: CollectorConfig, source: str) -> str:
    """The configuration as YAML with comments; the same bytes for the same configuration.

    `source` is the definition file that it comes from, as the first line tells.
    """
    parts = [
        section(
            kind,
            ((each.about, {each.id: each.options()}) for each in config.components if each.kind == kind),
        )
        for kind in KINDS
    ]
    opening = head("gnomon generate", source) + comment(config.about)
    return "\n".join([opening, *(part for part in parts if part), _service(config)])


def _service(config: CollectorConfig) -> str:
    service: Options = {}
    if extensions := [each.id for each in config.components if each.kind == "extensions"]:
        service["extensions"] = extensions
    if config.telemetry:
        service["telemetry"] = config.telemetry.options()
    pipelines = "".join(
        (comment(each.about, 4) if each.about else "") + text({each.id: _ways(each)}, 4)
        for each in config.pipelines
    )
    return f"service:\n{text(service, 2) if service else ''}  pipelines:\n{pipelines}"


def _ways(pipeline: Pipeline) -> Options:
    ways: Options = {"receivers": [each.id for each in pipeline.receivers]}
    if pipeline.processors:
        ways["processors"] = [each.id for each in pipeline.processors]
    return ways | {"exporters": [each.id for each in pipeline.exporters]}
