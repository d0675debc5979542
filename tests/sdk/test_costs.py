"""Whose figure a call's cost is: the setting `costs.source`, in services and in test sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sdk.programs import run
from tests.sdk.test_in_tests import in_session

CALLS = """
def call(model, reported, provider="anthropic"):
    with gnomon.model_call(model, provider=provider) as made:
        made.tokens(1000, 100)
        if reported is not None:
            made.cost_usd(reported)
call("claude-opus-4-5", 0.5)
call("claude-opus-4-5", None)
call("nobody-knows", 0.25, "house")
call("nobody-knows", None, "house")
"""
TABLE = (1000 * 5 + 100 * 25) / 1e6
ESTIMATED = [(TABLE, "estimated"), (TABLE, "estimated"), (0.25, "provider"), (None, "none")]
PROVIDER = [(0.5, "provider"), (TABLE, "estimated"), (0.25, "provider"), (None, "none")]
SETTINGS = [
    pytest.param("", ESTIMATED, id="default"),
    pytest.param("costs:\n  source: estimated\n", ESTIMATED, id="estimated"),
    pytest.param("costs:\n  source: provider\n", PROVIDER, id="provider"),
]


@pytest.mark.parametrize(("settings", "expected"), SETTINGS)
def test_costs_of_a_service(tmp_path: Path, settings: str, expected: list[tuple[float | None, str]]) -> None:
    """The setting decides between two figures; the label says whose each one is, in spans and metrics."""
    (tmp_path / "gnomon.yaml").write_text(settings)
    ended = run(tmp_path, "import gnomon\ngnomon.configure()\n" + CALLS)
    assert (ended.status, ended.log) == (0, "")
    found = [(span.get("gnomon.cost.usd"), span["gnomon.cost.source"]) for span in ended.spans]
    assert found == [(pytest.approx(usd) if usd else None, source) for usd, source in expected]
    for span in ended.spans:
        named = span.get("gnomon.cost.price_source", "")
        assert ("as of" in named) == (span["gnomon.cost.source"] == "estimated")
    for source in ("estimated", "provider"):
        points = [
            point.value
            for point in ended.points
            if point.metric == "gnomon.model_call.cost.usd"
            and point.attributes["gnomon.cost.source"] == source
        ]
        assert sum(points) == pytest.approx(sum(usd or 0 for usd, by in expected if by == source))


@pytest.mark.parametrize(("settings", "expected"), SETTINGS)
def test_costs_in_a_test_session(
    tmp_path: Path, settings: str, expected: list[tuple[float | None, str]]
) -> None:
    """A test session goes by the same setting, in its spans and in the numbers of the test."""
    (tmp_path / "gnomon.yaml").write_text(settings)
    ended = in_session(
        tmp_path,
        "current = test(1)\n"
        + CALLS
        + "print([call['cost_source'] for call in current.take_calls()])\nclose()\n",
    )
    assert (ended.status, ended.log) == (0, "")
    assert ended.output.strip() == str([source for _, source in expected])
    found = [(span.get("gnomon.cost.usd"), span["gnomon.cost.source"]) for span in ended.spans]
    assert found == [(pytest.approx(usd) if usd else None, source) for usd, source in expected]


@pytest.mark.parametrize(("settings", "source"), [("estimated", "estimated"), ("provider", "provider")])
def test_a_gateways_own_name_of_a_model(tmp_path: Path, settings: str, source: str) -> None:
    """Where the answering name has no price, that of the model asked for counts before giving up."""
    (tmp_path / "gnomon.yaml").write_text(f"costs:\n  source: {settings}\n")
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure()
        usage = {"input_tokens": 1000, "output_tokens": 100}
        answer = {"type": "message", "model": "gateway-7", "usage": usage}
        for reported in (0.5, None):
            with gnomon.model_call("claude-opus-4-5", provider="anthropic") as made:
                made.read(answer)
                if reported: made.cost_usd(reported)
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    both, one = ended.spans
    assert both["gnomon.cost.source"] == source
    assert (one["gnomon.cost.source"], one["gnomon.cost.usd"]) == ("estimated", pytest.approx(TABLE))


@pytest.mark.parametrize(
    ("settings", "mistake"),
    [
        pytest.param("capture: 5\ncosts:\n  source: provider\n", "capture", id="one key"),
        pytest.param("costs: {source: provider}\nprices: {file: gone.yaml}\n", "gone.yaml", id="prices"),
    ],
)
def test_mistakes_in_a_test_sessions_settings(tmp_path: Path, settings: str, mistake: str) -> None:
    """A mistake is logged in a sentence, never raised into the test, and costs only what it touches."""
    (tmp_path / "gnomon.yaml").write_text(settings)
    ended = in_session(tmp_path, "current = test(1)\n" + CALLS + "close()\n")
    assert ended.status == 0
    assert mistake in ended.log
    assert "Traceback" not in ended.log
    assert [span["gnomon.cost.source"] for span in ended.spans] == [source for _, source in PROVIDER]


def test_settings_that_cannot_be_read_in_a_test_session(tmp_path: Path) -> None:
    """A gnomon.yaml that is no YAML leaves every span, with the defaults."""
    (tmp_path / "gnomon.yaml").write_text("a: [\n")
    ended = in_session(tmp_path, "current = test(1)\n" + CALLS + "close()\n")
    assert ended.status == 0
    assert "gnomon.yaml" in ended.log
    assert "Traceback" not in ended.log
    assert [span["gnomon.cost.source"] for span in ended.spans] == [source for _, source in ESTIMATED]


def test_a_test_session_in_a_folder_that_is_gone(tmp_path: Path) -> None:
    """A test that removed its working folder before its first span records all the same."""
    ended = in_session(
        tmp_path,
        f"""
        import shutil, tempfile
        active.spool_directory = pathlib.Path({str(tmp_path)!r}) / ".gnomon" / "spool"
        gone = tempfile.mkdtemp()
        os.chdir(gone)
        shutil.rmtree(gone)
        current = test(1)
        with gnomon.agent("a"): pass
        close()
        """,
    )
    assert ended.status == 0
    assert "Traceback" not in ended.log
    assert [span.name for span in ended.spans] == ["invoke_agent a"]
