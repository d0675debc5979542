"""From one dashboard to the next nothing of what was chosen is lost."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gnomon.registry import attributes as a
from gnomon_generators import vocabulary as v
from tests.vocabulary.boards import ABOUT, COST, board


def url_of(link: v.Link, *variables: v.Variable) -> str:
    panel = v.stat("A", COST, about=ABOUT, links=[link])
    document = v.document(board(panel, variables=(v.suite, *variables)), "board")
    url: str = document["panels"][0]["fieldConfig"]["defaults"]["links"][0]["url"]
    return url


def test_every_dashboard_has_the_dropdown_of_all() -> None:
    """One dropdown by one tag keeps variables and time range."""
    document = v.document(board(v.stat("A", COST, about=ABOUT)), "board")
    family = document["links"][0]
    assert (family["type"], family["asDropdown"], family["tags"]) == ("dashboards", True, [v.FAMILY])
    assert family["includeVars"]
    assert family["keepTime"]
    assert v.FAMILY in document["tags"]


def test_a_link_keeps_the_time_range_and_the_variables() -> None:
    """A data link passes on every choice of its dashboard, data sources included."""
    assert url_of(v.to_dashboard("qa_engineer")) == (
        "/d/gnomon-qa-engineer?${__url_time_range}&${datasource:queryparam}&${suite:queryparam}"
    )


def test_a_link_sets_what_was_clicked_once() -> None:
    """A variable that the link sets is not passed on as well: Grafana would add up the two."""
    agent = v.label_variable(a.GEN_AI_AGENT_NAME)
    url = url_of(v.to_dashboard("agent", agent=a.GEN_AI_AGENT_NAME), agent)
    assert url.count("var-agent=") == 1
    assert "${agent:queryparam}" not in url
    assert "${suite:queryparam}" in url
    assert url.endswith("&var-agent=${__field.labels.gen_ai_agent_name:percentencode}")


def test_a_link_of_a_table_takes_a_column() -> None:
    """`field` is the value of a column in the row that was clicked, made fit for an address."""
    url = url_of(v.to_dashboard("agent", "Agents", agent=v.field("Agent name")))
    assert url.endswith('&var-agent=${__data.fields["Agent name"]:percentencode}')


def test_links_at_the_head_keep_all_too() -> None:
    """A link to a dashboard beside the dropdown keeps time and variables, one to elsewhere has neither."""
    links = [
        v.to_dashboard("fleet"),
        v.to_dashboard("agent", agent="triage"),
        v.link("Help", "https://x.y/?a=b"),
    ]
    document = v.document(board(v.stat("A", COST, about=ABOUT), links=links), "board")
    fleet, agent, outside = document["links"][1:]
    assert (fleet["url"], fleet["includeVars"], fleet["keepTime"]) == ("/d/gnomon-fleet", True, True)
    assert (agent["url"], agent["keepTime"]) == ("/d/gnomon-agent?var-agent=triage", True)
    assert (outside["url"], outside["keepTime"]) == ("https://x.y/?a=b", False)


def state(url: str) -> Any:
    """What Explore reads from the address."""
    (panes,) = parse_qs(urlsplit(url).query)["panes"]
    return json.loads(panes)["traces"]


def test_a_link_to_traces_opens_explore_with_the_search() -> None:
    """The search, the data source and the time range stand in Explore's state."""
    opened = state(url_of(v.to_traces('{ name = "run" && status = error }')))
    assert opened["queries"][0]["query"] == '{ name = "run" && status = error }'
    assert opened["queries"][0]["datasource"] == {"type": "tempo", "uid": "${tempo_datasource}"}
    assert opened["range"] == {"from": "${__from}", "to": "${__to}"}


def test_what_grafana_fills_in_stays_as_it_is() -> None:
    """References are left unencoded within Explore's state, quotes and all."""
    url = url_of(v.to_traces(f'{{ span.gnomon.test.case.id = "{v.field("Case id")}" }}'))
    assert '${__data.fields["Case id"]:percentencode}' in url
    filled = url.replace('${__data.fields["Case id"]:percentencode}', "a%20b")
    assert state(filled)["queries"][0]["query"] == '{ span.gnomon.test.case.id = "a b" }'


def test_a_trace_is_opened_by_its_id() -> None:
    """The id in a row is all that the search says."""
    url = url_of(v.to_trace(v.field("Trace")))
    filled = url.replace('${__data.fields["Trace"]:percentencode}', "4bf92f3577b34da6")
    assert state(filled)["queries"][0]["query"] == "4bf92f3577b34da6"
