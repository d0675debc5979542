"""What a model call cost: dated list prices, and the arithmetic of cached tokens."""

from gnomon.prices.lookup import cost, load_overlay, price
from gnomon.prices.table import UNKNOWN, Cost, Price, PriceTable, Rates
from gnomon.prices.usage import Usage

__all__ = ["UNKNOWN", "Cost", "Price", "PriceTable", "Rates", "Usage", "cost", "load_overlay", "price"]
