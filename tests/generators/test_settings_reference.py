"""docs/settings.md: every setting, as the table has it."""

from __future__ import annotations

from pathlib import Path

from gnomon.settings.table import by_key
from gnomon_generators.reference.settings import documents, render

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_every_setting_is_in_the_page_with_its_variable() -> None:
    """Each key has a row (or a heading, for a section) and the variable that overrides it."""
    page = render()
    for setting in by_key().values():
        shown = f"## `{setting.key}`" if setting.kind in ("section", "entries") else f"| `{setting.name}` |"
        assert shown in page, setting.key
        assert (setting.variable or "") in page, setting.key


def test_every_row_has_as_many_cells_as_its_head() -> None:
    """No text of the table breaks a Markdown table."""
    settings, _, others = render().partition("## Other variables")
    for text, bars in ((settings, 7), (others, 3)):
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert {line.count("|") for line in rows} == {bars}


def test_the_committed_page_is_the_generated_one() -> None:
    """docs/settings.md is what `gnomon generate docs` writes."""
    (document,) = documents()
    assert document.path.name == PAGE.name
    assert PAGE.read_text(encoding="utf-8") == document.text
