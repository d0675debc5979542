"""Each check as a rule, with its page as help."""

from __future__ import annotations

import re
import textwrap
from typing import Any, Final

from gnomon_generators.checks.discovery import Check
from gnomon_generators.definitions.folders import check_pages

# Pages lead to other pages of Gnomon's, which are not where the log is read.
_LINK: Final = re.compile(r"\[([^\]]+)\]\((?!https?://)[^)]*\)")
# A fence says behind its language what the example is to a test.
_FENCE: Final = re.compile(r"^(```\w+) [^\n]*$", re.MULTILINE)
_SECTION: Final = re.compile(r"^## (?P<title>.+?)\n+(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
# Code hosts refuse, or cut, longer ones than 1024 characters.
_LONGEST: Final = 1000
_PROBLEM: Final = {"error": "error", "warning": "warning", "note": "recommendation"}


def rule(check: Check, level: str) -> dict[str, Any]:
    """The rule of a check; its help is what the page of that name says."""
    page = (check_pages() / f"{check.id}.md").read_text("utf-8")
    markdown = _FENCE.sub(r"\1", _LINK.sub(r"\1", page)).strip()
    sections = {found["title"]: found["text"].strip() for found in _SECTION.finditer(markdown)}
    return {
        "id": check.id,
        "name": "".join(word.capitalize() for word in re.split(r"\W", check.id)),
        "shortDescription": {"text": check.brief},
        "fullDescription": {"text": _short(f"{sections['What it finds']} {sections['Why']}")},
        "help": {"text": markdown, "markdown": markdown},
        "defaultConfiguration": {"level": level},
        "properties": {
            "page": check.page,
            "precision": "very-high",
            "problem.severity": _PROBLEM[level],
            "tags": ["gnomon", check.family],
        },
    }


def _short(text: str) -> str:
    return textwrap.shorten(text.replace("`", ""), _LONGEST, placeholder=" …")
