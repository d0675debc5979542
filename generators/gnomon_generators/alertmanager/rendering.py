"""From the configuration to the files that Alertmanager reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gnomon_generators.alertmanager.config import AlertmanagerConfig
from gnomon_generators.yaml_text import comment, head, text

TEMPLATES = "templates"
"""Folder of the templates, beside the configuration."""


def render(config: AlertmanagerConfig, source: str) -> str:
    """The configuration as YAML with comments; the same bytes for the same configuration.

    `source` is the definition file that it comes from, as the first line tells.
    """
    parts = [head("gnomon generate", source) + comment(config.about)]
    if config.templates:
        # Relative to this file, unlike the paths of secrets.
        parts.append(text({"templates": [f"{TEMPLATES}/*.tmpl"]}))
    parts.append(text({"route": config.route.options()}))
    if config.inhibit_rules:
        parts.append(_list("inhibit_rules", ((rule.about, rule.options()) for rule in config.inhibit_rules)))
    if config.time_intervals:
        parts.append(
            _list("time_intervals", (("", interval.options()) for interval in config.time_intervals))
        )
    parts.append(_list("receivers", ((each.about, each.options()) for each in config.receivers)))
    return "\n".join(parts)


def template_files(config: AlertmanagerConfig, source: str) -> Mapping[str, str]:
    """The files of templates by their path relative to the configuration."""
    return {f"{TEMPLATES}/{each.name}.tmpl": _template_head(source) + each.text for each in config.templates}


def _template_head(source: str) -> str:
    return "{{/* " + head("gnomon generate", source).removeprefix("# ").rstrip("\n") + " */}}\n"


def _list(key: str, entries: Iterable[tuple[str, Mapping[str, object]]]) -> str:
    body = "".join((comment(about, 2) if about else "") + text([dict(entry)], 2) for about, entry in entries)
    return f"{key}:\n{body}"
