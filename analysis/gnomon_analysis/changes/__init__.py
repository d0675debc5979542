"""What was changed in skills, prompts, configuration and golden sets, when, and in which commit.

with read_history(folder, Patterns.of(settings, folder)) as history:
    for place, revision in enumerate(history.revisions):
        print(revision.subject, [file.path for file in history.changed_files(place)])
"""

from gnomon_analysis.changes.history import ChangedFile, History, read_history
from gnomon_analysis.changes.log import Revision
from gnomon_analysis.changes.patterns import Patterns
from gnomon_analysis.changes.recording import Noticed, Recorded, record

__all__ = [
    "ChangedFile",
    "History",
    "Noticed",
    "Patterns",
    "Recorded",
    "Revision",
    "read_history",
    "record",
]
