"""Colours by what they mean, told apart by every eye.

Built around the palette of Okabe and Ito ("Color Universal Design", 2008) and moved apart until any two
differ clearly for people who lack one kind of cone, on a dark and on a light page. No panel says anything by
colour alone.
"""

from __future__ import annotations

from typing import Final

GOOD: Final = "#06B56F"
"""As it should be: green that leans to blue."""

WARN: Final = "#E69F00"
"""Worth a look: orange."""

BAD: Final = "#BF4A14"
"""Not as it should be: dark vermilion."""

BROKEN: Final = "#A750A3"
"""Could not be judged, for something broke on the way: purple."""

LOST: Final = "#515A51"
"""Ended without a word, so that nothing is known of it: dark grey."""

NEUTRAL: Final = "#1F6FEB"
"""Neither good nor bad: blue."""

MUTED: Final = "#A8A8A8"
"""Of no weight: grey, for what was left out or is a matter of the past."""

SERIES: Final = (NEUTRAL, WARN, BROKEN, GOOD, BAD, MUTED, LOST)
"""Colours of a panel's queries that have no meaning of their own, in their order."""

OUTCOMES: Final = {
    "passed": GOOD,
    "failed": BAD,
    "error": BROKEN,
    "crashed": LOST,
    "skipped": MUTED,
    "xfailed": MUTED,
    "xpassed": WARN,
    "not_run": MUTED,
    "true": GOOD,
    "false": BAD,
}
"""Colours of outcomes and verdicts by their name, for `colors=`."""
