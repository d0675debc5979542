"""SRE operations: what do runs cost, is the model's API healthy, and does the pipeline of telemetry hold?"""

from __future__ import annotations

from _changes import MARKS
from _runs import DECIDED, FAILED, PASSED, Runs, Where

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.settings import Settings
from gnomon_generators import stack_metrics as stack
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import (
    RANGE,
    STEP,
    AnyMetric,
    Expr,
    Window,
    buckets,
    difference,
    latest,
    one_of,
    or_zero,
    per_second,
    percent,
    plus,
    quantile,
    ratio,
    scaled,
    total,
)

MODEL, ERROR, TOKENS = a.GEN_AI_REQUEST_MODEL, a.ERROR_TYPE, a.GEN_AI_TOKEN_TYPE
REFUSED: Where = {ERROR: "rate_limited"}
# What failed at last: a call whose last attempt did not answer; of the others each retry had its reason.
ENDED_BADLY: Where = {ERROR: ("!=", "none")}
PERCENTILES = (0.5, 0.9, 0.95, 0.99)
LOST: Where = {a.GNOMON_TEST_OUTCOME: one_of("crashed", "error", "not_run")}


def dashboard(settings: Settings) -> v.Dashboard:
    """For those who keep it running: money, the model's API, workers, and the telemetry itself."""
    runs = Runs(settings, v.label_variable(MODEL))
    questions = (costs, api_health, performance, reliability, workers, tokens, collector, sessions, services)
    return v.Dashboard(
        title="Routing tests: SRE operations",
        description="For those who keep it running. Cost, the model's API, workers, the pipeline of "
        "telemetry.",
        audience="sre",
        refresh="1m",
        variables=runs.variables,
        annotations=[MARKS],
        rows=[row(runs) for row in questions],
    )


def costs(runs: Runs) -> v.Row:
    """What is spent, on what."""
    daily = runs.settings.budgets.daily_cost_usd
    unpriced = f"FROM run_model_calls WHERE {runs.within} AND cost_usd IS NULL"
    return v.row(
        "What does it cost?",
        v.stat(
            "Total API cost (24h)",
            or_zero(runs.cost("24h")),
            thresholds=v.budget(daily),
            about="Cost of the last 24 hours. Above the daily budget DailyCostExceeded fires: see the "
            "models beside.",
        ),
        v.stat(
            "Average cost per test",
            ratio(runs.cost(), runs.tests()),
            about="Cost divided by tests. Twice the usual: longer prompts, retries, or another model.",
        ),
        v.stat(
            "Tests run (24h)", or_zero(runs.tests(window="24h")), about="None: nothing has run for a day."
        ),
        v.stat(
            "Cost per passed test",
            ratio(runs.cost(), runs.tests(PASSED)),
            about="Cost divided by passed tests. Apart from the cost per test: money goes into failures.",
        ),
        v.stat(
            "Calls without a price",
            v.sql(f"SELECT count(*) AS calls {unpriced}"),
            width=8,
            thresholds=v.steps(v.GOOD, (1, v.WARN)),
            about="Model calls that the cost leaves out. Any: add their model to the price table "
            "(prices.file).",
        ),
        v.timeseries(
            "Cost over time",
            runs.cost(STEP, by=[MODEL]),
            style="bars",
            stack="normal",
            width=16,
            about="Cost by interval and model; bars add up to the total. A spike: compare it with tests and "
            "tokens.",
        ),
        v.pie(
            "Cost by model", runs.cost(by=[MODEL]), about="Who takes the money. The dearest: is it needed?"
        ),
    )


def api_health(runs: Runs) -> v.Row:
    """The model's API, apart from how the tests themselves do."""
    slo, limit = runs.settings.slo, runs.settings.alerts.retry_rate_per_second

    def attempts(window: Window = RANGE) -> Expr:
        return runs.total(m.GNOMON_RUN_API_LATENCY, window)

    def refused(window: Window = RANGE) -> Expr:
        retried, ended = (
            runs.total(one, window, where=REFUSED) for one in (m.GNOMON_RUN_RETRIES, m.GNOMON_RUN_MODEL_CALLS)
        )
        return plus(retried, ended, unit="{attempt}")

    return v.row(
        "API health",
        v.stat(
            "API retry rate",
            percent(runs.total(m.GNOMON_RUN_RETRIES), attempts()),
            thresholds=v.budget(5, near=1),
            about="Attempts that were retries. High: the API refuses or fails; the errors beside say which.",
        ),
        v.stat(
            "429 error rate",
            percent(refused(), attempts()),
            thresholds=v.budget(runs.settings.alerts.rate_limited_percent),
            about="Attempts refused for too many requests. High: fewer workers, or ask for a higher limit.",
        ),
        v.stat(
            "Failed calls",
            percent(
                runs.total(m.GNOMON_RUN_MODEL_CALLS, where=ENDED_BADLY), runs.total(m.GNOMON_RUN_MODEL_CALLS)
            ),
            thresholds=v.budget(slo.error_rate_percent),
            about="Model calls that failed in spite of their retries. Above the objective: their tests "
            "prove nothing.",
        ),
        v.stat(
            "API latency p95",
            quantile(m.GNOMON_RUN_API_LATENCY, 0.95, where=runs.where),
            thresholds=v.budget(slo.latency_p95_seconds),
            about="Latency that 95 of 100 attempts stay under. Above the objective: look at the provider's "
            "status.",
        ),
        v.stat(
            "API latency p99",
            quantile(m.GNOMON_RUN_API_LATENCY, 0.99, where=runs.where),
            thresholds=v.budget(slo.latency_p99_seconds),
            about="Latency that 99 of 100 attempts stay under. High with a good p95: single requests hang.",
        ),
        v.stat(
            "Waiting between attempts",
            v.sql(f"SELECT coalesce(sum(retry_gap), 0) AS waited FROM run_model_calls WHERE {runs.within}"),
            unit="s",
            about="Time lost between the attempts of calls. High: back-off makes runs long; lower the load.",
        ),
        v.timeseries(
            "API latency percentiles",
            *(
                v.legend(
                    quantile(m.GNOMON_RUN_API_LATENCY, share, STEP, where=runs.where), f"p{share * 100:g}"
                )
                for share in PERCENTILES
            ),
            thresholds=v.budget(slo.latency_p95_seconds),
            connect=True,
            about="Latency of single attempts, waiting left out; dashed: the objective of p95. All rise: "
            "the provider.",
        ),
        v.timeseries(
            "API retries and refusals",
            v.legend(per_second(m.GNOMON_RUN_RETRIES, STEP, where=runs.where), "retries"),
            v.legend(per_second(m.GNOMON_RUN_RETRIES, STEP, where={**runs.where, **REFUSED}), "after a 429"),
            thresholds=v.steps(v.GOOD, (limit, v.BAD)),
            style="bars",
            about="Retries a second; dashed: where HighAPIRetryRate fires. Only 429: slow down. Others: the "
            "API fails.",
        ),
        v.timeseries(
            "API errors by type",
            runs.total(m.GNOMON_RUN_RETRIES, STEP, by=[ERROR]),
            style="bars",
            stack="normal",
            about="What made retries necessary. rate_limited: our load; server_5xx, timeout: the provider's "
            "trouble.",
        ),
        v.timeseries(
            "Model calls by how they ended",
            runs.total(m.GNOMON_RUN_MODEL_CALLS, STEP, by=[ERROR]),
            style="bars",
            stack="normal",
            about="Calls with all their attempts; none: answered. Any other kind growing: its tests are "
            "unanswered.",
        ),
    )


def performance(runs: Runs) -> v.Row:
    """How fast tests run."""
    return v.row(
        "How fast is it?",
        v.timeseries(
            "Latency percentiles",
            *(
                v.legend(
                    quantile(m.GNOMON_RUN_TEST_DURATION, share, STEP, where=runs.where), f"p{share * 100:g}"
                )
                for share in PERCENTILES
            ),
            connect=True,
            about="Duration of tests over all attempts. It rises and the API's latency does not: the tests "
            "changed.",
        ),
        v.heatmap(
            "Duration heatmap",
            buckets(m.GNOMON_RUN_TEST_DURATION, STEP, where=runs.where),
            about="How test durations are spread over time. A second band above: retries or waiting.",
        ),
        v.timeseries(
            "Test throughput",
            v.query(
                scaled(per_second(m.GNOMON_RUN_TESTS, STEP, where=runs.where), 60, unit="{test}/min"), "tests"
            ),
            style="bars",
            about="Tests a minute. Falling at the same suite: fewer workers, or slower answers.",
        ),
        runs.ranking(
            "Duration by model",
            runs.per("model", "avg(duration)", "s"),
            about="Mean time of a test by model. One slower than before: look at its latency above.",
        ),
    )


def reliability(runs: Runs) -> v.Row:
    """What fails that should not."""
    return v.row(
        "How reliable is it?",
        v.timeseries(
            "Error rate",
            v.legend(percent(runs.tests(FAILED, STEP), runs.tests(DECIDED, STEP)), "failed"),
            thresholds=v.budget(100 - runs.settings.slo.routing_accuracy_percent),
            connect=True,
            min=0,
            max=100,
            width=10,
            about="Failed in percent of passed and failed; dashed: the error budget. All fail at once: not "
            "the skills.",
        ),
        v.pie(
            "Failures by error type",
            runs.per("coalesce(error_type, 'unknown')", "count(*)", "{test}", where="NOT passed"),
            width=7,
            no_value="nothing failed",
            about="Why tests failed. AssertionError: answers were wrong; anything else: the machinery broke.",
        ),
        v.timeseries(
            "Tests lost",
            runs.tests(LOST, STEP, by=[a.GNOMON_TEST_OUTCOME]),
            style="bars",
            stack="normal",
            width=7,
            about="Crashed workers, broken set-ups, tests never reached. Any: memory, time limits, fixtures.",
        ),
    )


def workers(runs: Runs) -> v.Row:
    """Whether parallel runs use what they have."""
    enough = v.objective(runs.settings.alerts.worker_use_percent)

    def used(window: Window = RANGE) -> Expr:
        return percent(
            runs.total(m.GNOMON_RUN_WORKER_BUSY_TIME, window), runs.total(m.GNOMON_RUN_WORKER_TIME, window)
        )

    def parallel(metric: AnyMetric, name: str) -> v.Query:
        return v.query(
            ratio(runs.total(metric, STEP), runs.total(m.GNOMON_RUN_DURATION, STEP)), name, unit="{worker}"
        )

    return v.row(
        "Are the workers used?",
        v.gauge(
            "Worker use",
            used(),
            thresholds=enough,
            about="Time that workers spent in tests. Red: more workers than the tests can fill.",
        ),
        v.stat(
            "Workers",
            latest(m.GNOMON_RUN_WORKERS, where=runs.where),
            about="Of the newest run. Unlike the pipeline's setting: look at the option -n.",
        ),
        v.stat(
            "Idle time",
            difference(runs.total(m.GNOMON_RUN_WORKER_TIME), runs.total(m.GNOMON_RUN_WORKER_BUSY_TIME)),
            about="Time that workers waited or started up. Long: fewer workers, or shorter tests first.",
        ),
        v.timeseries(
            "Parallelism, actual and possible",
            parallel(m.GNOMON_RUN_WORKER_BUSY_TIME, "actual"),
            parallel(m.GNOMON_RUN_WORKER_TIME, "possible"),
            connect=True,
            width=14,
            about="Workers busy at a time, and workers there. Far apart: one long test keeps the others "
            "waiting.",
        ),
        v.timeseries(
            "Worker use over time",
            v.legend(used(STEP), "use"),
            thresholds=enough,
            connect=True,
            min=0,
            max=100,
            about="The gauge by interval. Falling with more workers: the limit is elsewhere, often the API.",
        ),
        v.bar_gauge(
            "Tests per worker",
            runs.per("worker_id", "count(*)", "{test}", limit=32),
            about="Tests that each worker ran. Uneven: distribute by work (--dist worksteal).",
        ),
    )


def tokens(runs: Runs) -> v.Row:
    """Token economics."""
    halves = [(kind, runs.total(m.GNOMON_RUN_TOKENS, where={TOKENS: kind})) for kind in ("input", "output")]
    cached = runs.total(m.GNOMON_RUN_TOKENS, where={TOKENS: "cache_read"})
    both = 'sum(input_tokens) AS "input", sum(output_tokens) AS "output"'
    return v.row(
        "Where do the tokens go?",
        *(
            v.stat(f"Tokens {kind}", or_zero(of_kind), about="Growing faster than tests: prompts get longer.")
            for kind, of_kind in halves
        ),
        v.stat(
            "Input from the cache",
            percent(cached, halves[0][1]),
            about="Input tokens that the provider had cached, at a fraction of the price. Low: put what "
            "changes last.",
        ),
        v.stat(
            "Tokens per test",
            ratio(plus(halves[0][1], halves[1][1]), runs.tests()),
            width=12,
            about="Input and output by tests. A step: a skill or prompt grew; see what changed at that time.",
        ),
        v.timeseries(
            "Tokens over time",
            *(
                v.legend(runs.total(m.GNOMON_RUN_TOKENS, STEP, where={TOKENS: kind}), kind)
                for kind, _ in halves
            ),
            stack="normal",
            style="bars",
            about="Input and output tokens by interval. Output grows alone: answers ramble.",
        ),
        v.bars(
            "Tokens by model",
            *(
                v.query(runs.total(m.GNOMON_RUN_TOKENS, by=[MODEL], where={TOKENS: kind}), kind)
                for kind, _ in halves
            ),
            x=MODEL,
            stack="normal",
            width=6,
            about="Tokens by model. Most in a dear one: move the easy requests to a cheaper model.",
        ),
        v.bars(
            "Tokens by category",
            v.sql(f"""
                SELECT coalesce(category, 'none') AS category, {both} FROM run_model_calls
                WHERE {runs.within} GROUP BY 1 ORDER BY sum(input_tokens) DESC NULLS LAST LIMIT 12
            """),
            x="category",
            stack="normal",
            width=6,
            about="Tokens by kind of request. One takes most: its prompts are long, or it has most tests.",
        ),
    )


def collector(_runs: Runs) -> v.Row:
    """Whether telemetry arrives."""

    def rates(*named: tuple[AnyMetric, str]) -> list[v.Query]:
        return [v.legend(per_second(metric), name) for metric, name in named]

    queue = percent(
        latest(stack.QUEUE_SIZE, by=[stack.EXPORTER]), latest(stack.QUEUE_CAPACITY, by=[stack.EXPORTER])
    )
    return v.row(
        "Does the telemetry arrive?",
        v.timeseries(
            "OTLP spans received",
            *rates((stack.RECEIVED_SPANS, "taken in"), (stack.REFUSED_SPANS, "refused")),
            width=8,
            about="Spans a second at the Collector. Refused: it is short of memory; senders keep theirs.",
        ),
        v.timeseries(
            "OTLP metrics received",
            *rates((stack.RECEIVED_POINTS, "taken in"), (stack.REFUSED_POINTS, "refused")),
            width=8,
            about="Metric points a second. None while runs end: the endpoint in gnomon.yaml is wrong.",
        ),
        v.timeseries(
            "OTLP export errors",
            *rates(
                (stack.SEND_FAILED_SPANS, "spans not sent"),
                (stack.SEND_FAILED_POINTS, "points not sent"),
                (stack.NOT_QUEUED_SPANS, "spans, queue full"),
                (stack.NOT_QUEUED_POINTS, "points, queue full"),
            ),
            thresholds=v.steps(v.GOOD, (0.001, v.BAD)),
            width=8,
            about="Telemetry lost behind the Collector. Any: Prometheus or Tempo does not answer or refuses.",
        ),
        v.timeseries(
            "Export queue",
            queue,
            thresholds=v.budget(80),
            min=0,
            max=100,
            width=6,
            about="How full the exporters' queues are. Rising: the backend is slower than what comes in.",
        ),
        v.timeseries(
            "Collector memory",
            v.legend(latest(stack.COLLECTOR_MEMORY, by=[stack.INSTANCE]), v.label(stack.INSTANCE)),
            width=6,
            about="Resident memory. Growing without end: raise the limit or lower the batch size.",
        ),
        v.timeseries(
            "Collector CPU",
            v.legend(per_second(stack.COLLECTOR_CPU, by=[stack.INSTANCE]), v.label(stack.INSTANCE)),
            unit="1",
            width=6,
            about="Processors in use. At the limit: run a second Collector.",
        ),
        v.timeseries(
            "Dropped before sending",
            total(m.GNOMON_SPOOL_DROPPED, STEP, by=[a.GNOMON_SPOOL_DROP_REASON]),
            style="bars",
            stack="normal",
            width=6,
            about="Spans and points that services gave up rather than be slowed down. Any: see the reason.",
        ),
    )


def sessions(runs: Runs) -> v.Row:
    """Runs one by one."""
    return v.row(
        "What ran?",
        v.table(
            "Session summary",
            v.sql(f"""
                SELECT run_at AS "Ended", sequence AS "Run", version AS "Version", ref_name AS "Branch",
                  models AS "Models", status AS "Status", tests AS "Tests", failed AS "Failed",
                  100.0 * correct / nullif(judged, 0) AS "Accuracy", duration AS "Duration",
                  retries AS "Retries", input_tokens + output_tokens AS "Tokens", cost_usd AS "Cost",
                  pipeline_run_url AS "Pipeline", trace_id AS "Trace"
                FROM run_totals WHERE $__timeFilter(run_at) AND {runs.suites} ORDER BY run_at DESC LIMIT 200
            """),
            width=24,
            overrides=[
                v.override("Accuracy", unit="%", decimals=1, thresholds=runs.goal, cell="color-text"),
                v.override("Duration", unit="s"),
                v.override("Cost", unit="{USD}"),
                v.override("Trace", links=[v.to_trace(v.field("Trace"))]),
                v.override("Pipeline", links=[v.link("Pipeline", "${__value.raw}")]),
            ],
            about="Every run, the newest first. aborted: it was killed or cut short; its numbers are of "
            "what it had.",
        ),
        v.panel(
            "xychart",
            "Session length by tests",
            v.sql(f"""
                SELECT tests AS "Tests", duration AS "Duration" FROM run_totals
                WHERE $__timeFilter(run_at) AND {runs.suites} ORDER BY run_at LIMIT 1000
            """),
            options={
                "mapping": "auto",
                "series": [{}],
                "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
                "tooltip": {"mode": "single", "sort": "none"},
            },
            custom={"show": "points", "pointSize": {"fixed": 6}},
            unit="s",
            width=24,
            about="Duration of runs against their number of tests. Above the line of the others: that run "
            "waited.",
        ),
    )


def services(runs: Runs) -> v.Row:
    """The same of agents in operation, whose model calls are counted as they happen."""
    spent = {
        "input": m.GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS,
        "of it read from the cache": m.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS,
        "of it written to the cache": m.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS,
        "output": m.GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS,
        "of it reasoning": m.GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS,
    }
    steps = {
        "agents": m.GEN_AI_INVOKE_AGENT_DURATION,
        "workflows": m.GEN_AI_INVOKE_WORKFLOW_DURATION,
        "tools": m.GEN_AI_EXECUTE_TOOL_DURATION,
        "skills": m.GNOMON_SKILL_DURATION,
    }

    def p95(metric: AnyMetric, name: str) -> v.Query:
        return v.legend(quantile(metric, 0.95, STEP, where=runs.where), name)

    return v.row(
        "And in operation?",
        v.timeseries(
            "Model calls in operation",
            per_second(m.GEN_AI_CLIENT_INFERENCE_DURATION, by=[MODEL], where=runs.where),
            width=8,
            about="Calls a second of services by model. None: no service records, or none is asked.",
        ),
        v.timeseries(
            "Latency in operation",
            p95(m.GEN_AI_CLIENT_INFERENCE_DURATION, "whole call"),
            p95(m.GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK, "first chunk"),
            width=8,
            about="What 95 of 100 calls stay under. The first chunk is late, too: the provider is slow.",
        ),
        v.timeseries(
            "Retries in operation",
            per_second(m.GNOMON_MODEL_CALL_RETRIES, by=[ERROR], where=runs.where),
            style="bars",
            stack="normal",
            width=8,
            about="Retries a second by what made them necessary. rate_limited: ask for a higher limit.",
        ),
        v.timeseries(
            "Cost in operation",
            total(m.GNOMON_MODEL_CALL_COST_USD, STEP, by=[MODEL], where=runs.where),
            style="bars",
            stack="normal",
            width=8,
            about="US dollars of services by interval and model. It rises and calls do not: longer prompts.",
        ),
        v.stat(
            "Calls without a price in operation",
            or_zero(total(m.GNOMON_MODEL_CALL_UNPRICED, where=runs.where)),
            height=8,
            thresholds=v.steps(v.GOOD, (1, v.WARN)),
            about="Calls that the cost leaves out. Any: add their model to the price table (prices.file).",
        ),
        v.timeseries(
            "Tokens in operation",
            *(v.legend(total(one, STEP, where=runs.where), name) for name, one in spent.items()),
            width=6,
            about="Tokens of services by interval. Little from the cache: put what changes to the end.",
        ),
        v.timeseries(
            "Steps in operation",
            *(p95(one, name) for name, one in steps.items()),
            width=6,
            about="What 95 of 100 steps stay under. Tools rise with agents: the tools are what is slow.",
        ),
        collapsed=True,
    )
