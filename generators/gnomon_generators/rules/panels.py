"""The panel that shows what an alert is about, as an address that a message can link to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gnomon.errors import UserError
from gnomon.registry import attributes as a
from gnomon_generators.document import dashboard_uid, panel_id
from gnomon_generators.promql import AnyLabel, Window
from gnomon_generators.promql.series import label_text
from gnomon_generators.promql.windows import is_fixed

CHOICES: Mapping[str, AnyLabel] = {
    "suite": a.TEST_SUITE_NAME,
    "environment": a.DEPLOYMENT_ENVIRONMENT_NAME,
}
"""The variables that boards have in common, and the labels of an alert that choose their values."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel of the board that `dashboards/<board>.py` defines, by its title.

    `choices` are the board's variables and the labels of the alert whose values they are set to; a label
    that an alert lacks leaves its variable alone. `past` is how far back the panel looks.

    Raises `UserError` for a length of time that is none.
    """

    board: str
    title: str
    choices: Mapping[str, AnyLabel] = field(default_factory=lambda: CHOICES)
    past: Window = "1d"

    def __post_init__(self) -> None:
        if not is_fixed(self.past):
            raise UserError(f"{self.title}: {self.past!r} is no length of time: write one such as 1d")

    def url(self, grafana: str, labels: Sequence[str] | None) -> str:
        """The panel's address, with Prometheus' templates for what only an alert knows.

        The time range is at its end and in this form, so that messages can put the alert's own in its
        place. `grafana` is the address under which people reach Grafana, `labels` are those that the
        alert's expression keeps, or None where that is not known.
        """
        place = f"{grafana.rstrip('/')}/d/{dashboard_uid(self.board)}?viewPanel=panel-{panel_id(self.title)}"
        chosen = "".join(
            f"{{{{ with $labels.{label_text(label)} }}}}&var-{variable}={{{{ . | urlquery }}}}{{{{ end }}}}"
            for variable, label in self.choices.items()
            if labels is None or label_text(label) in labels
        )
        return f"{place}{chosen}&from=now-{self.past}&to=now"
