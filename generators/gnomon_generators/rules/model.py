"""What a rule and a group of rules say, checked when they are made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from gnomon.errors import UserError
from gnomon.settings.model import Settings
from gnomon_generators.promql import Expr, Window
from gnomon_generators.promql.windows import is_fixed, milliseconds
from gnomon_generators.rules.panels import Panel

Severity = Literal["critical", "warning", "info"]
"""`critical` wakes somebody, `warning` is looked at in working hours, `info` is only shown."""

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

RUNBOOKS: Final = "docs/runbooks/{alert}.md"
"""Where an alert's runbook is, when the settings name no other place."""

_RECORD: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*(:[a-zA-Z0-9_]+)+")
_ALERT: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
_GROUP: Final = re.compile(r"[a-z][a-z0-9_]*")
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

# Prometheus forgets a sample after five minutes; a series that is written less often has holes.
_LONGEST_INTERVAL: Final = "4m"


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """A series that Prometheus computes and keeps. `record` is `level:metric`, `brief` what it says."""

    record: str
    expr: Expr
    brief: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _RECORD.fullmatch(self.record):
            raise UserError(
                f"{self.record!r} is no name for a recorded series: write level:metric, such as suite:runs_1d"
            )
        _check_expr(self.record, self.expr)
        if self.expr.ranked:
            raise UserError(
                f"{self.record}: a series of the highest or lowest comes and goes as others overtake it; "
                "record them all and choose in the panel"
            )
        _check_labels(self.record, self.labels)
        _check_text(self.record, "brief", self.brief)

    @property
    def name(self) -> str:
        """The name of the series."""
        return self.record


@dataclass(frozen=True, slots=True)
class AlertRule:
    """A condition that somebody is told of once it has held for `hold`.

    `summary` is one fixed sentence, so that alerts of one kind read alike; `description` says which and how
    bad, with Prometheus' templates (`{{ $labels.test_suite_name }}`, `{{ $value | printf "%.1f" }}`).

    What follows is for messages, which are read on a phone: `value` and `objective` are what is and what
    should be, each with its unit and nothing else (`{{ $value | printf "%.1f" }} %`, `at least 85 %`);
    `commit` is the change that probably caused it, where an expression can tell; `panel` shows it all.
    """

    alert: str
    expr: Expr
    hold: Window
    severity: Severity
    summary: str
    description: str
    labels: Mapping[str, str] = field(default_factory=dict)
    value: str = ""
    objective: str = ""
    commit: str = ""
    panel: Panel | None = None

    def __post_init__(self) -> None:
        if not _ALERT.fullmatch(self.alert):
            raise UserError(f"{self.alert!r} is no name for an alert: write it like RoutingAccuracyBelowSLO")
        _check_expr(self.alert, self.expr)
        if not is_fixed(self.hold) and self.hold not in ("0s", "0m"):
            raise UserError(f"{self.alert}: {self.hold!r} is no length of time: write one such as 10m, or 0s")
        if self.severity not in SEVERITIES:
            raise UserError(
                f"{self.alert}: there is no severity {self.severity!r}: write {', '.join(SEVERITIES)}"
            )
        if "severity" in self.labels:
            raise UserError(f"{self.alert}: the severity has a field of its own, not a label")
        _check_labels(self.alert, self.labels)
        _check_text(self.alert, "summary", self.summary)
        _check_text(self.alert, "description", self.description)
        if "{{" in self.summary:
            raise UserError(
                f"{self.alert}: the summary is one fixed sentence: move what varies to the description"
            )

    @property
    def name(self) -> str:
        """The name of the alert."""
        return self.alert


Rule = RecordingRule | AlertRule


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, in this order, every `interval`.

    `runbooks` is the pattern of the addresses of runbooks, with `{alert}` for the alert's name; `grafana`
    the address under which people reach Grafana, without which no alert links to its panel.
    """

    name: str
    rules: tuple[Rule, ...]
    interval: Window
    runbooks: str = RUNBOOKS
    grafana: str | None = None

    def __post_init__(self) -> None:
        if not _GROUP.fullmatch(self.name):
            raise UserError(f"{self.name!r} is no name for a group: write lower-case words with _ between")
        if not self.rules:
            raise UserError(f"the group {self.name} has no rules")
        if not is_fixed(self.interval) or milliseconds(self.interval) > milliseconds(_LONGEST_INTERVAL):
            raise UserError(
                f"the group {self.name} is evaluated every {self.interval} (rules.interval): write at most "
                f"{_LONGEST_INTERVAL}, for Prometheus forgets a sample after five minutes"
            )
        if "{alert}" not in self.runbooks:
            raise UserError(
                f"{self.runbooks!r} is the same address for every alert (alerts.runbook_url): "
                "write {alert} where its name belongs"
            )
        names = [rule.name for rule in self.rules]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"the group {self.name} has two rules {name}")

    @property
    def recording(self) -> Iterator[RecordingRule]:
        """The rules that record a series."""
        return (rule for rule in self.rules if isinstance(rule, RecordingRule))

    @property
    def alerts(self) -> Iterator[AlertRule]:
        """The alerts."""
        return (rule for rule in self.rules if isinstance(rule, AlertRule))

    def annotations(self, alert: AlertRule) -> dict[str, str]:
        """What an alert of this group tells, by the names that messages know."""
        panel = alert.panel.url(self.grafana, alert.expr.labels) if alert.panel and self.grafana else ""
        told = {
            "summary": alert.summary,
            "description": alert.description,
            "value": alert.value,
            "objective": alert.objective,
            "likely_commit": alert.commit,
            "runbook_url": self.runbooks.replace("{alert}", alert.alert),
            "panel_url": panel,
        }
        return {name: text for name, text in told.items() if text}


def group(settings: Settings, name: str, *rules: Rule, interval: Window | None = None) -> Group:
    """A group evaluated as often, and with runbooks and panels where, the settings say.

    `interval` is for what need not be computed so often. Raises `UserError` for what cannot be a group.
    """
    runbooks = settings.alerts.runbook_url or RUNBOOKS
    often = interval or settings.rules.interval
    return Group(name, rules, often, runbooks, settings.dashboards.url)


def outlasting(window: Window, hold: Window) -> Window:
    """The window, when what is seen in it once can be seen for as long as the alert waits.

    A run is one point: it is in a window of five minutes for five minutes, and an alert that waits as long
    never fires because of it. Raises `UserError` for such a pair.
    """
    if milliseconds(window) <= milliseconds(hold):
        raise UserError(
            f"an alert that waits {hold} never fires for what one run shows in a window of {window}: "
            "make the window longer or the wait shorter"
        )
    return window


def _check_expr(name: str, expr: Expr) -> None:
    if "$" in expr.text:
        raise UserError(f"{name}: {expr.text} has a variable of Grafana's, which Prometheus does not know")


def _check_labels(name: str, labels: Mapping[str, str]) -> None:
    for label in labels:
        if not _LABEL.fullmatch(label) or label.startswith("__"):
            raise UserError(f"{name}: {label!r} is no name for a label")


def _check_text(name: str, what: str, text: str) -> None:
    if not text.strip():
        raise UserError(f"{name} has no {what}: say what it is about")
