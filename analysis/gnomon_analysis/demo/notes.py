"""What the reader of a demo ought to know and would not see in the figures."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from pathlib import Path

from gnomon.spool import files
from gnomon_analysis.demo import program
from gnomon_analysis.demo.golden import GoldenSet
from gnomon_analysis.report import wording

# Cases that a sentence names before it only counts them.
_NAMED = 6


def of_replay(golden: GoldenSet, skills: Collection[str], spool: Path, endpoint: str | None) -> Iterator[str]:
    """The notes on a replay over these skills, whose runs are in the spool.

    `skills` are the names of all skills of the replayed commits, of their folders and their front matter.
    """
    if (note := _unknown_skills(golden, skills)) is not None:
        yield note
    if endpoint and (note := _undelivered(spool, endpoint)) is not None:
        yield note


def _unknown_skills(golden: GoldenSet, there: Collection[str]) -> str | None:
    """That the golden set speaks of skills that no commit has, most likely misspelt; None if of none."""
    unknown: dict[str, list[str]] = {}
    for case in golden.judged_cases:
        for name in case.skills:
            if name not in there:
                unknown.setdefault(name, []).append(case.id)
    if not unknown:
        return None
    cases = list(dict.fromkeys(case for named in unknown.values() for case in named))
    more = f" and {len(cases) - _NAMED} more" if len(cases) > _NAMED else ""
    return (
        f"no replayed commit has {'a skill' if len(unknown) == 1 else 'skills'} called "
        f"{', '.join(sorted(unknown))}, named in the golden set by {wording.plural(len(cases), 'case')} "
        f"({', '.join(cases[:_NAMED])}{more}): is that the name of a skill's folder, or in its front matter?"
    )


def _undelivered(spool: Path, endpoint: str) -> str | None:
    """That some of the runs did not reach the endpoint, and how to send them; None if all did."""
    waiting = len(files.pending(spool))
    refused = sum(1 for _ in spool.glob(f"*{files.REJECTED}"))
    if refused:
        return f"{endpoint} refused {wording.plural(refused, 'file')}, kept in {spool}"
    if not waiting:
        return None
    there, where = shlex.quote(endpoint), shlex.quote(str(spool))
    again = f"{program.gnomon()} spool replay --directory {where} --endpoint {there}"
    return f"{wording.plural(waiting, 'file')} did not reach {endpoint} and wait; send them with: {again}"
