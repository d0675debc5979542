"""What a case asks, where model calls were recorded with their content."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from gnomon_analysis.store import schema

_MESSAGES = "gen_ai.input.messages"


def request(connection: Connection, suite: str | None, case_id: str) -> str | None:
    """What a case asks, where model calls were recorded with their content; its last user message."""
    calls, results = schema.model_calls.c, schema.results.c
    of_suite = select(results.run_id).where(results.suite == suite, results.case_id == case_id)
    statement = (
        select(calls.attributes)
        .where(calls.case_id == case_id, calls.run_id.in_(of_suite), calls.attributes.is_not(None))
        .order_by(calls.started_ns.desc())
        .limit(1)
    )
    attributes = connection.execute(statement).scalar()
    return _asked((attributes or {}).get(_MESSAGES))


def _asked(messages: Any) -> str | None:
    if isinstance(messages, str):
        try:
            messages = json.loads(messages)
        except ValueError:
            return str(messages)
    if not isinstance(messages, list):
        return None
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role") == "user":
            said = message.get("content", message.get("parts"))
            if isinstance(said, list):
                parts = [part.get("content") or part.get("text") for part in said if isinstance(part, dict)]
                said = " ".join(part for part in parts if isinstance(part, str))
            return str(said) if said else None
    return None
