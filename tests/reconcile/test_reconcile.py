"""`gnomon reconcile` with real runs, real databases and a real Prometheus."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gnomon.registry import metrics
from gnomon_analysis.reconcile.stored import MEASURES, NOT_COMPARED
from gnomon_analysis.store import open_store
from tests.dashboards.history import PLANS, SETTINGS, History, play
from tests.otlp_sink import refusing_port
from tests.plugin.project import Completed, Project
from tests.promql import servers
from tests.promql.planted import samples_in, store_samples
from tests.store.postgres import Server
from tests.truth.parts import Part, connects, free_port

RANGE = ("--from", "-14d")
# Of "open sesame", by bcrypt.
PASSWORD = "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy"
BASIC = "Basic c29tZW9uZTpvcGVuIHNlc2FtZQ=="


@dataclass(frozen=True)
class Planted:
    """Real runs, and a Prometheus that has them all."""

    history: History
    prometheus: str

    def lines(self) -> dict[str, str]:
        """The metrics file of each run, by its name."""
        return {path.name: path.read_text() for path in sorted(self.history.spool.glob("*.metrics.jsonl"))}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    servers.program("promtool")
    history = play(tmp_path_factory.mktemp("history"))
    lines = [path.read_text() for path in history.spool.glob("*.metrics.jsonl")]
    with serving(tmp_path_factory.mktemp("prometheus"), lines) as address:
        yield Planted(history, address)


def serving(folder: Path, lines: Iterable[str]) -> AbstractContextManager[str]:
    """A Prometheus that holds these lines of metrics files."""
    return servers.prometheus(folder, "global: {}\n", data=stored(folder, lines))


def stored(folder: Path, lines: Iterable[str]) -> Path:
    samples = [sample for text in lines for line in text.splitlines() for sample in samples_in(line)]
    return store_samples(sorted(samples, key=lambda line: float(line.rpartition(" ")[2])), folder)


BOTH = pytest.mark.parametrize("project", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def project(planted: Planted, tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    """A project with the runs in its spool, sent; its store is in the database asked for."""
    project = Project(tmp_path / "project", tmp_path / "home")
    store = ""
    if getattr(request, "param", "sqlite") == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        store = f"    store: {{url: '{server.database()}'}}\n"
    project.write("gnomon.yaml", SETTINGS + store)
    project.spool.mkdir(parents=True)
    for path in planted.history.spool.iterdir():
        shutil.copy(path, project.spool / f"{path.name}.sent")
    return project


def reconcile(project: Project, prometheus: str, *arguments: str) -> Completed:
    return project.gnomon("reconcile", *RANGE, "--prometheus", prometheus, *arguments)


def report(project: Project, prometheus: str, *arguments: str) -> dict[str, Any]:
    done = reconcile(project, prometheus, "--json", *arguments)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.status == (0 if found["equal"] else 1), done.output
    return dict(found["report"])


def test_every_run_point_is_compared() -> None:
    """What is counted by run has something beside it in the store, or a reason why not."""
    run_points = {metric for metric in metrics.ALL if metric.counting == "run_point"}
    compared = {measure.metric for measure in MEASURES}
    assert compared | set(NOT_COMPARED) == run_points
    assert not compared & set(NOT_COMPARED)


@BOTH
def test_what_is_the_same_is_equal(planted: Planted, project: Project) -> None:
    """Real runs, one of them with a crashed worker and one stopped: all sums are those of the store."""
    done = reconcile(project, planted.prometheus)
    assert done.status == 0, done.output
    assert re.search(r"^equal: 7 runs, \d\d sums compared, ", done.stdout, re.MULTILINE)
    week = report(project, planted.prometheus, "--from", "-7d")
    assert (week["runs"], week["differences"]) == (5, [])


def test_suites_and_environments_narrow_it(planted: Planted, project: Project) -> None:
    """Only what is asked for is compared, on both sides."""
    assert report(project, planted.prometheus, "--suite", "routing")["runs"] == 7
    for option in ("--suite", "--environment"):
        nothing = report(project, planted.prometheus, option, "elsewhere")
        assert (nothing["runs"], nothing["sums"]) == (0, 0)


@BOTH
def test_a_run_that_the_store_lost_is_found(planted: Planted, project: Project) -> None:
    """Prometheus shows a run that the store does not have: each of its sums differs, and the run is named."""
    first = sorted(planted.lines())[0].removesuffix(".metrics.jsonl")
    for path in project.spool.glob(f"{first}*.traces.jsonl.sent"):
        path.unlink()
    done = reconcile(project, planted.prometheus)
    assert done.status == 1
    assert "1 run in Prometheus that the store does not have" in done.stdout
    assert "different: 6 runs" in done.stdout
    found = report(project, planted.prometheus)
    finished = [row for row in found["differences"] if row["series"] == "gnomon_run_finished"]
    assert [(row["stored"], row["prometheus"]) for row in finished] == [(6, 7)]


@pytest.mark.parametrize(
    ("state", "words"),
    [("", "late: the numbers wait"), (".rejected", "refused:"), (".sent", "sent:"), (None, "unknown:")],
)
def test_a_run_that_prometheus_lacks_is_told_with_its_whereabouts(
    planted: Planted, project: Project, tmp_path: Path, state: str | None, words: str
) -> None:
    """Late points are named as such, apart from those that were refused or are gone."""
    lines = planted.lines()
    last = sorted(lines)[-1]
    run_id = last.removesuffix(".metrics.jsonl").rpartition("-")[2]
    path = project.spool / f"{last}.sent"
    if state is None:
        path.unlink()
    else:
        path.rename(project.spool / f"{last}{state}")
    with serving(tmp_path, [text for name, text in lines.items() if name != last]) as address:
        done = reconcile(project, address)
        (missing,) = report(project, address)["missing"]
    assert done.status == 1
    sentence = rf"^run \d \({run_id}\) is not in Prometheus; {words}"
    assert re.search(sentence, done.stdout, re.MULTILINE), done.output
    assert missing["run_id"].startswith(run_id)


@pytest.mark.parametrize(
    ("series", "more"),
    [
        ("gnomon.run.tests", 1),
        ("gnomon.run.routing.verdicts", 1),
        ("gnomon.run.case.tests", 1),
        ("gnomon.run.retries", 1),
        ("gnomon.run.tokens", 1),
        ("gnomon.run.cost.usd", 1e-6),
    ],
)
def test_a_false_point_is_found(
    planted: Planted, project: Project, tmp_path: Path, series: str, more: float
) -> None:
    """One point of one run that says one test, token or millionth of a dollar too much is shown."""
    lines = planted.lines()
    name = sorted(lines)[3]
    said = json.loads(lines[name])
    (metric,) = (
        metric
        for metric in said["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
        if metric["name"] == series
    )
    point = metric["gauge"]["dataPoints"][0]
    value = float(point.pop("asInt", None) or point.pop("asDouble"))
    point["asDouble"] = value + more
    lines[name] = json.dumps(said)
    with serving(tmp_path, lines.values()) as address:
        found = report(project, address)
    (difference,) = found["differences"]
    assert difference["prometheus"] - difference["stored"] == pytest.approx(more, rel=1e-3)
    assert difference["series"] == series.replace(".", "_")
    assert difference["labels"]["test_suite_name"] == "routing"
    assert not found["missing"] and not found["unknown"]


@BOTH
def test_a_test_that_the_store_forgot_is_found(planted: Planted, project: Project) -> None:
    """It is the store's rows that are counted, not what they were made of."""
    url = re.search(r"url: '(.*)'", (project.path / "gnomon.yaml").read_text())
    assert reconcile(project, planted.prometheus).status == 0
    with (
        open_store(url[1] if url else project.spool.parent / "gnomon.db") as store,
        store.engine.begin() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM results WHERE case_id = 'D01'")
    found = report(project, planted.prometheus)
    assert {row["series"] for row in found["differences"]} >= {
        "gnomon_run_tests",
        "gnomon_run_case_tests",
        "gnomon_run_routing_verdicts",
        "gnomon_run_test_duration_seconds_count",
    }


def test_fewer_cases_than_there_are_have_points(tmp_path: Path) -> None:
    """Of more cases than the budget allows the same ones are compared that have points."""
    servers.program("promtool")
    history = play(tmp_path / "history", PLANS[-2:], settings=f"{SETTINGS}    budgets: {{case_series: 4}}\n")
    project = Project(tmp_path / "project", tmp_path / "home")
    project.write("gnomon.yaml", f"{SETTINGS}    budgets: {{case_series: 4}}\n")
    shutil.copytree(history.spool, project.spool)
    lines = [path.read_text() for path in history.spool.glob("*.metrics.jsonl")]
    with serving(tmp_path, lines) as address:
        assert reconcile(project, address).status == 0
        project.write("gnomon.yaml", f"{SETTINGS}    budgets: {{case_series: 5}}\n")
        found = report(project, address)
    assert {row["series"] for row in found["differences"]} == {"gnomon_run_case_tests"}


def test_two_runs_in_one_millisecond_are_told(planted: Planted, project: Project, tmp_path: Path) -> None:
    """Prometheus has room for one of them; the other is named, with the reason."""
    stem = sorted(planted.lines())[-1].removesuffix(".metrics.jsonl")
    run_id = re.search(r"run-.*-(\w{12})$", stem)
    assert run_id is not None
    other = "0" * 12
    for path in project.spool.glob(f"{stem}*.traces.jsonl.sent"):
        text = path.read_text()
        again = re.sub(run_id[1] + r"(\w+)", rf"{other}\1", text)
        # Spans of their own: one more digit's difference in each id.
        again = re.sub(
            r'"((?:parentS|s)panId)":"(\w)', lambda found: f'"{found[1]}":"{_next(found[2])}', again
        )
        (project.spool / path.name.replace(run_id[1], other)).write_text(again)
    done = reconcile(project, planted.prometheus)
    assert done.status == 1
    assert "another run with the same labels ended in the same millisecond" in done.stdout, done.output


def _next(digit: str) -> str:
    return f"{(int(digit, 16) + 1) % 16:x}"


@BOTH
def test_calls_of_other_processes_are_told(planted: Planted, project: Project) -> None:
    """A process that a test started knows the trace alone: its calls are told apart and break nothing."""
    path = next(path for path in project.spool.glob("*.main.sdk.traces.jsonl.sent"))
    said = json.loads(path.read_text().splitlines()[0])
    spans = said["resourceSpans"][0]
    spans["resource"]["attributes"] = [
        pair for pair in spans["resource"]["attributes"] if pair["key"] != "gnomon.run.id"
    ]
    for span in spans["scopeSpans"][0]["spans"]:
        span["spanId"] = span["spanId"][::-1]
        span["attributes"] = [pair for pair in span["attributes"] if pair["key"] != "gnomon.run.id"]
    count = len(spans["scopeSpans"][0]["spans"])
    (project.spool / "sdk-child.traces.jsonl").write_text(json.dumps(said) + "\n")
    done = reconcile(project, planted.prometheus)
    assert done.status == 0, done.output
    assert f"{count} model calls of processes that tests started" in done.stdout


def test_a_prometheus_that_is_not_there(project: Project) -> None:
    """It ends with 3 and says where it looked."""
    with refusing_port() as port:
        done = reconcile(project, f"http://127.0.0.1:{port}")
    assert done.status == 3
    assert "Prometheus cannot be asked" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--prometheus", "localhost:9090"), "is no address of a Prometheus"),
        (("--from", "-1h", "--to", "-2h"), "the range is empty"),
        (("--from", "yesterday"), "is no moment"),
        (("--headers-file", "gnomon.yaml"), "gnomon.yaml:"),
        (("--ca-file", "gnomon.yaml"), "not usable as certificates"),
    ],
)
def test_mistakes_are_told_in_a_sentence(project: Project, arguments: tuple[str, ...], words: str) -> None:
    """They end with 2."""
    project.write("gnomon.yaml", "project:\n  name: desk\n")
    shutil.rmtree(project.spool)
    project.spool.mkdir()
    done = project.gnomon("reconcile", *arguments)
    assert done.status == 2, done.output
    assert words in done.stderr


@pytest.fixture
def certificates(tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """Makes a certificate for the loopback, signed by itself, and its key."""
    servers.program("openssl")

    def made(name: str) -> tuple[Path, Path]:
        certificate, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1")
        name_of = ("-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1")
        files = ("-keyout", str(key), "-out", str(certificate))
        subprocess.run(["openssl", "req", "-x509", *curve, *name_of, *files], check=True, capture_output=True)
        return certificate, key

    return made


def test_credentials_come_from_files(
    planted: Planted,
    project: Project,
    tmp_path: Path,
    certificates: Callable[[str], tuple[Path, Path]],
) -> None:
    """A server behind TLS, mutual TLS and a password is asked with files; without them it ends with 3."""
    server, client = certificates("server"), certificates("client")
    web = tmp_path / "web.yml"
    web.write_text(
        f"tls_server_config: {{cert_file: {server[0]}, key_file: {server[1]}, client_ca_file: {client[0]},"
        " client_auth_type: RequireAndVerifyClientCert}\n"
        f"basic_auth_users: {{someone: '{PASSWORD}'}}\n"
    )
    headers = tmp_path / "headers"
    headers.write_text(f"# of the test\nAuthorization: {BASIC}\n")
    tls = ("--ca-file", server[0], "--certificate", client[0], "--key", client[1])
    (tmp_path / "prometheus.yml").write_text("global: {}\n")
    port = free_port()
    command = [
        servers.program("prometheus"),
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={stored(tmp_path, planted.lines().values())}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.config.file={web}",
    ]
    address = f"https://127.0.0.1:{port}"
    with Part(command, tmp_path / "prometheus.log", lambda: connects(port)):
        done = reconcile(project, address, *map(str, tls), "--headers-file", str(headers))
        assert done.status == 0, done.output
        without = reconcile(project, address, *map(str, tls))
        assert (without.status, "401" in without.stderr) == (3, True), without.output
        untrusted = reconcile(project, address, "--headers-file", str(headers))
        assert (untrusted.status, "certificate" in untrusted.stderr.lower()) == (3, True), untrusted.output
