"""Set-up and shutdown of a process's telemetry."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics as metrics_api
from opentelemetry import trace
from opentelemetry.util.types import AttributeValue

from gnomon import session
from gnomon.errors import UserError
from gnomon.registry import attributes as a
from gnomon.sdk import recorder as recorders
from gnomon.sdk.guard import failed, logger
from gnomon.sdk.propagation import carried_in
from gnomon.state import spool_directory as spool_of

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

    from gnomon.otlp.endpoint import Signal, Target
    from gnomon.sdk.courier import Courier
    from gnomon.sdk.instruments import Instruments
    from gnomon.sdk.measuring import Measuring
    from gnomon.sdk.outbox import FileNames, Outbox
    from gnomon.settings import Settings

_DEFAULT_QUEUE = 8192
# With a backend its user looks at what happens now; without one only the number of files matters.
_SEGMENT_SECONDS = 5.0
_SEGMENT_SECONDS_OFFLINE = 60.0
_METRICS_SECONDS = 60.0
_METRICS_SECONDS_OFFLINE = 300.0
# Writing to the local disk may take this long at the end, however short the deadline for sending is.
_WRITING_SECONDS = 1.0


@dataclass(slots=True)
class _Pipeline:
    """What `configure` built and `shutdown` takes down."""

    arguments: Mapping[str, Any]
    tracer_provider: TracerProvider
    measuring: Measuring | None
    outbox: Outbox
    courier: Courier
    directory: Path
    deadline_seconds: float


_pipeline: _Pipeline | None = None
_lock = threading.Lock()
_at_exit = False


def configure(
    *,
    service_name: str | None = None,
    service_version: str | None = None,
    environment: str | None = None,
    department: str | None = None,
    agent: str | None = None,
    endpoint: str | None = None,
    spool_directory: Path | str | None = None,
    settings: Settings | None = None,
    resource_attributes: Mapping[str, AttributeValue] | None = None,
    set_global: bool = True,
) -> None:
    """Sets up tracing and metrics of this process; call it once, early.

    What an argument does not say comes from the standard `OTEL_*` variables, then from gnomon.yaml
    (`settings`, else the nearest file), then from defaults. `department`, `agent` and `environment`
    describe the process as a whole. Without an endpoint everything stays in the spool folder.
    `set_global` makes the providers OpenTelemetry's own, so that other instrumentation uses them,
    unless the program has set some already.

    Never raises: a mistake in the settings is logged and the defaults are taken. In a test session
    nothing is set up, since the session records by itself; with `OTEL_SDK_DISABLED=true` nothing is
    recorded. A second call replaces what the first set up, save OpenTelemetry's globals.
    """
    arguments = {name: value for name, value in locals().items() if value is not None}
    try:
        if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
            return
        found = settings or _settings()
        if found.prices.file is not None:
            _load_prices(found.prices.file)
        if session.active is not None:
            logger.debug("a test session records here: nothing is set up")
            return
        shutdown()
        with _lock:
            _build(arguments, found)
    except Exception as error:
        failed("setting up telemetry", error)


def shutdown(deadline: float | None = None) -> None:
    """Writes everything to the spool and sends what can be sent, within `deadline` seconds.

    The default is the setting `export.deadline_seconds` (2 s); writing to the spool has a second in
    any case. Runs by itself when the interpreter ends. What is not delivered stays in the spool.
    Never raises.
    """
    global _pipeline
    with _lock:
        pipeline, _pipeline = _pipeline, None
        recorders.configured = None
    if pipeline is None:
        return
    try:
        _close(pipeline, pipeline.deadline_seconds if deadline is None else max(0.0, deadline))
    except Exception as error:
        failed("shutting telemetry down", error)


def flush(deadline: float = 2.0) -> bool:
    """Writes everything recorded so far to the spool, within `deadline` seconds; says whether it did.

    Delivery goes on in the background.
    """
    pipeline = _pipeline
    if pipeline is None:
        return True
    try:
        ends = time.monotonic() + deadline
        if pipeline.measuring is not None:
            pipeline.measuring.flush(deadline)
        return pipeline.outbox.force_flush(max(0, int((ends - time.monotonic()) * 1000)))
    except Exception as error:
        failed("flushing telemetry", error)
        return False


def account() -> dict[str, Any]:
    """What became of the spans of this process: `written`, `dropped` by reason, and `queued`."""
    pipeline = _pipeline
    return {"written": 0, "dropped": {}, "queued": 0} if pipeline is None else pipeline.outbox.account()


def recipe() -> Mapping[str, Any] | None:
    """The arguments of the `configure` in force, by which another process can do the same."""
    return None if _pipeline is None else _pipeline.arguments


def _settings() -> Settings:
    from gnomon import settings as gnomon_settings  # noqa: PLC0415 - not needed with settings given

    settings, mistake = gnomon_settings.load_usable(Path.cwd())
    if mistake is not None:
        logger.warning("%s; telemetry goes on without it", mistake)
    return settings


def _load_prices(path: Path) -> None:
    from gnomon.prices import load_overlay  # noqa: PLC0415 - only where there are prices of one's own

    try:
        load_overlay(path)
    except UserError as error:
        logger.warning("%s; the shipped prices are used", error)


def _targets(settings: Settings, endpoint: str | None) -> Mapping[Signal, Target]:
    from gnomon.otlp.endpoint import resolve  # noqa: PLC0415 - see `configure`

    environ = dict(os.environ)
    if endpoint is not None:
        environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    try:
        return resolve(
            environ,
            endpoint=settings.export.endpoint,
            protocol=settings.export.protocol,
            headers_file=settings.export.headers_file,
        )
    except UserError as error:
        logger.warning("%s; telemetry stays in the spool", error)
        return {}


def _build(arguments: Mapping[str, Any], settings: Settings) -> None:
    """Builds the pipeline. The imports stand here because `import gnomon` must stay cheap."""
    global _pipeline  # noqa: PLW0603 - one set-up a process
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    from gnomon.sdk.assembly import recorder_of  # noqa: PLC0415
    from gnomon.sdk.courier import Courier  # noqa: PLC0415
    from gnomon.sdk.ids import UrandomIdGenerator  # noqa: PLC0415
    from gnomon.sdk.measuring import Measuring  # noqa: PLC0415
    from gnomon.sdk.outbox import FileNames, Outbox  # noqa: PLC0415
    from gnomon.sdk.resource import describe  # noqa: PLC0415

    resource = describe(arguments, settings)
    targets = _targets(settings, arguments.get("endpoint"))
    state: Path | None = settings.state_directory.absolute()
    directory = spool_of(settings.state_directory).absolute()
    if arguments.get("spool_directory"):  # outside of any state directory
        directory, state = Path(arguments["spool_directory"]).absolute(), None
    names = FileNames(directory, str(resource.attributes[a.SERVICE_NAME.name]), state)
    courier = Courier(
        directory, targets, max_bytes=settings.spool.max_bytes, keep_days=settings.spool.keep_days
    )
    outbox = Outbox(
        names,
        capacity=int(_number("OTEL_BSP_MAX_QUEUE_SIZE", _DEFAULT_QUEUE)),
        segment_seconds=_number(
            "OTEL_BSP_SCHEDULE_DELAY",
            1000 * (_SEGMENT_SECONDS if "traces" in targets else _SEGMENT_SECONDS_OFFLINE),
        )
        / 1000,
        on_segment=courier.notify,
    )
    tracer_provider = TracerProvider(
        resource=resource, id_generator=UrandomIdGenerator(), shutdown_on_exit=False
    )
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() != "none":
        tracer_provider.add_span_processor(outbox)
    measuring = None
    if os.environ.get("OTEL_METRICS_EXPORTER", "").strip().lower() != "none":
        interval = _METRICS_SECONDS if "metrics" in targets else _METRICS_SECONDS_OFFLINE
        measuring = Measuring(
            functools.partial(
                _instruments,
                tracer_provider=tracer_provider,
                names=names,
                courier=courier,
                outbox=outbox,
                settings=settings,
                interval=interval,
            )
        )
    _pipeline = _Pipeline(
        arguments,
        tracer_provider,
        measuring,
        outbox,
        courier,
        directory,
        settings.export.deadline_seconds,
    )
    recorders.configured = recorder_of(tracer_provider, measuring, settings, carried_in(os.environ))
    if arguments["set_global"]:
        _set_global(tracer_provider, measuring.provider if measuring is not None else None)
    _when_the_process_ends()


def _instruments(
    *,
    tracer_provider: TracerProvider,
    names: FileNames,
    courier: Courier,
    outbox: Outbox,
    settings: Settings,
    interval: float,
) -> tuple[MeterProvider, Instruments]:
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - see `_build`
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415

    from gnomon.sdk.assembly import instruments_of  # noqa: PLC0415
    from gnomon.sdk.metrics_spool import SpoolMetricExporter  # noqa: PLC0415

    reader = PeriodicExportingMetricReader(
        SpoolMetricExporter(names, os.environ, courier.notify),
        export_interval_millis=_number("OTEL_METRIC_EXPORT_INTERVAL", 1000 * interval),
    )
    # In a forked child OpenTelemetry gives the tracer provider's resource an instance id of its own.
    resource = tracer_provider.resource
    if recorders.process:
        resource = resource.merge(Resource({a.PROCESS_PID.name: os.getpid()}))
    provider = MeterProvider([reader], resource, shutdown_on_exit=False)
    return provider, instruments_of(provider, settings, outbox.dropped)


def _number(variable: str, default: float) -> float:
    """A standard variable that holds a positive number; anything else counts as not set."""
    text = os.environ.get(variable, "").strip()
    try:
        value = float(text)
    except ValueError:
        return default
    return value if value > 0 else default


def _set_global(tracer_provider: TracerProvider, meter_provider: MeterProvider | None) -> None:
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(tracer_provider)
    proxy = type(metrics_api.get_meter_provider()).__name__ == "_ProxyMeterProvider"
    if meter_provider is not None and proxy:
        metrics_api.set_meter_provider(meter_provider)


def _close(pipeline: _Pipeline, deadline: float) -> None:
    ends = time.monotonic() + deadline
    pipeline.outbox.close(max(deadline, _WRITING_SECONDS))
    if pipeline.measuring is not None:
        pipeline.measuring.shutdown(ends - time.monotonic())
    try:
        waiting = pipeline.courier.close(ends - time.monotonic())
    except RuntimeError:  # newer interpreters start no thread once they are ending
        waiting = "the interpreter is ending"
    account = pipeline.outbox.account()
    dropped = {reason: count for reason, count in account["dropped"].items() if count}
    if dropped:
        logger.warning(
            "%d spans recorded, %d of them dropped (%s)",
            account["written"] + sum(dropped.values()),
            sum(dropped.values()),
            ", ".join(f"{reason}: {count}" for reason, count in dropped.items()),
        )
    if waiting:
        logger.warning(
            "telemetry waits in %s (%s); `gnomon spool replay` sends it", pipeline.directory, waiting
        )


def _when_the_process_ends() -> None:
    global _at_exit  # noqa: PLW0603 - handlers are registered once
    _when_a_child_ends()
    if _at_exit:
        return
    _at_exit = True
    atexit.register(shutdown)
    if sys.version_info >= (3, 12):
        # From 3.12 on no thread can be started in an exit handler, and delivery is one: it happens just
        # before, while the interpreter still waits for its threads. What comes later is in the spool.
        register = getattr(threading, "_register_atexit", None)
        if register is not None:
            register(_deliver_early)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forked)


def _deliver_early() -> None:
    pipeline = _pipeline
    if pipeline is None:
        return
    ends = time.monotonic() + pipeline.deadline_seconds
    flush(pipeline.deadline_seconds)
    with contextlib.suppress(Exception):
        pipeline.courier.close(ends - time.monotonic())


def _forked() -> None:
    global _lock  # noqa: PLW0603 - the parent's may be held for ever
    _lock = threading.Lock()
    pipeline = _pipeline
    if pipeline is None:
        return
    pipeline.courier.forked()
    pipeline.outbox.forked()
    if pipeline.measuring is not None:
        pipeline.measuring.forked()
    if "multiprocessing.util" in sys.modules:
        # Later than this: a child of multiprocessing forgets its parent's finalizers first.
        sys.modules["multiprocessing.util"].register_after_fork(
            pipeline.outbox, lambda _outbox: _when_a_child_ends()
        )


def _when_a_child_ends() -> None:
    """A child of multiprocessing ends without exit handlers, but it runs finalizers."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        sys.modules["multiprocessing.util"].Finalize(None, shutdown, exitpriority=0)
