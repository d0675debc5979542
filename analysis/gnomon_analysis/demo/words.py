"""What the demo's report says about where its figures come from."""

from __future__ import annotations

import platform
import shlex
from datetime import UTC, datetime

from gnomon.version import __version__
from gnomon_analysis.demo import program
from gnomon_analysis.demo.plan import Agreement, Replayed, Wish
from gnomon_analysis.demo.router import MODEL, PROVIDER
from gnomon_analysis.report.page import Setting

_TOKENS = (
    "Tokens are counted by the demo's own rule, every word and every punctuation mark being one, "
    "over the prompt that a model router would get: all skills' names and descriptions, and the request."
)
_LATENCY = (
    "Measured: the time in which the lexical router answered one request on this machine. "
    "It says nothing about a language model."
)
_TOOL_USE = (
    "Commands documented: how many of the golden set's expected command patterns stand in the body "
    "of the skill that was chosen. Patterns that only repeat the request are left out."
)


def setting(wish: Wish, replayed: Replayed) -> Setting:
    """Title, notes, provenance, checks and further commands of the report."""
    price = replayed.price
    state = shlex.quote(str(replayed.out))
    return Setting(
        title=f"Routing of {replayed.name} over its history",
        router_note=_router(wish.temperature),
        cost_note=(
            f"Cost is an estimate: nothing was paid. It prices the router's tokens as {price.model} "
            f"by the list price of {price.as_of.isoformat()}."
        ),
        tokens_note=_TOKENS,
        latency_note=_LATENCY,
        tool_use_note=_TOOL_USE,
        facts=_facts(wish, replayed),
        checks=(_check(replayed.agreement), *(f"{note[0].upper()}{note[1:]}" for note in replayed.notes)),
        commands=tuple(
            f"GNOMON_STATE_DIRECTORY={state} {program.gnomon()} {command}"
            for command in ("runs", "tests", "show last")
        ),
    )


def _router(temperature: float) -> str:
    chance = (
        "It always takes the best score, so that a run repeats exactly."
        if temperature == 0
        else f"It draws its answer at temperature {temperature:g}, from seeds made of commit, run and case: "
        "close decisions are truly unsteady, and the whole replay still repeats exactly."
    )
    return (
        "The router is the demo's own: it compares the words and word pairs of a request with the names, "
        f"descriptions and bodies of the skills (TF-IDF). It is no language model. {chance}"
    )


def _facts(wish: Wish, replayed: Replayed) -> tuple[tuple[str, str], ...]:
    golden, price, out = replayed.golden, replayed.price, replayed.out
    repository = replayed.name if wish.repository is None else str(wish.repository.resolve())
    workers = f"{wish.workers} pytest-xdist workers" if wish.workers else "without pytest-xdist"
    everything = "all commits on the first parents that change a SKILL.md or the golden set"
    cases = f"{len(golden.cases)} cases, {len(golden.judged_cases)} of them not skipped"
    return (
        ("Gnomon", __version__),
        ("Python", platform.python_version()),
        ("Repository", repository),
        ("Range", wish.span or everything),
        ("Golden set", f"version {golden.version}, {cases}; the same for every commit"),
        ("Router", f"{PROVIDER} / {MODEL}, temperature {wish.temperature:g}"),
        ("Runs", f"{wish.runs} at each commit, {workers}"),
        ("Price table", f"{price.name}, {price.source}"),
        ("Results store", str(out / "gnomon.db")),
        ("Spool (OTLP/JSON)", str(out / "spool")),
        ("Router's own notes", str(out / "answers.jsonl")),
        ("Written", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
    )


def _check(agreement: Agreement) -> str:
    if agreement.different:
        named = ", ".join(commit[:7] for commit in agreement.different)
        return (
            f"NOT in agreement: at {len(agreement.different)} of {agreement.compared} commits the store's "
            f"accuracy differs from the one computed from the router's own notes: {named}."
        )
    where = "the one commit" if agreement.compared == 1 else f"all {agreement.compared} commits"
    return (
        f"Checked in this run: at {where} the right and the judged answers in the results store equal those "
        "computed from the router's own notes, which no telemetry passes through."
    )
