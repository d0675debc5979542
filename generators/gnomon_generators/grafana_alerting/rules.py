"""Alert rules as Grafana evaluates them, over the series that Prometheus has."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from gnomon.errors import UserError
from gnomon_generators.document import dashboard_uid, panel_id
from gnomon_generators.promql.windows import milliseconds
from gnomon_generators.rules import AlertRule, Group

DATA_SOURCE: Final = "gnomon-prometheus"
"""Uid of the data source that the alerts ask."""

FOLDER: Final = "Gnomon"
"""Folder of the rules in Grafana."""

_QUERY, _MATH, _CONDITION = "query", "prometheus_math", "threshold"
_LONGEST_UID: Final = 40
# Grafana's scheduler has this beat.
_BEAT: Final = "10s"
_VALUE: Final = re.compile(r"\$value\b")
_PAST: Final = {"from": 600, "to": 0}


def rule_group(group: Group) -> dict[str, Any]:
    """The alerts of a group as a group of Grafana's.

    Raises `UserError` for an interval that Grafana's scheduler does not know.
    """
    if milliseconds(group.interval) % milliseconds(_BEAT):
        raise UserError(
            f"Grafana evaluates rules every {_BEAT} or a multiple of it, and not every {group.interval} "
            "(rules.interval); write another interval, or `alerts: {grafana: false}`"
        )
    return {
        "orgId": 1,
        "name": group.name,
        "folder": FOLDER,
        "interval": str(group.interval),
        "rules": [_rule(group, alert) for alert in group.alerts],
    }


def _rule(group: Group, alert: AlertRule) -> dict[str, Any]:
    panel = alert.panel
    linked = {"dashboardUid": dashboard_uid(panel.board), "panelId": panel_id(panel.title)} if panel else {}
    return {
        "uid": _uid(alert.alert),
        "title": alert.alert,
        "condition": _CONDITION,
        "data": _data(alert.expr.text),
        **linked,
        # As in Prometheus: no result is no alert, and one that is gone is over at once.
        "noDataState": "OK",
        "execErrState": "Error",
        "missing_series_evals_to_resolve": 1,
        "for": str(alert.hold),
        "annotations": {name: _in_grafana(text) for name, text in group.annotations(alert).items()},
        "labels": {name: _kept(text) for name, text in {"severity": alert.severity, **alert.labels}.items()},
    }


def _data(expression: str) -> list[dict[str, Any]]:
    """The expression, and that whatever it gives is an alert, as Grafana itself converts Prometheus' rules.

    (github.com/grafana/grafana, pkg/services/ngalert/prom)
    """
    of_grafana = {"type": "__expr__", "uid": "__expr__"}
    query = {
        "refId": _QUERY,
        "datasource": {"type": "prometheus", "uid": DATA_SOURCE},
        "expr": expression,
        "instant": True,
        "range": False,
    }
    number = f"is_number(${_QUERY}) || is_nan(${_QUERY}) || is_inf(${_QUERY})"
    math = {"refId": _MATH, "datasource": of_grafana, "type": "math", "expression": number}
    condition = {
        "refId": _CONDITION,
        "datasource": of_grafana,
        "type": "threshold",
        "expression": _MATH,
        "conditions": [{"evaluator": {"type": "gt", "params": [0]}}],
    }
    return [
        {"refId": _QUERY, "relativeTimeRange": _PAST, "datasourceUid": DATA_SOURCE, "model": query},
        {"refId": _MATH, "queryType": "math", "datasourceUid": "__expr__", "model": math},
        {"refId": _CONDITION, "queryType": "threshold", "datasourceUid": "__expr__", "model": condition},
    ]


def _in_grafana(template: str) -> str:
    """Prometheus' template as Grafana's: there the value of the alert is that of its query."""
    return _VALUE.sub(f"$values.{_QUERY}.Value", template)


def _kept(text: str) -> str:
    """Text whose dollars Grafana leaves alone when it reads the file."""
    return text.replace("$", "$$")


def _uid(alert: str) -> str:
    uid = f"gnomon-{alert}"
    return uid if len(uid) <= _LONGEST_UID else f"gnomon-{hashlib.sha256(alert.encode()).hexdigest()[:32]}"
