"""Variables named `GNOMON_…` that nothing reads, most of them misspelled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from gnomon.settings.problems import Place, Problem
from gnomon.settings.table import Setting, by_key
from gnomon.settings.values import SecretReference

PREFIX: Final = "GNOMON_"

OTHERS: Final[Mapping[str, str]] = {
    "GNOMON": "`1` switches the pytest plugin on, `0` off. `--gnomon` and `--no-gnomon` win over it.",
    "GNOMON_CONFIG": "Settings file instead of the nearest gnomon.yaml; the same as `gnomon --config`.",
    "GNOMON_DEBUG": "`1` shows the traceback of an error; the same as `gnomon --debug`.",
    "GNOMON_RUN_SEQUENCE": "Number of a test run, instead of the pipeline's own or the next one here.",
    "GNOMON_CACHE": "Folder of the programs that Gnomon builds, instead of `gnomon` in the user's cache.",
    "GNOMON_SECRETS": "Folder of the stack's secrets.",
    "GNOMON_FILES": "Folder of what is generated, as the stack's Grafana sees it.",
    "GNOMON_COLLECTOR_HOST": "Address at which the Collector listens.",
    "GNOMON_COLLECTOR_STATE": "Folder in which the Collector keeps its queues.",
    "GNOMON_GATEWAY_ENDPOINT": "Where a Collector beside an agent sends to.",
    "GNOMON_TEMPO_ENDPOINT": "Where the Collector sends traces to, as host:port.",
    "GNOMON_TEMPO_HOST": "Address at which Tempo listens.",
    "GNOMON_TEMPO_STATE": "Folder in which Tempo keeps traces.",
    "GNOMON_TEMPO_URL": "Where Grafana reaches Tempo.",
    "GNOMON_PROMETHEUS_URL": "Where Collector, Tempo and Grafana reach Prometheus.",
    "GNOMON_RESULTS_URL": "Where the Collector reaches `gnomon receive`.",
    "GNOMON_ALERTMANAGER_URL": "Where Grafana reaches Alertmanager.",
    "GNOMON_POSTGRES": "Where Grafana reaches PostgreSQL, as host:port.",
    "GNOMON_REQUIRE_STACK": "`1`: Gnomon's own tests fail where a packaged program is missing.",
    "GNOMON_REQUIRE_COLLECTOR": "`1`: the same for a Collector, which is built.",
    "GNOMON_REQUIRE_UPSTREAM": "`1`: the same for Prometheus and Alertmanager as their projects have them.",
}
"""What each variable is that is read and sets no setting, whichever part of Gnomon reads it."""

# Kubernetes and Docker give a container the addresses of services, whose names may begin with ours.
_INJECTED: Final = re.compile(
    r"_SERVICE_(HOST|PORT(_\w+)?)\Z|_PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?\Z"
)
_LIKE = 0.7
_MOST = 3


def mistakes(environ: Mapping[str, str], values: Mapping[str, Any]) -> list[Problem]:
    """One for each variable that is set and that nothing reads, with the name that was probably meant.

    `values` are those of the settings: a secret is kept in whichever variable they name.
    """
    secrets = {value.env for value in values.values() if isinstance(value, SecretReference)}
    known = {setting.variable for setting in by_key().values()} | OTHERS.keys() | secrets
    return [
        _mistake(name)
        for name, value in sorted(environ.items())
        if name.upper().startswith(PREFIX)
        and name not in known
        and value.strip()
        and not _is_injected(name, value)
    ]


def _is_injected(name: str, value: str) -> bool:
    return _INJECTED.search(name) is not None or (name.endswith("_PORT") and "://" in value)


def _mistake(name: str) -> Problem:
    place = Place(variable=name)
    near = list(_nearest(name))
    if near and isinstance(near[0], Setting) and near[0].variable is None:
        return Problem(place, near[0].key, "no variable sets it", f"write `{near[0].key}` in gnomon.yaml")
    names = [str(one.variable) if isinstance(one, Setting) else one for one in near]
    remedy = (
        f"did you mean {' or '.join(names)}?" if names else "unset it; docs/settings.md has those there are"
    )
    return Problem(place, "", "nothing reads this variable", remedy)


def _nearest(name: str) -> Iterator[Setting | str]:
    """What was probably meant: settings of this name in whichever section, or else the likest name."""
    # Without what all have in common, which would make everything alike.
    meant = name.upper().removeprefix(PREFIX)
    settings = [setting for setting in by_key().values() if setting.kind != "section"]
    spelled: dict[str, Setting | str] = {
        setting.key.replace(".", "_").upper(): setting for setting in settings
    } | {other.removeprefix(PREFIX): other for other in OTHERS if other.startswith(PREFIX)}
    same = [setting for setting in settings if setting.variable and setting.name.upper() == meant]
    if meant not in spelled and same:
        yield from same[:_MOST]
        return
    yield from (spelled[found] for found in get_close_matches(meant, spelled, n=1, cutoff=_LIKE))
