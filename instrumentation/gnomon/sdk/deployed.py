"""The commit that a process was deployed from, where the platform it runs on says so."""

from __future__ import annotations

import re
from collections.abc import Mapping

# The variables of the platforms that services run on, then those of CI systems, as each documents them.
_VARIABLES = (
    "HEROKU_SLUG_COMMIT",
    "RENDER_GIT_COMMIT",
    "RAILWAY_GIT_COMMIT_SHA",
    "VERCEL_GIT_COMMIT_SHA",
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "BUILDKITE_COMMIT",
    "CIRCLE_SHA1",
    "BUILD_SOURCEVERSION",
    "GIT_COMMIT",
)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def deployed_revision(environ: Mapping[str, str]) -> str | None:
    """The whole id of the commit; None where no variable holds one."""
    stated = (environ.get(name, "").strip().lower() for name in _VARIABLES)
    return next((commit for commit in stated if _COMMIT.fullmatch(commit)), None)
