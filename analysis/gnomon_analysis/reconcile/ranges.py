"""Time ranges that begin and end between two samples."""

from __future__ import annotations

from dataclasses import dataclass

from gnomon.errors import UserError

_SECOND = 10**9


@dataclass(frozen=True, slots=True)
class Range:
    """From one whole Unix second to another.

    Run points never stand on a whole second, so that it makes no difference whether a range selector is
    closed on the left (Prometheus 2) or open (Prometheus 3), and none is on the edge of two ranges.
    """

    begin: int
    end: int

    def __post_init__(self) -> None:
        if self.begin >= self.end:
            raise UserError("the range is empty: write a --from that lies before --to")

    @property
    def window(self) -> str:
        """Its length as PromQL has it."""
        return f"{self.end - self.begin}s"

    @property
    def nanoseconds(self) -> tuple[int, int]:
        """The first nanosecond that is in it and the first that is not, for ends of runs.

        A run that ends on a whole second has its points a millisecond later, in the next second.
        """
        return self.begin * _SECOND, self.end * _SECOND
