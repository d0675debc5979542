"""gnomon.yaml, typed: `load()` gives the settings in force.

Without a file nothing but the defaults is loaded, and PyYAML is not imported.
"""

from gnomon.settings.loading import Effective, find, load, load_effective, load_usable, repository_root
from gnomon.settings.model import Settings, Suite
from gnomon.settings.problems import Place, Problem, SettingsError
from gnomon.settings.values import Duration, SecretReference

__all__ = [
    "Duration",
    "Effective",
    "Place",
    "Problem",
    "SecretReference",
    "Settings",
    "SettingsError",
    "Suite",
    "find",
    "load",
    "load_effective",
    "load_usable",
    "repository_root",
]
