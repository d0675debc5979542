"""The files of Grafana's alerting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from gnomon_generators.alertmanager import AlertmanagerConfig
from gnomon_generators.document import Document
from gnomon_generators.grafana_alerting.rules import rule_group
from gnomon_generators.grafana_alerting.telling import contact_points, mute_timings, policies
from gnomon_generators.rules import Group
from gnomon_generators.yaml_text import comment, head, text

FOLDER: Final = PurePosixPath("stack/yaml/grafana/alerting")
"""Where the files are written: beside the rest of what Grafana is provisioned with."""


def documents(groups: Sequence[Group], config: AlertmanagerConfig) -> Iterator[Document]:
    """One file a kind of resource, as Grafana's provisioning reads them.

    Raises `UserError` for what Grafana's alerting cannot do.
    """
    templates = [{"orgId": 1, "name": one.name, "template": one.text} for one in config.templates]
    yield _document(
        "rules", "The alerts.", groups=[rule_group(group) for group in groups if any(group.alerts)]
    )
    yield _document("contact-points", "Who is told, and how.", contactPoints=contact_points(config))
    yield _document("policies", "Who is told of what.", policies=policies(config))
    yield _document("mute-timings", "When nobody is told.", muteTimes=mute_timings(config))
    yield _document("templates", "What messages say.", templates=templates)


def _document(name: str, about: str, **resources: Any) -> Document:
    start = head("gnomon generate", "alerts/*.py") + comment(about)
    return Document(FOLDER / f"{name}.yaml", f"{start}\n{text({'apiVersion': 1, **resources})}")
