"""The templates of messages: a fixed part, and who owns what by the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files

from gnomon.registry import attributes as a
from gnomon.registry.prometheus import label_of
from gnomon.settings import Settings
from gnomon.settings.model import Owner
from gnomon_generators.alertmanager.config import Templates

_NOBODY = "nobody named in gnomon.yaml"


def templates(settings: Settings) -> Templates:
    """Gnomon's messages for Slack, PagerDuty and e-mail, as the file `gnomon`."""
    fixed = files(__package__).joinpath("messages.tmpl").read_text(encoding="utf-8")
    return Templates("gnomon", f"{fixed}\n{_owner_template(settings)}")


def owners(settings: Settings) -> Iterator[tuple[str, str, Owner]]:
    """Label, its value, and the owner of alerts that bear it: first what says most of an alert.

    Only owners that the settings list are found.
    """
    known = {owner.name: owner for owner in settings.organisation.owners}
    for label, rows in (
        (label_of(a.GEN_AI_SKILL_NAME), settings.organisation.skills),
        (label_of(a.GEN_AI_AGENT_NAME), settings.organisation.agents),
        (label_of(a.GNOMON_DEPARTMENT), settings.organisation.departments),
        (label_of(a.DEPLOYMENT_ENVIRONMENT_NAME), settings.organisation.environments),
    ):
        for row in rows:
            if row.owner in known:
                yield label, row.name, known[row.owner]


def default_owner(settings: Settings) -> Owner | None:
    """Who answers for what nobody else answers for, if the settings name somebody."""
    name = settings.alerts.owner
    return next((owner for owner in settings.organisation.owners if owner.name == name), None)


def _owner_template(settings: Settings) -> str:
    lines = ['{{ define "gnomon.alert.owner" -}}']
    word = "if"
    for label, value, owner in owners(settings):
        lines.append(
            f"{{{{ {word} eq .Labels.{label} {_quoted(value)} }}}}{{{{ {_quoted(_told(owner))} -}}}}"
        )
        word = "else if"
    default = default_owner(settings)
    nobody = f"{{{{ {_quoted(_told(default) if default else _NOBODY)} -}}}}"
    lines += [nobody] if word == "if" else [f"{{{{ else }}}}{nobody}", "{{ end -}}"]
    return "\n".join([*lines, "{{ end }}", ""])


def _told(owner: Owner) -> str:
    ways = ", ".join(way for way in (owner.slack, owner.email) if way)
    return f"{owner.name} ({ways})" if ways else owner.name


def _quoted(text: str) -> str:
    """A string of Go's, which JSON's is too."""
    return json.dumps(text, ensure_ascii=False)
