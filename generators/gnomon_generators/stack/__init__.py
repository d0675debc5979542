"""The vocabulary of the stack: the files that Prometheus, Tempo, Grafana, PostgreSQL and Compose read.

A definition in `stack/` gives the files of one program. Addresses, ports and the arguments that programs
are started with are those of `gnomon_generators.stack.parts`, in containers and as local processes alike.
"""

from gnomon_generators.stack.files import RULE_FILES, Entries, Section, TextFile, YamlFile
from gnomon_generators.stack.jobs import JOBS, ScrapeJob, scrape, targets
from gnomon_generators.stack.times import days

__all__ = [
    "JOBS",
    "RULE_FILES",
    "Entries",
    "ScrapeJob",
    "Section",
    "TextFile",
    "YamlFile",
    "days",
    "scrape",
    "targets",
]
