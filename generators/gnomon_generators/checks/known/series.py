"""A series that is known to be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["run_point", "ledger", "counter", "gauge", "recorded"]
"""How its values behave: samples of single runs, totals that only grow (kept or scraped), levels, results of
recording rules."""

Part = Literal["whole", "bucket", "sum", "count"]
"""Which of a histogram's three series it is; `whole` for everything else."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownSeries:
    """A series by its name in Prometheus.

    `metric` is what whoever emits it calls it. `labels` says each label's closed set of values, or None
    where any value may come; where `open` is true there may be other labels too. `unit` is UCUM, empty when
    unknown.
    """

    name: str
    metric: str
    kind: Kind
    part: Part
    labels: Mapping[str, tuple[str, ...] | None]
    unit: str = ""
    additive: bool = True
    open: bool = False

    @property
    def grows(self) -> bool:
        """Whether it is a counter: it only grows, until its process or its store begins anew."""
        return self.kind in ("ledger", "counter")

    @property
    def kind_in_words(self) -> str:
        """What it is, for a sentence."""
        return (
            _WORDS[self.kind] if self.part == "whole" else f"a histogram's {self.part} ({_WORDS[self.kind]})"
        )


_WORDS: Mapping[Kind, str] = {
    "run_point": "one sample a run",
    "ledger": "a counter that only grows",
    "counter": "a counter that only grows",
    "gauge": "a gauge",
    "recorded": "the result of a recording rule",
}
