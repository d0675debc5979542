"""What the whole store comes to, for those who scrape it: `gnomon metrics`."""

from gnomon_analysis.ledger.collector import Ledger

__all__ = ["Ledger"]
