"""The results store: what every run, test, attempt and model call did, on SQLite or PostgreSQL.

with open_store(settings) as store:
    store.ingest(settings.state_directory / "spool")
    for run in store.runs(limit=10):
        print(run.sequence, run.tally.accuracy)
"""

from gnomon_analysis.store.ingestion import DamagedLine, IngestReport
from gnomon_analysis.store.rows import (
    CaseCell,
    CaseRow,
    CollectionError,
    CommitCostRow,
    CommitRow,
    FileHash,
    ModelCallRow,
    ModelCallTotals,
    ResultRow,
    RunRow,
    Tally,
    UncollectedFile,
    WorkerRow,
)
from gnomon_analysis.store.store import Store, open_store

__all__ = [
    "CaseCell",
    "CaseRow",
    "CollectionError",
    "CommitCostRow",
    "CommitRow",
    "DamagedLine",
    "FileHash",
    "IngestReport",
    "ModelCallRow",
    "ModelCallTotals",
    "ResultRow",
    "RunRow",
    "Store",
    "Tally",
    "UncollectedFile",
    "WorkerRow",
    "open_store",
]
