"""The commits that deployed versions were made of: as they state it, or as a tag of the repository does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gnomon_analysis.attribution.fleet_reading import Version
from gnomon_analysis.attribution.metrics import Metric
from gnomon_analysis.attribution.priors import Priors
from gnomon_analysis.attribution.reading import Names
from gnomon_analysis.changes import History
from gnomon_analysis.changes.repository import Repository

# How a version is tagged.
_TAGS = ("refs/tags/v{}", "refs/tags/{}")


class Revisions:
    """Looks versions up in the lines of some repositories."""

    def __init__(self, histories: Sequence[History]) -> None:
        self._histories = histories
        self._found: dict[Version, tuple[str | None, str | None]] = {}

    def commit(self, version: Version) -> tuple[str | None, str | None]:
        """The repository and the commit of a version.

        A commit that is stated is believed, though no line has it (then without a repository); without one a
        tag of the version's name counts if its commit is on a line. Both None for a version without either.
        """
        if version not in self._found:
            self._found[version] = self._stated(version) if version.revision else self._tagged(version)
        return self._found[version]

    def said_of(self, commit: str) -> dict[str, Any]:
        """Subject and author of a commit that is on a line; else nothing."""
        for history in self._histories:
            position = history.position(commit)
            if position is not None:
                revision = history.revisions[position]
                return {"subject": revision.subject, "author": revision.author}
        return {}

    def brought(self, before: Version, after: Version, metric: Metric) -> list[dict[str, Any]]:
        """The commits that came with a version, since the one that was deployed before, the likeliest first.

        Each with its `revision`, `subject` and `share`: what it touched against what the others did, as
        `priors` weighs that; requests tell them apart by nothing. None unless both versions are commits of
        one line, the second after the first.
        """
        commits = [self.commit(version)[1] for version in (before, after)]
        for history in self._histories:
            first, last = (history.position(commit or "") for commit in commits)
            if first is not None and last is not None and first < last:
                return _weighed(history, range(first + 1, last + 1), metric)
        return []

    def _stated(self, version: Version) -> tuple[str | None, str | None]:
        stated = str(version.revision)
        for history in self._histories:
            if history.position(stated) is not None:
                return history.name, stated
        return None, stated

    def _tagged(self, version: Version) -> tuple[str | None, str | None]:
        name = version.version
        if not name or any(sign.isspace() or sign in "~^:?*[\\@{" for sign in name) or ".." in name:
            return None, None
        for history in self._histories:
            with Repository(history.top) as repository:
                for tag in _TAGS:
                    commit = repository.commit(tag.format(name))
                    if commit is not None and history.position(commit) is not None:
                        return history.name, commit
        return None, None


def _weighed(history: History, places: range, metric: Metric) -> list[dict[str, Any]]:
    weights = Priors(history, Names(), places.start, places.stop).of_skill(None, metric)
    shares = weights / weights.sum()
    found: list[dict[str, Any]] = [
        {
            "revision": history.revisions[place].commit,
            "subject": history.revisions[place].subject,
            "share": round(float(share), 4),
        }
        for place, share in zip(places, shares, strict=True)
    ]
    found.reverse()
    found.sort(key=lambda one: -one["share"])  # among equals the newest first
    return found
