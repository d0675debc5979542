"""Which commit likely moved which metric: from the runs in the store to findings, and back into the store.

with read_history(folder, Patterns.of(settings, folder)) as history:
    update(store, settings, history, now_ns=time.time_ns())
    for finding in findings(store):
        print(finding.sentence)
"""

from gnomon_analysis.attribution.by_commit import CommitMoves, MovedTest, by_commit, told_first
from gnomon_analysis.attribution.comparing import CaseFlip, Comparison, compare, newest_flips
from gnomon_analysis.attribution.finding import Finding, MovedCase, Suspect
from gnomon_analysis.attribution.fleets import fleet_requests, update_fleets
from gnomon_analysis.attribution.known_commits import KnownCommit, KnownCommits
from gnomon_analysis.attribution.metrics import FLEET_METRICS, METRICS
from gnomon_analysis.attribution.stored import (
    Change,
    cases_of,
    changed_in,
    find,
    findings,
    mark,
    moved_cases,
    requests,
)
from gnomon_analysis.attribution.updating import Outcome, update

__all__ = [
    "FLEET_METRICS",
    "METRICS",
    "CaseFlip",
    "Change",
    "CommitMoves",
    "Comparison",
    "Finding",
    "KnownCommit",
    "KnownCommits",
    "MovedCase",
    "MovedTest",
    "Outcome",
    "Suspect",
    "by_commit",
    "cases_of",
    "changed_in",
    "compare",
    "find",
    "findings",
    "fleet_requests",
    "mark",
    "moved_cases",
    "newest_flips",
    "requests",
    "told_first",
    "update",
    "update_fleets",
]
