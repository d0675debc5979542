"""Findings about fleets in plain words: of a deployed version, of another model, or of nothing deployed."""

from __future__ import annotations

from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution import wording
from gnomon_analysis.attribution.finding import Finding

_LIKELY = 0.5
_SHOWN = 3


def sentence(finding: Finding) -> str:
    """The finding in one sentence."""
    tell = {
        words.UPSTREAM: _upstream,
        words.DRIFT: _drift,
        words.INCONCLUSIVE: _inconclusive,
        words.NOT_ENOUGH_RUNS: _not_enough,
    }.get(finding.verdict, _moved)
    return tell(finding)


def advice(finding: Finding) -> str | None:
    """What to do next; None for nothing."""
    if finding.verdict == words.UPSTREAM and not finding.candidates and not finding.details.get("switched"):
        return "Nothing was deployed there: look at the provider, the tools, and what was asked."
    if finding.verdict == words.UPSTREAM and finding.candidates:
        return "Run the version before with the new model: that tells the version from the model."
    if finding.verdict in (words.INCONCLUSIVE, words.NOT_ENOUGH_RUNS):
        return "More requests will tell."
    if finding.verdict == words.REGRESSION and finding.revision is not None:
        before = wording.short(finding.before_revision)
        return f"Go back to {before}, or ask both versions the same: that tells the version from its traffic."
    return None


def _moved(finding: Finding) -> str:
    if finding.revision is None:
        several = _several(finding)
        return f"{_what_moved(finding)} about {_near(finding)}, when {several} were deployed."
    likely = "likely" if (finding.p_commit or 0.0) >= _LIKELY else "may have"
    raised = "raised" if finding.direction >= 0 else "lowered"
    # Only a commit has a subject; a version is called by its name.
    kind = "Commit" if finding.details.get("deployed") else "Version"
    named = wording.named(finding.revision, finding.subject)
    count = finding.details.get("commits_brought", 1)
    if deployed := finding.details.get("deployed"):
        others = f" with {wording.plural(count - 1, 'other')}" if count > 1 else ""
        named += f", deployed as {deployed}{others},"
    told = f"{kind} {named} {likely} {raised} {wording.what(finding)} {_by(finding)}"
    return f"{told}{_sure(finding, 'deployment' if count > 1 else kind.lower())}{_brought(finding, count)}."


def _brought(finding: Finding, count: int) -> str:
    """What a deployment of several commits is made of, as `; by what they touched, of its 4 commits …`."""
    if count < 2:
        return ""
    shown = ", ".join(
        f"{wording.named(one['revision'], one['subject'])} {wording.share(one['share'])}"
        for one in finding.details["brought"][:_SHOWN]
    )
    more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
    return f"; of its {count} commits, by what they touched: {shown}{more}"


def _sure(finding: Finding, kind: str) -> str:
    if finding.p_commit is None:
        return ""
    told = f"; {wording.share(finding.p_commit)} sure that it is this {kind}"
    others = [one for one in finding.candidates if one.revision != finding.revision]
    if not others:
        return told
    shown = ", ".join(f"{wording.short(one.revision)} {wording.share(one.share)}" for one in others[:_SHOWN])
    return f"{told} (else {shown})"


def _upstream(finding: Finding) -> str:
    if switched := finding.details.get("switched"):
        blamed = (
            f"; {_several(finding)} of the same time cannot be told from it" if finding.candidates else ""
        )
        return f"{_what_moved(finding)} when {switched}{blamed}."
    if finding.candidates:
        return f"{_what_moved(finding)} about {_near(finding)}; hardly due to {_several(finding)}."
    return f"{_what_moved(finding)} about {_near(finding)}, when nothing of it was deployed."


def _drift(finding: Finding) -> str:
    between = f"between {finding.details.get('from', '')} and {_near(finding)}"
    up = "up" if finding.direction >= 0 else "down"
    return f"{_capital(wording.what(finding))} drifted {up} {_by(finding)} {between}; no version stands out."


def _inconclusive(finding: Finding) -> str:
    return f"{_looks(finding)}, which the requests since then do not settle."


def _not_enough(finding: Finding) -> str:
    stretches = (
        f"{wording.plural(finding.runs_before, 'stretch')} of time before and {finding.runs_after} after"
    )
    return f"{_looks(finding)}, with {stretches.replace('stretchs', 'stretches')}, which are not enough."


def _looks(finding: Finding) -> str:
    higher = "higher" if finding.direction >= 0 else "lower"
    since = wording.short(finding.revision) or _near(finding)
    return f"{_capital(wording.what(finding))} looks {higher} {_by(finding)} since {since}"


def _what_moved(finding: Finding) -> str:
    rose = "rose" if finding.direction >= 0 else "fell"
    return f"{_capital(wording.what(finding))} {rose} {_by(finding)}"


def _by(finding: Finding) -> str:
    size = wording.movement(finding).partition(" by ")[2]
    before, after = (wording.level(finding.kind, level) for level in (finding.before, finding.after))
    return f"by {size}, from {before} to {after}"


def _several(finding: Finding) -> str:
    shown = [wording.short(one.revision) for one in finding.candidates[:_SHOWN]]
    more = len(finding.candidates) - len(shown)
    return " and ".join([*shown, *([f"{more} more"] if more else [])])


def _near(finding: Finding) -> str:
    return str(finding.details.get("near", ""))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
