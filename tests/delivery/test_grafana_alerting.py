"""Grafana's own alerting, as its provisioning documents the files.

No Grafana runs here: keys, types and required keys are those of its documentation
(grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning), and of its
source where that says more.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from gnomon.errors import UserError
from gnomon.settings import Duration, Settings
from gnomon.settings.model import Channels, Heartbeat, Maintenance
from gnomon.settings.values import SecretReference
from gnomon_generators.artefacts.production import folders, produce
from gnomon_generators.writing import write
from tests.alertmanager.running import CHANNELS, ORGANISATION, settings
from tests.promql.servers import promtool
from tests.rules.tree import ROOT

TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
TEXTS: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}
DURATION: dict[str, Any] = {"type": "string", "pattern": r"^(\d+(ms|[smhdwy]))+$"}
UID: dict[str, Any] = {"type": "string", "pattern": r"^[a-zA-Z0-9_-]{1,40}$"}


def record(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object with these keys and no others."""
    properties = {**required, **(optional or {})}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def several(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 1}


def file(**resources: dict[str, Any]) -> dict[str, Any]:
    return record({"apiVersion": {"const": 1}, **{key: several(one) for key, one in resources.items()}})


ORG: dict[str, Any] = {"orgId": {"const": 1}}
SOURCE = record({"type": TEXT, "uid": TEXT})
ASKED = record(
    {"refId": TEXT, "datasource": SOURCE},
    {
        "expr": TEXT,
        "instant": {"const": True},
        "range": {"const": False},
        "type": {"enum": ["math", "threshold"]},
        "expression": TEXT,
        "conditions": several(
            record({"evaluator": record({"type": {"const": "gt"}, "params": several({"type": "number"})})})
        ),
    },
)
QUERY = record(
    {"refId": TEXT, "datasourceUid": TEXT, "model": ASKED},
    {
        "queryType": TEXT,
        "relativeTimeRange": record({"from": {"type": "integer"}, "to": {"type": "integer"}}),
    },
)
RULE = record(
    {
        "uid": UID,
        "title": TEXT,
        "condition": TEXT,
        "data": several(QUERY),
        "for": DURATION,
        "noDataState": {"enum": ["NoData", "Alerting", "OK", "KeepLast"]},
        "execErrState": {"enum": ["Error", "Alerting", "OK", "KeepLast"]},
        "annotations": TEXTS,
        "labels": TEXTS,
    },
    {
        "dashboardUid": UID,
        "panelId": {"type": "integer"},
        "missing_series_evals_to_resolve": {"type": "integer", "minimum": 1},
    },
)
INTEGRATIONS: dict[str, Any] = {
    "slack": record({"url": TEXT}, {"recipient": TEXT, "title": TEXT, "text": TEXT, "color": TEXT}),
    "pagerduty": record(
        {"integrationKey": TEXT},
        {
            **dict.fromkeys(
                ("severity", "class", "component", "group", "summary", "client", "client_url"), TEXT
            ),
            "details": TEXTS,
            "url": TEXT,
        },
    ),
    "email": record(
        {"addresses": TEXT}, {"subject": TEXT, "message": TEXT, "singleEmail": {"type": "boolean"}}
    ),
    "webhook": record(
        {"url": TEXT},
        {
            "httpMethod": {"enum": ["POST", "PUT"]},
            "authorization_scheme": TEXT,
            "authorization_credentials": TEXT,
        },
    ),
}
CONTACT = record(
    {
        **ORG,
        "name": TEXT,
        "receivers": several(
            {
                "oneOf": [
                    record(
                        {"uid": UID, "type": {"const": kind}, "settings": of_kind},
                        {"disableResolveMessage": {"type": "boolean"}},
                    )
                    for kind, of_kind in INTEGRATIONS.items()
                ]
            }
        ),
    }
)
POLICY: dict[str, Any] = {
    "receiver": TEXT,
    "object_matchers": several(
        {
            "type": "array",
            "prefixItems": [TEXT, {"enum": ["=", "!=", "=~", "!~"]}, {"type": "string"}],
            "minItems": 3,
        }
    ),
    "group_by": several(TEXT),
    "mute_time_intervals": several(TEXT),
    "group_wait": DURATION,
    "group_interval": DURATION,
    "repeat_interval": DURATION,
    "routes": several({"$ref": "#/$defs/policy"}),
}
INTERVAL = record(
    {},
    {
        "times": several(record({"start_time": TEXT, "end_time": TEXT})),
        **{key: several(TEXT) for key in ("weekdays", "days_of_month", "months", "years")},
        "location": TEXT,
    },
)
SCHEMAS: dict[str, dict[str, Any]] = {
    "rules": file(
        groups=record({**ORG, "name": TEXT, "folder": TEXT, "interval": DURATION, "rules": several(RULE)})
    ),
    "contact-points": file(contactPoints=CONTACT),
    "policies": {
        "$defs": {"policy": record({}, POLICY)},
        **file(policies=record({**ORG, "receiver": TEXT, "group_by": POLICY["group_by"]}, POLICY)),
    },
    "mute-timings": file(muteTimes=record({**ORG, "name": TEXT, "time_intervals": several(INTERVAL)})),
    "templates": file(templates=record({**ORG, "name": TEXT, "template": TEXT})),
}
WINDOWS = (
    Maintenance(
        name="upgrade", environment="production", weekdays=("saturday",), starts="22:00", ends="02:00"
    ),
)


def wanted() -> Settings:
    heartbeat = Heartbeat(url=SecretReference(env="HEARTBEAT_URL"))
    plain = settings("all", replace(CHANNELS, heartbeat=heartbeat))
    alerts = replace(plain.alerts, grafana=True, maintenance=WINDOWS)
    return replace(
        plain, alerts=alerts, dashboards=replace(plain.dashboards, url="https://grafana.example.com")
    )


def made(chosen: Settings) -> dict[str, Any]:
    """Each file by its name, read back."""
    return {
        document.path.stem: yaml.safe_load(document.text)
        for document in produce(["alerts"], chosen)
        if document.path.is_relative_to("stack/yaml/grafana/alerting")
    }


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_file_has_the_documented_form(name: str) -> None:
    """No key is missing, none is unknown, and each has a value of its kind."""
    validator = jsonschema.Draft202012Validator(SCHEMAS[name])
    assert not [
        f"{'/'.join(map(str, one.path))}: {one.message}"
        for one in validator.iter_errors(made(wanted())[name])
    ]


def test_the_schemas_would_find_a_mistake() -> None:
    """A key that the documentation does not know is refused at each depth."""
    content = made(wanted())["rules"]
    content["groups"][0]["rules"][0]["data"][0]["model"]["expression_"] = "x"
    assert not jsonschema.Draft202012Validator(SCHEMAS["rules"]).is_valid(content)


def test_every_alert_is_there(tmp_path: Path) -> None:
    """The alerts of Prometheus' files: expressions, waits, labels, and the value by Grafana's name for it."""
    documents = produce(["alerts"], wanted())
    of_prometheus = {
        rule["alert"]: rule
        for document in documents
        if document.path.parent.name == "yaml" and "groups" in (content := yaml.safe_load(document.text))
        for group in content["groups"]
        for rule in group["rules"]
    }
    rules = {rule["title"]: rule for group in made(wanted())["rules"]["groups"] for rule in group["rules"]}
    assert set(rules) == set(of_prometheus)
    assert len({rule["uid"] for rule in rules.values()}) == len(rules)
    for name, rule in rules.items():
        query, math, condition = rule["data"]
        assert rule["condition"] == condition["refId"]
        assert condition["model"]["expression"] == math["refId"]
        assert query["datasourceUid"] in (ROOT / "stack/yaml/grafana/datasources/gnomon.yaml").read_text()
        assert re.sub(r"[\s()]", "", query["model"]["expr"]) == re.sub(
            r"[\s()]", "", of_prometheus[name]["expr"]
        )
        assert (rule["for"], rule["labels"]) == (of_prometheus[name]["for"], of_prometheus[name]["labels"])
        there = {
            key: text.replace("$value", "$values.query.Value")
            for key, text in of_prometheus[name]["annotations"].items()
        }
        assert rule["annotations"] == there
        # Grafana puts an environment variable in where it sees one.
        assert not [text for text in rule["annotations"].values() if "${" in text]
    path = tmp_path / "rules.yaml"
    asked = [
        {"record": "a:b", "expr": rule["data"][0]["model"]["expr"], "labels": {"n": name}}
        for name, rule in rules.items()
    ]
    path.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": asked}]}))
    assert promtool("check", "rules", path).returncode == 0


def test_everybody_is_told_as_by_alertmanager() -> None:
    """Policies name contact points and mute timings that are there, in Alertmanager's order."""
    files = made(wanted())
    points = {point["name"] for point in files["contact-points"]["contactPoints"]}
    assert points == {"team", "heartbeat", "owner platform", "owner desk"}
    timings = {timing["name"] for timing in files["mute-timings"]["muteTimes"]}
    assert timings == {"never told", "upgrade"}
    [first] = files["policies"]["policies"]
    assert "mute_time_intervals" not in first
    policies = [first]
    for policy in policies:
        policies += policy.get("routes", [])
        assert policy.get("receiver", "team") in points
        assert set(policy.get("mute_time_intervals", [])) <= timings
    info = [policy for policy in policies if ["severity", "=", "info"] in policy.get("object_matchers", [])]
    assert [(policy["receiver"], policy["mute_time_intervals"]) for policy in info] == [
        ("team", ["never told"])
    ]
    desk = [policy for policy in policies if policy.get("receiver") == "owner desk"]
    assert {tuple(policy["object_matchers"][0]) for policy in desk} == {("gnomon_department", "=", "support")}


def test_messages_and_secrets() -> None:
    """Contact points say what Alertmanager's say, and take each secret from its file."""
    chosen = wanted()
    files = made(chosen)
    [template] = files["templates"]["templates"]
    defined = set(re.findall(r'define "([\w.]+)"', template["template"]))
    [team] = [point for point in files["contact-points"]["contactPoints"] if point["name"] == "team"]
    assert set(re.findall(r'template "([\w.]+)"', str(team))) <= defined
    told = {one["type"]: one["settings"] for one in team["receivers"]}
    assert told["slack"]["url"] == "$__file{/run/secrets/SLACK_WEBHOOK_URL}"
    assert told["pagerduty"]["integrationKey"] == "$__file{/run/secrets/pagerduty}"
    assert told["webhook"]["authorization_credentials"] == "$__file{/run/secrets/token}"
    assert told["email"]["addresses"] == "quality@example.com;second@example.com"


def test_nothing_is_written_unless_asked_for(tmp_path: Path) -> None:
    """By default there are no such files, and those that were there are removed."""
    assert not made(Settings(organisation=ORGANISATION))
    write(produce(["alerts"], wanted()), tmp_path, tuple(folders(["alerts"])))
    assert (tmp_path / "stack/yaml/grafana/alerting/rules.yaml").is_file()
    write(produce(["alerts"], settings()), tmp_path, tuple(folders(["alerts"])))
    assert not (tmp_path / "stack/yaml/grafana/alerting/rules.yaml").exists()


def test_in_the_stack_grafana_tells_and_nobody_else_does() -> None:
    """Prometheus names no Alertmanager, and Grafana's container has the channels' secrets and mail server."""
    texts = {str(document.path): document.text for document in produce(["stack"], wanted())}
    assert "alerting" not in yaml.safe_load(texts["stack/yaml/prometheus.yaml"])
    services = yaml.safe_load(texts["docker-compose.yml"])["services"]
    assert {"SLACK_WEBHOOK_URL", "pagerduty", "token"} <= set(services["grafana"]["secrets"])
    assert "SLACK_WEBHOOK_URL" not in services["alertmanager"].get("secrets", ())
    assert services["grafana"]["environment"]["GF_SMTP_ENABLED"] == "true"
    ours = {str(document.path): document.text for document in produce(["stack"], settings())}
    assert "alerting" in yaml.safe_load(ours["stack/yaml/prometheus.yaml"])


def test_what_grafana_cannot_do_is_refused() -> None:
    """An interval between Grafana's beats, and nobody to tell, are told when the files are made."""
    chosen = wanted()
    with pytest.raises(UserError, match="every 10s or a multiple of it, and not every 15s"):
        made(replace(chosen, rules=replace(chosen.rules, interval=Duration("15s"))))
    with pytest.raises(UserError, match="needs somebody to tell"):
        made(replace(chosen, channels=Channels(), alerts=replace(chosen.alerts, channel="slack")))
