"""Who must be told that a change made something worse: the owner of the skill, with the commit.

The findings are those of `gnomon changes`, as `gnomon metrics` serves them. docs/runbooks has the page.
"""

from __future__ import annotations

from collections.abc import Sequence

from _suites import OWNER, WHO, ours

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.settings import Settings
from gnomon_generators.promql import above, latest
from gnomon_generators.rules import AlertRule, Group, Panel, group

FINDING = (*OWNER, a.GNOMON_CHANGE_METRIC, a.GNOMON_CHANGE_REVISION, a.GEN_AI_SKILL_NAME)
COMMIT = "{{ $labels.gnomon_change_revision }}"
# Nothing is ever a hundred percent sure.
SURE = '{{ if gt $value 99.0 }}over 99{{ else }}{{ $value | printf "%.0f" }}{{ end }} %'
SKILL = "{{ with $labels.gen_ai_skill_name }} (skill {{ . }}){{ end }}"


def groups(settings: Settings) -> Sequence[Group]:
    """The alerts of change tracking."""
    return [group(settings, "change_alerts", _regression(settings))]


def _regression(settings: Settings) -> AlertRule:
    # The list of findings is right on average; a person is only called for one that is by itself.
    least = settings.changes.attribution.alert_percent
    worse = ours(settings) | {a.GNOMON_CHANGE_VERDICT: "regression"}
    return AlertRule(
        "SkillChangeRegression",
        above(latest(m.GNOMON_CHANGE_CONFIDENCE, by=FINDING, where=worse), least),
        settings.alerts.hold,
        settings.alerts.severity,
        summary="A change made a metric worse.",
        description=f"{WHO}: {{{{ $labels.gnomon_change_metric }}}} became worse, and the likeliest commit "
        f"is {COMMIT}{SKILL}. That there is a change is {SURE} sure; "
        f"`gnomon changes show {COMMIT}` says by how much, which cases moved and how sure the commit is.",
        value=f"{SURE} sure",
        objective="no change makes a metric worse",
        commit=COMMIT,
        panel=Panel("skills_engineer", "Change impact", past="7d"),
    )
