from __future__ import annotations

from tests.commands.conftest import project

__all__ = ["project"]
