"""Recording rules and alerts of Prometheus, from definitions to YAML.

    def groups(settings: Settings) -> Sequence[Group]:
        runs = total(metrics.GNOMON_RUN_FINISHED, "1d", by=[attributes.TEST_SUITE_NAME])
        return [group(settings, "run_rules", RecordingRule("suite:runs_1d", runs, "Runs in a day."))]

Expressions come from `gnomon_generators.promql`. What Prometheus would take and nobody would want is
refused with a `gnomon.errors.UserError` when the rule is made: a severity that no route knows, an alert
that cannot fire, a series under two names.
"""

from gnomon_generators.rules.burn_rates import BURNS, PERIOD, Burn, burning, reachable
from gnomon_generators.rules.model import (
    RUNBOOKS,
    SEVERITIES,
    AlertRule,
    Group,
    RecordingRule,
    Severity,
    group,
    outlasting,
)
from gnomon_generators.rules.panels import CHOICES, Panel
from gnomon_generators.rules.rendering import render
from gnomon_generators.rules.tiles import tile

__all__ = [
    "BURNS",
    "CHOICES",
    "PERIOD",
    "RUNBOOKS",
    "SEVERITIES",
    "AlertRule",
    "Burn",
    "Group",
    "Panel",
    "RecordingRule",
    "Severity",
    "burning",
    "group",
    "outlasting",
    "reachable",
    "render",
    "tile",
]
