"""What the demo is asked to do, and what it did it on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gnomon.prices import Price
from gnomon_analysis.demo.golden import GoldenSet

EXAMPLE_NAME = "support-desk-skills"


@dataclass(frozen=True, slots=True)
class Wish:
    """What to replay and how. Without `repository` it is the example; `endpoint` is an OTLP address."""

    repository: Path | None
    golden: Path | None
    span: str | None
    runs: int
    temperature: float
    workers: int
    jobs: int
    price_as: str
    out: Path
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Commits whose accuracy in the store equals the one computed from the router's own notes."""

    compared: int
    different: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a finished replay stands on: the repository's name, golden set, price and data folder.

    `notes` are sentences on what the figures do not show.
    """

    name: str
    golden: GoldenSet
    price: Price
    out: Path
    agreement: Agreement
    notes: tuple[str, ...] = ()
