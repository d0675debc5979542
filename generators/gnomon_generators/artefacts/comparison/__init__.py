"""What changed between two artefacts, in words: `compare` two outlines, `text` tells."""

from gnomon_generators.artefacts.comparison.changes import Change, compare
from gnomon_generators.artefacts.comparison.printing import text
from gnomon_generators.artefacts.comparison.sources import Source, source

__all__ = ["Change", "Source", "compare", "source", "text"]
