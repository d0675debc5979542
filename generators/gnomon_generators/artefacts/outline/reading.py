"""From a file to its outline, by what the file holds and not by its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gnomon.errors import ExitCode, UserError
from gnomon_generators.artefacts.outline import schema_v2
from gnomon_generators.artefacts.outline.configurations import alertmanager, anything, collector
from gnomon_generators.artefacts.outline.dashboards import dashboard
from gnomon_generators.artefacts.outline.model import Item
from gnomon_generators.artefacts.outline.plain import mapping
from gnomon_generators.artefacts.outline.rule_files import rule_file


def read(path: Path) -> Item:
    """The outline of a file. Raises `UserError` when it cannot be read or understood."""
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file in it")
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise UserError(f"there is no file {path}", ExitCode.MISSING) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    return read_text(text, str(path))


def read_text(text: str, name: str) -> Item:
    """The outline of a JSON or YAML text; `name` is what a mistake in it is reported under.

    Dashboards are taken out of the envelopes of Grafana's interfaces, rules out of Kubernetes resources.
    """
    raw = _parsed(text, name)
    if isinstance(raw, list) and raw and all(isinstance(entry, Mapping) for entry in raw):
        # Such as a file of targets for Prometheus.
        return anything({"entries": raw})
    if not isinstance(raw, Mapping):
        raise UserError(f"{name} holds no mapping; name a dashboard, a rule file or a configuration")
    return _outlined(_unwrapped(raw))


def _outlined(raw: Mapping[str, Any]) -> Item:
    if schema_v2.is_v2(raw):
        return dashboard(schema_v2.classic(raw))
    if isinstance(raw.get("panels"), list) or isinstance(raw.get("rows"), list) or "schemaVersion" in raw:
        return dashboard(raw)
    if isinstance(raw.get("groups"), list):
        return rule_file(raw)
    if "route" in raw and "receivers" in raw:
        return alertmanager(raw)
    if "pipelines" in mapping(raw.get("service")):
        return collector(raw)
    return anything(raw)


def _unwrapped(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(raw.get("dashboard"), Mapping):
        return mapping(raw["dashboard"])
    if "apiVersion" in raw and isinstance(raw.get("spec"), Mapping):
        return mapping(raw["spec"])
    return raw


def _parsed(text: str, name: str) -> object:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            if name.endswith(".json"):
                raise UserError(f"{name}, line {error.lineno}: {error.msg}") from error
    return _yaml(text, name)


def _yaml(text: str, name: str) -> object:
    import yaml  # noqa: PLC0415 - dashboards do without

    try:
        # Without types: `5m`, `yes` and `09:30` are what Go's reader takes them for, not what YAML 1.1 says.
        return yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 - texts only
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{name}{line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise UserError(f"{name} is not YAML: {error}") from error
