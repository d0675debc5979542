"""Artefacts as outlines: what a reviewer reads instead of JSON or YAML, and what is compared.

`read` makes an outline of a file, whoever wrote it; `text` prints it.
"""

from gnomon_generators.artefacts.outline.model import Fact, Form, Item
from gnomon_generators.artefacts.outline.printing import text
from gnomon_generators.artefacts.outline.reading import read, read_text

__all__ = ["Fact", "Form", "Item", "read", "read_text", "text"]
