"""What a person switches off is nowhere in the spool, whichever way it could get there."""

from __future__ import annotations

import pytest

from tests.plugin.project import Project

SECRET = "Ada Example"


@pytest.mark.parametrize("captured", [True, False])
def test_messages_of_failures(project: Project, *, captured: bool) -> None:
    """Without `capture.failure_messages` no message of a test, step, call or broken file is recorded."""
    project.write("gnomon.yaml", f"capture: {{failure_messages: {str(captured).lower()}}}\n")
    project.write("test_broken.py", f"raise ValueError('no customer {SECRET}')\n")
    project.write(
        "test_fails.py",
        f"""
        import gnomon

        def test_asserts(): assert "{SECRET}" == "nobody"
        def test_asks():
            with gnomon.agent("a"), gnomon.model_call("m"): raise ValueError("{SECRET}")
        """,
    )
    project.pytest("--continue-on-collection-errors")
    written = [path.read_text() for path in project.spool.iterdir() if "jsonl" in path.name]
    assert project.run().root["gnomon.run.collection_errors"] == 1
    assert any(SECRET in text for text in written) == captured
