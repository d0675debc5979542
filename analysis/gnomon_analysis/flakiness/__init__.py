"""Which tests contradict themselves, how often, why, and whether that is over.

for case in assess(store, settings.flaky, suite="routing"):
    print(case.case_id, case.state, case.sentence)
"""

from gnomon_analysis.flakiness.assessment import assess
from gnomon_analysis.flakiness.causes import Cause, Evidence
from gnomon_analysis.flakiness.quarantine import is_quarantined, unknown_entries
from gnomon_analysis.flakiness.records import CaseState, Contradiction, PassEveryTime
from gnomon_analysis.flakiness.states import State
from gnomon_analysis.flakiness.window import WindowCase, in_window

__all__ = [
    "CaseState",
    "Cause",
    "Contradiction",
    "Evidence",
    "PassEveryTime",
    "State",
    "WindowCase",
    "assess",
    "in_window",
    "is_quarantined",
    "unknown_entries",
]
