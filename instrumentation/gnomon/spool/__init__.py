"""The file spool: telemetry is on disk before anything tries to send it."""

from gnomon.spool.delivery import DeliveryReport, deliver
from gnomon.spool.journal import Journal, recover
from gnomon.spool.pruning import PruneReport, prune

__all__ = ["DeliveryReport", "Journal", "PruneReport", "deliver", "prune", "recover"]
