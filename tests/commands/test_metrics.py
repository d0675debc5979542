"""Ledger counters: names, labels, totals, and serving them."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from gnomon.registry import metrics, values
from gnomon.registry.prometheus import label_of, series_names
from gnomon_analysis.store import open_store
from tests.commands.conftest import Project
from tests.store.changes import plant
from tests.store.spool_files import Run, varied_run

SERVED = [metric for metric in metrics.ALL if metric.counting in ("ledger", "gauge")]


def samples(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Value by series name and the values of its own labels (outcome, le)."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            own = tuple(
                value
                for name, value in sample.labels.items()
                if name in ("gnomon_test_outcome", "le", "test_suite_name")
            )
            found.setdefault(sample.name, {})[own] = sample.value
    return found


def test_names_and_labels_are_the_registrys(project: Project) -> None:
    """Every metric of the store is there under its Prometheus name with its labels, and nothing else is."""
    varied_run().write(project.spool)
    planted(project, revisions=1)
    text = project.gnomon("metrics", "--once")

    names = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    assert names == {name for metric in SERVED for name in series_names(metric)}
    for metric in SERVED:
        labels = {label_of(attribute) for attribute in metric.attributes}
        for name in series_names(metric):
            (line,) = re.findall(rf"^{name}{{(.*?)}} ", text, re.MULTILINE)[:1]
            assert set(re.findall(r"(\w+)=", line)) - {"le"} == labels


def planted(project: Project, revisions: int, days_ago: int = 0) -> None:
    """So many commits of which each changed a skill and raised the accuracy of the suite `routing`."""
    with open_store(project.folder / ".gnomon" / "gnomon.db") as store:
        for number in range(revisions):
            changed = time.time_ns() - days_ago * 86_400 * 10**9 - number * 10**9
            plant(store, changed_ns=changed, revision=f"{days_ago:03}{number:03}".ljust(40, "c"))


def test_findings_name_commit_and_skill_while_they_are_news(project: Project) -> None:
    """A finding of this week has a series with its commit and the skill that it changed."""
    planted(project, revisions=1)
    planted(project, revisions=1, days_ago=8)
    text = project.gnomon("metrics", "--once")

    (line,) = re.findall(r"^gnomon_change_confidence_percent{(.*)} (.*)$", text, re.MULTILINE)
    assert dict(re.findall(r'(\w+)="(.*?)"', line[0])) == {
        "test_suite_name": "routing",
        "deployment_environment_name": "test",
        "gnomon_department": "",
        "gen_ai_agent_name": "",
        "gnomon_change_metric": "routing_accuracy",
        "gnomon_change_verdict": "improvement",
        "gnomon_change_revision": "000000ccc",
        "gen_ai_skill_name": "refunds",
    }
    assert float(line[1]) == 99.0
    (total,) = re.findall(r"^gnomon_changes_total{(.*)} (.*)$", text, re.MULTILINE)
    assert total[1] == "2.0"
    assert {'gnomon_change_kind="skill"', 'gnomon_change_action="modified"'} <= set(total[0].split(","))


def test_findings_have_few_series(project: Project) -> None:
    """However many commits moved something this week, the newest twenty have series."""
    planted(project, revisions=25)
    text = project.gnomon("metrics", "--once")
    revisions = re.findall(r'^gnomon_change_confidence.*gnomon_change_revision="(\w+)"', text, re.MULTILINE)
    assert sorted(revisions) == [f"000{number:03}ccc" for number in range(20)]


def test_totals_are_the_truth_and_zeros_are_there(project: Project) -> None:
    """Routing tests only, each once; retries, attempts' latencies, cost and duration of their calls."""
    varied_run().write(project.spool)
    found = samples(project.gnomon("metrics", "--once"))

    outcomes = {key[0]: value for key, value in found["routing_test_total"].items()}
    assert outcomes == dict.fromkeys(values.OUTCOMES, 0.0) | {"passed": 2.0, "failed": 2.0}
    assert list(found["routing_test_retries_total"].values()) == [3.0]
    assert list(found["routing_test_api_latency_seconds_count"].values()) == [6.0]
    assert list(found["routing_test_api_latency_seconds_sum"].values()) == [2.25]
    latency = {key[0]: value for key, value in found["routing_test_api_latency_seconds_bucket"].items()}
    assert (latency["0.16"], latency["0.32"], latency["0.64"], latency["+Inf"]) == (0.0, 3.0, 6.0, 6.0)
    assert list(found["routing_test_cost_usd_count"].values()) == [1.0]
    assert list(found["routing_test_cost_usd_sum"].values()) == [0.02]
    assert list(found["routing_test_duration_seconds_count"].values()) == [4.0]
    assert list(found["routing_test_duration_seconds_sum"].values()) == [2.0]


def test_an_empty_store_has_no_series(project: Project) -> None:
    """Before the first run there is nothing to count, and that is no mistake."""
    assert samples(project.gnomon("metrics", "--once")) == {}


def test_a_test_case_repeated_in_a_run_counts_its_calls_once(project: Project) -> None:
    """Two results with one case id do not double what its model calls cost."""
    run = Run(key="a").test("twin", expected="alpha", actual="alpha", calls=2)
    run.test("twin", expected="alpha", actual="alpha", key="the other twin")
    run.write(project.spool)

    found = samples(project.gnomon("metrics", "--once"))

    assert sum(found["routing_test_total"].values()) == 2
    assert list(found["routing_test_retries_total"].values()) == [2.0]
    assert list(found["routing_test_cost_usd_sum"].values()) == [0.02]


def test_they_are_served_and_grow(project: Project) -> None:
    """A scrape sees what was recorded since the last one; the server ends quietly when told to."""
    varied_run("a").write(project.spool)
    process = subprocess.Popen(
        project.command("metrics", "--port", "0"),
        cwd=project.folder,
        env={**project.environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:\d+/metrics", process.stdout.readline())
        assert address is not None
        seen = []
        for key in ("a", "b", "c"):
            varied_run(key, suite="other" if key == "c" else "routing").write(project.spool)
            with urllib.request.urlopen(address[0], timeout=30) as answer:  # noqa: S310 - our own server
                text = answer.read().decode()
            seen.append(sum(samples(text)["routing_test_total"].values()))
        assert seen == [4.0, 8.0, 12.0]
    finally:
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (0, "")


def test_a_taken_port_is_explained(project: Project) -> None:
    """One sentence that names the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot serve on 127.0.0.1:{port}" in project.gnomon("metrics", "--port", str(port), code=2)
