"""What a commit did, in one plain sentence: the main effect, how sure it is, and what else moved."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution import wording
from gnomon_analysis.attribution.by_commit import CommitMoves
from gnomon_analysis.attribution.finding import Finding
from gnomon_analysis.attribution.metrics import FLEET_SCOPES

_OTHERS = 3
_MOVED = frozenset({words.IMPROVEMENT, words.REGRESSION})


def sentence(moves: CommitMoves) -> str:
    """What happened, with the commit's name: for places where nothing else says which commit it is."""
    if not _says_who(moves):
        return moves.lead.sentence
    lead = moves.lead
    if not moves.is_named:
        return did(moves)
    kind = "Version" if lead.scope_kind in FLEET_SCOPES and moves.known is None else "Commit"
    subject = lead.subject if moves.known is None else moves.known.subject
    told = did(moves)
    return f"{kind} {wording.named(moves.revision, subject)} {told[0].lower()}{told[1:]}"


def did(moves: CommitMoves) -> str:
    """What happened, without the commit's name: for below a heading that has it."""
    lead = moves.lead
    if not _says_who(moves):
        return lead.sentence
    raised = "raised" if lead.direction >= 0 else "lowered"
    who = "Likely" if moves.is_named else f"One of {len(moves.suspects)} commits likely"
    parts = [f"{who} {raised} {wording.what(lead)} by {wording.size(lead)}: {_how_sure(moves)}"]
    if others := [_briefly(one, lead) for one in _others(moves)]:
        more = f" and {len(others) - _OTHERS} more" if len(others) > _OTHERS else ""
        parts.append(f"also {', '.join(others[:_OTHERS])}{more}")
    if len(moves.tests) > 1 or (moves.tests and lead.scope_kind != "case"):
        parts.append(f"{wording.plural(len(moves.tests), 'test')} moved")
    if (said := wording.doubt(lead)) is not None:
        parts.append(said.why)
    return "; ".join(parts) + "."


def _says_who(moves: CommitMoves) -> bool:
    """Whether there is a commit, or a set of commits, to say it of."""
    lead = moves.lead
    return lead.told and lead.verdict in _MOVED and (moves.is_named or len(moves.suspects) > 1)


def _how_sure(moves: CommitMoves) -> str:
    lead = moves.lead
    told = [] if lead.p_change is None else [f"{wording.share(lead.p_change)} sure that it moved"]
    if lead.p_commit is not None:
        which = "this deployment" if lead.details.get("brought") else "this one"
        who = which if moves.is_named else wording.short(lead.revision)
        told.append(f"{wording.share(lead.p_commit)} that it was {who}")
    return ", ".join(told)


def _others(moves: CommitMoves) -> Iterator[Finding]:
    """What else moved as a whole: in the scope of the first finding, in which it is told once."""
    for one in _told(moves)[1:]:
        if one.scope_kind == moves.lead.scope_kind and one.scope_kind != "case" and one.verdict in _MOVED:
            yield one


def _told(moves: CommitMoves) -> list[Finding]:
    return [one for one in moves.findings if one.told]


def _briefly(finding: Finding, lead: Finding) -> str:
    """`cost +8 %`, `routing accuracy -4 points`; of what, where that is not what the sentence is about."""
    same = (finding.scope_kind, finding.scope) == (lead.scope_kind, lead.scope)
    where = "" if same else f" of {finding.scope}"
    return f"{finding.kind.short}{where} {wording.signed_size(finding)}"
