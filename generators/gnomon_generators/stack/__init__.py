"""The vocabulary of the stack: the files that Prometheus, Tempo, Grafana, PostgreSQL and Compose read.

A definition in `stack/` gives the files of one program. Addresses, ports and the arguments that programs
are started with are those of `gnomon_generators.stack.parts`, in containers and as local processes alike.
"""

from gnomon_generators.stack.files import RULE_FILES, Entries, Section, TextFile, YamlFile
from gnomon_generators.stack.jobs import JOBS, ScrapeJob, compose_targets, scrape, targets
from gnomon_generators.stack.secrets import TOKEN
from gnomon_generators.stack.times import days
from gnomon_generators.stack.tls import SECRETS, Tls, scheme, tls

__all__ = [
    "JOBS",
    "RULE_FILES",
    "SECRETS",
    "TOKEN",
    "Entries",
    "ScrapeJob",
    "Section",
    "TextFile",
    "Tls",
    "YamlFile",
    "compose_targets",
    "days",
    "scheme",
    "scrape",
    "targets",
    "tls",
]
