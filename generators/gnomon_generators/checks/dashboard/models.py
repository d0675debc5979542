"""Grafana's own models of dashboards, from grafana-foundation-sdk 0.0.21."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from gnomon_generators.checks.schema import Path, without_nulls


@cache
def models_missing() -> str:
    """Why the models cannot be used; empty when they can."""
    try:
        with warnings.catch_warnings():
            # Its import prefers the second schema, which file provisioning does not take.
            warnings.simplefilter("ignore", DeprecationWarning)
            from grafana_foundation_sdk.cog import plugins  # noqa: PLC0415 - a dependency of development
            from grafana_foundation_sdk.models import dashboard  # noqa: PLC0415
    except ImportError as error:
        return str(error)
    if not hasattr(dashboard.Dashboard, "from_json"):
        # Releases before 0.0.1 carry a higher version number, and these have no such door.
        return "this release of grafana-foundation-sdk reads no JSON"
    plugins.register_default_plugins()
    return ""


def keys_lost(document: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The places of a dashboard that do not come back, each with a sentence.

    A panel that the models cannot read at all is told as one place. Call it only when `models_missing` is
    empty.
    """
    dashboard = without_nulls(document)
    frame = {key: value for key, value in dashboard.items() if key != "panels"}
    for path, message in _compared(frame, ()):
        # The query of an annotation is its data source's own, and the models know little of these.
        if "target" not in path:
            yield path, message
    for path, panel in _panels(dashboard):
        # A panel by itself, so that one that cannot be read does not hide the others.
        for place, message in _compared({"panels": [_readable(panel)]}, ()):
            yield (*path, *place[2:]), message


def _panels(holder: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    panels = holder.get("panels")
    for number, panel in enumerate(panels if isinstance(panels, list) else ()):
        if isinstance(panel, Mapping):
            place = (*path, "panels", number)
            yield place, {key: value for key, value in panel.items() if key != "panels"}
            yield from _panels(panel, place)


def _readable(panel: Mapping[str, Any]) -> dict[str, Any]:
    """The panel with its queries in the form that the models recognise.

    They read every query as one of the panel's data source, whatever the query says itself; without the
    panel's they go by the query's.
    """
    targets = panel.get("targets")
    if not isinstance(targets, list):
        return dict(panel)
    own = panel.get("datasource")
    return {key: value for key, value in panel.items() if key != "datasource"} | {
        "targets": [
            {"datasource": own, **target} if own and isinstance(target, Mapping) else target
            for target in targets
        ]
    }


def _compared(document: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    from grafana_foundation_sdk.cog.encoder import JSONEncoder  # noqa: PLC0415 - a dependency of development
    from grafana_foundation_sdk.models.dashboard import Dashboard  # noqa: PLC0415

    try:
        text = JSONEncoder().encode(Dashboard.from_json(dict(document)))
    except KeyError as error:
        yield (
            (*path, "panels", 0),
            f"Grafana's own models know no {error} where it stands, and cannot read the rest.",
        )
        return
    except (AttributeError, TypeError, ValueError) as error:
        yield (*path, "panels", 0), f"Grafana's own models cannot read this: {error}."
        return
    yield from _lost(document, json.loads(text), path)


def _lost(before: Any, after: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(before, Mapping):
        for key, value in before.items():
            if isinstance(after, Mapping) and key in after:
                yield from _lost(value, after[key], (*path, key))
            elif value not in (None, "", [], {}):
                yield (
                    (*path, key),
                    f"Grafana's own models do not know `{key}`: it is gone when they write the file.",
                )
    elif isinstance(before, list) and isinstance(after, list):
        for number, (old, new) in enumerate(zip(before, after, strict=False)):
            yield from _lost(old, new, (*path, number))
