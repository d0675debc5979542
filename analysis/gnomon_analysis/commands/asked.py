"""What the tests ask: as it was recorded, else as the suite's golden set has it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from gnomon.errors import UserError

if TYPE_CHECKING:
    from gnomon.settings import Settings
    from gnomon_analysis.store import Store

Case = tuple[str | None, str]


def asked(store: Store, settings: Settings, cases: Collection[Case]) -> dict[Case, str]:
    """The requests of cases, by suite and case id, of those whose request is known."""
    from gnomon_analysis.attribution import requests  # noqa: PLC0415 - loads scipy

    wanted = set(cases)
    of_golden_sets = _golden(settings, {suite for suite, _ in wanted})
    return {case: text for case, text in of_golden_sets.items() if case in wanted} | requests(store, wanted)


def _golden(settings: Settings, suites: set[str | None]) -> dict[Case, str]:
    """What the cases of the suites' golden sets ask, of those that can be read as such."""
    from gnomon_analysis.demo import golden  # noqa: PLC0415

    found: dict[Case, str] = {}
    for suite in settings.suites:
        if suite.golden_set is None or suite.name not in suites:
            continue
        try:
            cases = golden.load(suite.golden_set).cases
        except UserError:
            continue  # a golden set of another format
        found |= {(suite.name, case.id): case.prompt for case in cases}
    return found
