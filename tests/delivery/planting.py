"""What promtool's test files say of an alert, as samples that end now.

Each alert has a case in which it fires, in `alerts/tests/<name>.yaml` (`tests/rules` sees to that). Its input
series are planted so that the moment at which promtool is asked is this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import yaml

from gnomon.settings import Duration
from tests.rules.tree import ROOT

TESTS = ROOT / "alerts/tests"
_LABEL = re.compile(r'(\w+)\s*=\s*"([^"]*)"')
_VALUE = re.compile(
    r"(?P<missing>_)(?:x(?P<gap>\d+))?|(?P<start>[-+]?[\w.]+?(?:e[-+]?\d+)?)(?:(?P<step>[-+][\d.]+(?:e[-+]?\d+)?)?x(?P<times>\d+))?"
)


@dataclass(frozen=True)
class Case:
    """A case in which an alert fires: its series and the moment, in seconds, and what it should say."""

    alert: str
    series: tuple[tuple[str, str], ...]
    interval: float
    moment: float
    labels: dict[str, str]
    annotations: dict[str, str]

    def samples(self, now: float) -> list[str]:
        """The samples in OpenMetrics' text, the oldest first; none is later than `now`."""
        found = [
            (now - self.moment + number * self.interval, f"{_spelt(series)} {value}")
            for series, values in self.series
            for number, value in enumerate(expanded(values))
            if value is not None and number * self.interval <= self.moment
        ]
        # promtool quietly leaves out what is older than what it has already seen.
        return [f"{sample} {at:.3f}" for at, sample in sorted(found, key=itemgetter(0))]


def case_of(alert: str) -> Case:
    """The first case in which this alert fires, without the series of others that it fires for, too.

    Fails with what to write when there is none.
    """
    for path in sorted(TESTS.glob("*.yaml")):
        for case in _cases(yaml.safe_load(path.read_text("utf-8"))):
            if case.alert == alert:
                return case
    raise AssertionError(
        f"no case of alerts/tests has {alert} fire: write one with exp_alerts, whose input_series are then "
        "planted here"
    )


def _cases(document: dict[str, Any]) -> Iterator[Case]:
    for test in document["tests"]:
        series = tuple((one["series"], str(one["values"])) for one in test.get("input_series", ()))
        interval = Duration(test.get("interval") or document.get("evaluation_interval", "1m")).seconds
        for asked in test.get("alert_rule_test", ()):
            all_of_them = asked.get("exp_alerts") or []
            for expected in all_of_them[:1]:
                labels = {key: str(value) for key, value in expected.get("exp_labels", {}).items()}
                others = [one[0] for one in series if len(all_of_them) > 1 and _of_another(one[0], labels)]
                yield Case(
                    alert=asked["alertname"],
                    series=tuple(one for one in series if one[0] not in others),
                    interval=interval,
                    moment=Duration(asked["eval_time"]).seconds,
                    labels=labels,
                    annotations=dict(expected.get("exp_annotations", {})),
                )


def _of_another(series: str, labels: dict[str, str]) -> bool:
    """Whether the series has another value for a label of the alert."""
    return any(labels.get(name, value) != value for name, value in _LABEL.findall(series))


def expanded(values: str) -> Iterator[str | None]:
    """Each sample of promtool's shorthand, None where there is none: `_x2 1+2x3 stale` is _ _ 1 3 5 7 NaN.

    (prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series)
    """
    for word in values.split():
        found = _VALUE.fullmatch(word)
        assert found, f"{word!r} is no value that can be planted"
        if found["missing"]:
            yield from [None] * int(found["gap"] or 1)
        elif found["start"] == "stale":
            yield None
        else:
            start, step = float(found["start"]), float(found["step"] or 0)
            for number in range(int(found["times"] or 0) + 1):
                yield f"{start + number * step:g}" if abs(start) < 1e5 else repr(start + number * step)


def _spelt(series: str) -> str:
    """The series as OpenMetrics has it, without blanks around labels."""
    return re.sub(r",\s+", ",", series.strip())
