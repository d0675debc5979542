"""Which checks need a program that is not here."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import pytest

from gnomon import settings
from gnomon_generators.checks.discovery import all_checks
from gnomon_generators.checks.subjects import Tree
from gnomon_generators.checks.tools import program_for
from gnomon_generators.programs import PROGRAMS


def missing_program(check_id: str) -> str:
    """Why the check cannot run here, for a skip; empty when it can.

    With `GNOMON_REQUIRE_STACK=1` a missing program that a package has fails the test instead.
    """
    check = next(check for check in all_checks() if check.id == check_id)
    name = getattr(import_module(check.function.__module__), "PROGRAM", None)
    if name is None:
        return ""
    found = program_for(Tree(Path(), settings.load(start=Path(), environ={})), name)
    if not isinstance(found, str):
        return ""
    if os.environ.get("GNOMON_REQUIRE_STACK") == "1" and PROGRAMS[name].package:
        pytest.fail(found)
    return found
