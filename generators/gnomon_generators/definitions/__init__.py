"""Definition files: what a team writes, one file a dashboard, rule file or configuration.

A definition file defines one name that its folder knows (`FOLDERS`): a function of the settings, or the
value itself. Files whose name begins with `_` are modules that the definitions beside them import.
"""

from gnomon_generators.definitions.finding import DefinitionFile, find
from gnomon_generators.definitions.folders import FOLDERS, Folder, clone, runbooks, shipped
from gnomon_generators.definitions.loading import Defined, load
from gnomon_generators.definitions.naming import defines

__all__ = [
    "FOLDERS",
    "Defined",
    "DefinitionFile",
    "Folder",
    "clone",
    "defines",
    "find",
    "load",
    "runbooks",
    "shipped",
]
