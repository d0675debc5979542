"""Planted runs, exported through a real Collector into a real Prometheus, while parts of it are killed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gnomon import settings
from gnomon_generators.artefacts.production import produce
from tests.collector.running import configuration, program
from tests.otlp_sink import Sink, grpc_sink, http_sink, refusing_port
from tests.plugin.project import Completed, Project
from tests.promql import servers
from tests.spool_reader import Run, Span, read_runs
from tests.truth.panels import PlayedRun, Timed
from tests.truth.parts import Collector, Prometheus, eventually
from tests.truth.planted_suite import SETTINGS, SUITE, Plan

RULES = """
global: {evaluation_interval: 2s}
rule_files: [rules.yaml, alerts.yaml]
"""
# The run whose backend is dead, and whose spool is sent later.
APART = 3


@dataclass
class Stage:
    """The stack and the projects whose tests run; `told` is what happened, in order."""

    folder: Path
    tempo: Sink
    prometheus: Prometheus
    collector: Collector
    project: Project
    apart: Project
    begin: float
    told: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.told.append(f"{time.time() - self.begin:6.1f} s  {text}")

    def restart(self, name: str, seconds: float = 1.0) -> None:
        """`kill -9`, a while without, and again."""
        part: Collector | Prometheus = getattr(self, name)
        self.say(f"{name} killed")
        part.kill()
        time.sleep(seconds)
        part.start()
        self.say(f"{name} serves again")

    def query(self, expression: str, at: float | None = None) -> Mapping[tuple[tuple[str, str], ...], float]:
        return servers.query(self.prometheus.address, expression, at or time.time())

    def stop(self) -> None:
        self.collector.stop()
        self.prometheus.stop()


@dataclass(frozen=True)
class Played:
    """What was played: the facts of all runs, their spans, and a range that holds them."""

    stage: Stage
    facts: Sequence[Timed]
    runs: Sequence[Run]
    end: float


@contextmanager
def played_on(folder: Path, plans: Sequence[Plan]) -> Iterator[Played]:
    """The plans played on a stage in this folder, which stands as long as the block lasts."""
    with grpc_sink() as tempo, http_sink() as results:
        set_up = stage(folder, tempo, results)
        try:
            yield play(set_up, plans)
        finally:
            set_up.stop()


def stage(folder: Path, tempo: Sink, results: Sink) -> Stage:
    """A Collector by the generated configuration, and a Prometheus with the generated rules."""
    otelcol = program()
    (folder / "gnomon.yaml").write_text("rules: {interval: 2s}\n")
    found = settings.load(folder / "gnomon.yaml")
    documents = produce(["rules", "alerts"], found, only=["routing"])
    files = {f"{document.path.parts[0]}.yaml": document.text for document in documents}
    prometheus = Prometheus(folder / "prometheus", RULES, files=files)
    config = configuration(found, folder)
    collector = Collector(
        folder,
        otelcol.command([f"--config={config}"], folder=folder),
        tempo=f"127.0.0.1:{tempo.port}",
        results=results.endpoint,
        prometheus=prometheus.address,
    )
    projects = [_project(folder / name) for name in ("desk", "apart")]
    prometheus.start()
    collector.start()
    return Stage(folder, tempo, prometheus, collector, projects[0], projects[1], time.time())


def _project(folder: Path) -> Project:
    project = Project(folder / "project", folder / "home")
    project.plugins = ("xdist", "rerunfailures")
    project.write("gnomon.yaml", SETTINGS)
    for suite in ("routing", "tools"):
        project.write(f"test_{suite}.py", SUITE)
    return project


def play(stage: Stage, plans: Sequence[Plan], *, parallel: int = 2) -> Played:
    """Runs all plans, some at once; after a third, a half and two thirds of them something is killed."""
    events = dict(
        zip(
            (len(plans) // 3, len(plans) // 2, 2 * len(plans) // 3),
            ("collector", "prometheus", "collector"),
            strict=True,
        )
    )
    with refusing_port() as dead, ThreadPoolExecutor(parallel) as pool:
        runs: list[Future[Completed]] = [pool.submit(_run, stage, plan, dead) for plan in plans]
        for done, run in enumerate(as_completed(runs), start=1):
            completed = run.result()
            assert completed.status in (0, 1), completed.output
            if part := events.get(done):
                stage.restart(part)
    _deliver(stage, len(plans))
    return Played(stage, _facts(stage, plans), _all_runs(stage), float(int(time.time()) + 1))


def _run(stage: Stage, plan: Plan, dead: int) -> Completed:
    apart = plan.number == APART
    project = stage.apart if apart else stage.project
    endpoint = f"http://127.0.0.1:{dead}" if apart else stage.collector.endpoint
    return project.pytest(
        "-q",
        "--tb=no",
        *plan.arguments,
        env={
            "PLANTED": str(plan.write(stage.folder)),
            "GNOMON_ENVIRONMENT": plan.environment,
            "GNOMON_EXPORT_ENDPOINT": endpoint,
            "OTEL_RESOURCE_ATTRIBUTES": f"service.version={plan.number}",
        },
        timeout=600,
    )


def _deliver(stage: Stage, runs: int) -> None:
    """What waited, and at last the spool of the run whose backend was dead."""
    for name, project in (("what waited", stage.project), ("the spool of the run apart", stage.apart)):
        replayed = project.gnomon("spool", "replay", "--endpoint", stage.collector.endpoint)
        assert replayed.status == 0, replayed.output
        stage.say(f"{name} replayed")

    def arrived() -> bool:
        found = stage.query("sum(sum_over_time(gnomon_run_finished[1h]))")
        return found == {(): runs} and not stage.collector.waiting()

    eventually(
        arrived, lambda: f"{stage.query('sum_over_time(gnomon_run_finished[1h])')} {stage.collector.told()}"
    )
    stage.say("all of it is in Prometheus")


def _all_runs(stage: Stage) -> list[Run]:
    return [*read_runs(stage.project.spool), *read_runs(stage.apart.spool)]


def _facts(stage: Stage, plans: Sequence[Plan]) -> list[Timed]:
    """The planted facts, each with the end of its run and its own seconds as their spans tell them."""
    runs = {int(str(run.resource["service.version"])): run for run in _all_runs(stage)}
    assert sorted(runs) == [plan.number for plan in plans]
    found = []
    for plan in plans:
        run = runs[plan.number]
        root, workers = run.root, run.workers
        played = PlayedRun(
            plan.number,
            ended=root.end / 1e9,
            seconds=_seconds(root),
            worker_seconds=sum(map(_seconds, workers)) if workers else _seconds(root),
        )
        took = {str(span.node_id).partition("[")[2][:-1]: span for span in run.tests}
        for fact in plan.facts():
            seconds = float(took[fact.case]["gnomon.test.duration"])
            found.append(Timed(played, fact, seconds))
    return found


def _seconds(span: Span) -> float:
    return (span.end - span.start) / 1e9
