"""The price table: figures, days, caches, the user's own file."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gnomon.errors import UserError
from gnomon.prices import UNKNOWN, PriceTable, Usage, cost, load_overlay, price
from gnomon.prices.lookup import table

SHIPPED = sorted(table(), key=lambda row: (row.model, str(row.valid_from)))
tokens = st.integers(0, 10_000_000)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    read, written, fresh = draw(tokens), draw(tokens), draw(tokens)
    output = draw(tokens)
    return Usage(
        input=read + written + fresh,
        output=output,
        cache_read=read,
        cache_write=written,
        reasoning=draw(st.integers(0, output)),
        cache_write_1h=draw(st.integers(0, written)),
    )


@pytest.fixture(autouse=True)
def _shipped_table() -> Iterator[None]:
    yield
    load_overlay(None)


def test_a_cached_token_is_billed_once() -> None:
    """Input tokens include the cached ones, so 1,000 of which 900 were read cost 100 fresh + 900 read."""
    usage = Usage(input=1_000_000, output=100_000, cache_read=600_000, cache_write=300_000)
    found = cost(usage, "claude-opus-4-5", "anthropic", date(2026, 10, 1))
    assert found.usd == pytest.approx(0.1 * 5 + 0.6 * 0.5 + 0.3 * 6.25 + 0.1 * 25)
    assert found.source == "estimated"
    assert found.price_source == "anthropic claude-opus-4-5 as of 2026-10-24"


def test_tokens_stored_for_an_hour_cost_more() -> None:
    """The part of the written tokens that stays an hour is billed at its own rate."""
    usage = Usage(input=1_000_000, cache_write=1_000_000, cache_write_1h=400_000)
    assert cost(usage, "claude-haiku-4-5", "anthropic").usd == pytest.approx(0.6 * 1.25 + 0.4 * 2)


def test_a_long_request_is_billed_whole_at_the_long_rate() -> None:
    """One token above the threshold, and every token of the request costs the long rate."""
    at = Usage(input=200_000, output=1_000)
    above = Usage(input=200_001, output=1_000)
    assert cost(at, "gemini-2.5-pro", "gcp.gemini").usd == pytest.approx((200_000 * 1.25 + 10_000) / 1e6)
    assert cost(above, "gemini-2.5-pro", "gcp.gemini").usd == pytest.approx((200_001 * 2.5 + 15_000) / 1e6)


def test_the_day_decides() -> None:
    """A call is billed by the list of its day, in UTC, and a price change begins at midnight."""
    usage = Usage(input=1_000_000)
    before = datetime(2026, 7, 29, 23, 59, 59, tzinfo=UTC)
    after = datetime(2026, 7, 30, 0, 0, 0, tzinfo=UTC)
    assert cost(Usage(input=100_000), "gpt-5.6-luna", "openai", before).usd == pytest.approx(0.1)
    assert cost(Usage(input=100_000), "gpt-5.6-luna", "openai", after).usd == pytest.approx(0.02)
    assert cost(usage, "o3", "openai", date(2025, 6, 9)) == UNKNOWN
    assert cost(usage, "o3", "openai", after.timestamp()).usd == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
        ("claude-opus-4@20250514", "claude-opus-4"),
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("gpt-5-chat-latest", "gpt-5"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("gpt-4o-2024-11-20", "gpt-4o"),
    ],
)
def test_snapshots_and_aliases_find_their_model(name: str, model: str) -> None:
    """A date, `latest` or a context mark behind a name does not hide its price."""
    found = price(name)
    assert found is not None
    assert found.model == model


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("no-such-model", None),
        ("", None),
        ("claude-opus-4-5", "aws.bedrock"),
        ("gpt-4o-audio-preview", "openai"),
    ],
)
def test_an_unknown_model_has_no_cost(model: str, provider: str | None) -> None:
    """Where the table knows nothing, the cost is absent and its source says none."""
    assert cost(Usage(10, 10), model, provider) == UNKNOWN


def test_two_figures_of_one_call() -> None:
    """The preferred source is taken where it has a figure, the other one where it has none."""
    call = (Usage(10, 10), "claude-opus-4-5", "anthropic")
    assert cost(*call, reported_usd=0.5).source == "estimated"
    assert cost(*call, reported_usd=0.5) == cost(*call)
    preferred = cost(*call, reported_usd=0.5, source="provider")
    assert (preferred.usd, preferred.source) == (0.5, "provider")
    assert cost(*call, source="provider") == cost(*call)
    for unknown in (
        cost(Usage(10, 10), "nobody-knows", "house", reported_usd=0.5),
        cost(None, "claude-opus-4-5", "anthropic", reported_usd=0.5),
        cost(*call, reported_usd=0.5, service_tier="batch"),
    ):
        assert (unknown.usd, unknown.source) == (0.5, "provider")
    assert cost(Usage(10, 10), "nobody-knows", "house", source="provider") == UNKNOWN


def test_other_tiers_are_not_estimated() -> None:
    """Batch, flex and priority have lists of their own: no figure is better than a wrong one."""
    assert cost(Usage(10, 10), "gpt-5", "openai", service_tier="flex") == UNKNOWN
    assert cost(Usage(10, 10), "gpt-5", "openai", service_tier="default").usd is not None


@given(usage=usages(), row=st.sampled_from(SHIPPED))
def test_a_cost_is_never_negative_and_caching_reads_never_cost_more(usage: Usage, row: object) -> None:
    """For every price: 0 for nothing, never below 0, and a read from the cache is no dearer than none."""
    assert hasattr(row, "usd")
    uncached = Usage(input=usage.input, output=usage.output)
    read = Usage(input=usage.input, output=usage.output, cache_read=usage.input)
    assert row.usd(Usage()) == 0
    assert row.usd(usage) >= 0
    assert row.usd(read) <= row.usd(uncached) * (1 + 1e-9)


@given(first=usages(), second=usages(), row=st.sampled_from([row for row in SHIPPED if row.long is None]))
def test_costs_add_up(first: Usage, second: Usage, row: object) -> None:
    """Without a threshold two calls cost together what their tokens cost in one."""
    assert hasattr(row, "usd")
    assert row.usd(first + second) == pytest.approx(row.usd(first) + row.usd(second))


@given(usage=usages(), row=st.sampled_from(SHIPPED))
def test_reasoning_is_part_of_the_output(usage: Usage, row: object) -> None:
    """Reasoning tokens are in the output already and are not billed again."""
    assert hasattr(row, "usd")
    silent = Usage(usage.input, usage.output, usage.cache_read, usage.cache_write, 0, usage.cache_write_1h)
    assert row.usd(usage) == row.usd(silent)


def test_the_shipped_table_is_sound() -> None:
    """No model has two prices on one day, every price has a source and a day, and spans are in order."""
    by_model: dict[str, list[tuple[date, date]]] = {}
    for row in SHIPPED:
        assert row.source.startswith("https://")
        assert row.as_of <= date(2026, 11, 21)
        assert row.rates.output >= row.rates.input or row.rates.output == 0
        span = (row.valid_from or date.min, row.valid_to or date.max)
        assert span[0] < span[1]
        for other in by_model.setdefault(row.model, []):
            assert span[1] <= other[0] or other[1] <= span[0], f"{row.model} has two prices at once"
        by_model[row.model].append(span)
        if row.long is not None:
            assert row.long.input >= row.rates.input
            assert row.long_above > 0
    assert len(by_model) >= 60


def test_the_users_rows_stand_in_front(tmp_path: Path) -> None:
    """A row of the user's file is found before the shipped one; what it leaves out is still there."""
    own = tmp_path / "prices.yaml"
    own.write_text(
        "models:\n"
        "  - model: claude-opus-4-5\n"
        "    provider: anthropic\n"
        "    source: our contract\n"
        "    prices:\n"
        "      - {as_of: 2026-01-01, valid_from: 2026-01-01, rates: {input: 4, output: 20}}\n"
        "  - model: house-model\n"
        "    provider: [house]\n"
        "    prices: [{as_of: 2026-01-01, rates: {input: 1, output: 1}}]\n"
    )
    load_overlay(own)
    million = Usage(input=1_000_000)
    assert cost(million, "claude-opus-4-5", "anthropic", date(2026, 6, 1)).usd == 4
    assert cost(million, "claude-opus-4-5", "anthropic", date(2025, 12, 1)).usd == 5
    assert cost(million, "house-model", "house").usd == 1
    assert cost(million, "gpt-5", "openai").usd == 1.25


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models: {}", ["no list `models`"]),
        ("models:\n  - ]", ["line 2", "not YAML"]),
        ("models: [{provider: x}]", ["row 1", "no `model`"]),
        ("models: [{model: m, prices: []}]", ["'m'", "`provider`"]),
        ("models: [{model: m, provider: p}]", ["'m'", "no `prices`"]),
        ("models: [{model: m, provider: p, prices: [{rates: {input: 1, output: 1}}]}]", ["no `as_of`"]),
        (
            "models: [{model: m, provider: p, prices: [{as_of: soon, rates: {input: 1, output: 1}}]}]",
            ["`as_of` is 'soon'"],
        ),
        (
            "models: [{model: m, provider: p, prices: [{as_of: 2026-01-01, rates: {input: -1, output: 1}}]}]",
            ["`rates.input` is -1"],
        ),
        (
            "models: [{model: m, provider: p, prices: "
            "[{as_of: 2026-01-01, rates: {input: 1, output: 1, chache_read: 1}}]}]",
            ["unknown rate `chache_read`"],
        ),
        (
            "models: [{model: m, provider: p, prices: [{as_of: 2026-01-01, rates: {input: 1, output: 1}}]}, "
            "{model: m, provider: p, prices: [{as_of: 2026-01-01, rates: {input: 1, output: 1}}]}]",
            ["'m'", "twice"],
        ),
    ],
)
def test_a_mistake_in_a_price_file_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    """The sentence names the file, the row, what is wrong and what to write."""
    own = tmp_path / "own.yaml"
    own.write_text(text)
    with pytest.raises(UserError) as mistake:
        PriceTable.read(own)
    for word in [str(own), *words]:
        assert word in str(mistake.value)


keys = st.sampled_from(["models", "model", "provider", "prices", "as_of", "rates", "input", "output"])
anything = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
    max_leaves=12,
)


@given(anything)
def test_any_yaml_is_a_table_or_a_users_mistake(content: object) -> None:
    """Whatever a price file holds, reading it never fails otherwise than with a sentence for its writer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own.yaml"
        path.write_text(yaml.safe_dump(content), "utf-8")
        with contextlib.suppress(UserError):
            list(PriceTable.read(path))
