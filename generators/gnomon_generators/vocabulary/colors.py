"""Colours by what they mean, told apart by eyes that see red and green alike.

The tones are those of Okabe and Ito, "Color Universal Design" (2008), which differ in lightness and along the
axis from blue to yellow, where nearly everyone sees. No panel says anything by colour alone.
"""

from __future__ import annotations

from typing import Final

GOOD: Final = "#009E73"
"""As it should be: bluish green."""

WARN: Final = "#E69F00"
"""Worth a look: orange."""

BAD: Final = "#D55E00"
"""Not as it should be: vermilion."""

NEUTRAL: Final = "#56B4E9"
"""Neither good nor bad: sky blue."""

MUTED: Final = "#8C8C8C"
"""Of no weight: grey, for what was left out or is a matter of the past."""

SERIES: Final = (NEUTRAL, "#E69F00", "#CC79A7", "#009E73", "#F0E442", "#0072B2", "#D55E00")
"""Colours of a panel's queries that mean nothing, in their order."""

OUTCOMES: Final = {
    "passed": GOOD,
    "failed": BAD,
    "error": "#A13D00",
    "skipped": MUTED,
    "true": GOOD,
    "false": BAD,
}
"""Colours of the usual outcomes by their name, for `colors=`."""
