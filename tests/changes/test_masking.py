from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon_analysis.changes.masking import masked, masked_lines
from gnomon_analysis.changes.parts import compare

UNTIMED = settings(deadline=None)

KEY = "sk-" + "a1B2" * 8
SECRETS = [
    KEY,
    "AKIA" + "A" * 16,
    "ghp_" + "a" * 36,
    "glpat-" + "a" * 20,
    "xoxb-" + "1" * 12,
    "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + ".c",
]


def everything(path: str, old: str, new: str) -> str:
    compared = compare(path, old.encode(), new.encode())
    return json.dumps([[part.name, part.old, part.new] for part in compared.parts] + [[compared.diff]])


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("path", ["skills/a/SKILL.md", ".mcp.json", "prompts/a.txt", "etc/models.yaml"])
def test_keys_are_not_shown(secret: str, path: str) -> None:
    """Wherever they stand; that something changed is."""
    old, new = (f'{{"a": "use {one} there"}}' for one in ("x", secret))
    told = everything(path, old, new)
    assert secret not in told
    assert "***" in told


@pytest.mark.parametrize(
    "key", ["api_key", "API-KEY", "clientSecret", "db.password", "access_token", "token"]
)
def test_values_of_secret_keys_are_not_shown(key: str) -> None:
    """In configuration, whatever their form, in parts and in the diff."""
    for path, text in (
        (".mcp.json", '{{\n  "env": {{\n    "{key}": "{value}",\n    "x": 1\n  }}\n}}'),
        ("etc/models.yaml", "env:\n  {key}: {value}\n"),
        ("agents/a.yaml", "- {key}: '{value}'\n"),
    ):
        old, new = (text.format(key=key, value=value) for value in ("hunter1", "hunter2"))
        told = everything(path, old, new)
        assert "hunter" not in told
        assert told.count("***") == 4


def test_a_secret_within_what_came_is_not_shown() -> None:
    """A server with its environment, however it is laid out."""
    server = {"mcpServers": {"x": {"env": {"API_KEY": "hunter1"}, "headers": [{"Authorization": "hunter2"}]}}}
    for text in (json.dumps(server), json.dumps(server, indent=2)):
        told = everything(".mcp.json", '{"mcpServers": {}}', text)
        assert "hunter" not in told
        assert "mcpServers" in told


@pytest.mark.parametrize(
    "line",
    [
        "max_tokens: 4096",
        "api_key: ${API_KEY}",
        '"password": {"env": "DB_PASSWORD"},',
        "secret: null",
        "tokens: 12",
        "tokenizer: cl100k",
    ],
)
def test_what_is_no_secret_is_shown(line: str) -> None:
    """Sizes, references and their like."""
    assert masked_lines(line) == line


def test_prose_is_left_as_it_is() -> None:
    """A sentence about passwords holds none."""
    text = "- Reset password: send the link\nAuthorization: ask the owner"
    assert masked(text) == text
    assert masked("Authorization: Bearer abcdefghijklmnopqrst") == "Authorization: Bearer ***"


@UNTIMED
@given(st.text(max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    """And never touches a text without anything of the kind."""
    assert masked_lines(masked_lines(text)) == masked_lines(text)
