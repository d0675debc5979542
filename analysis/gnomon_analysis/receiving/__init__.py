"""Traces from a Collector into the results store, over OTLP/HTTP with JSON."""

from gnomon_analysis.receiving.answers import Answer, Receiver
from gnomon_analysis.receiving.server import Protection, serve

__all__ = ["Answer", "Protection", "Receiver", "serve"]
