"""Every metric by name, and for each the one way in which it is counted."""

from gnomon.registry import attributes as a
from gnomon.registry.model import Metric
from gnomon.registry.sources import GENAI, GENAI_GEN2, GNOMON

# OpenTelemetry's advice for durations of model calls, seconds.
INFERENCE_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
# Agents and tests with model calls take from a blink to minutes, seconds.
AGENT_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)
# From a plain unit test to an agent's long walk, seconds.
TEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
# From a cached short answer to a long context on the dearest model, US dollars.
COST_USD = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
# OpenTelemetry's advice for tokens: powers of four.
TOKENS = tuple(float(4**power) for power in range(14))

_RUN = (a.TEST_SUITE_NAME, a.DEPLOYMENT_ENVIRONMENT_NAME)
_OWNER = (a.GNOMON_DEPARTMENT, a.GEN_AI_AGENT_NAME)

# --- run points: one sample a run and label set, stamped with the run's end ------------------------

GNOMON_RUN_TESTS = Metric(
    "gnomon.run.tests",
    "gauge",
    "{test}",
    "Tests of the run by outcome, every collected test once. A rerun is not another test.",
    "run_point",
    required=(*_RUN, a.GNOMON_TEST_OUTCOME, a.GNOMON_TEST_CATEGORY, a.GEN_AI_SKILL_NAME),
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_CASE_TESTS = Metric(
    "gnomon.run.case.tests",
    "gauge",
    "{test}",
    "Routing tests of the run, each case by itself: pass rates and flakiness of single cases. Of more cases "
    "than `budgets.case_series` in the settings, those whose ids come first.",
    "run_point",
    required=(*_RUN, a.GNOMON_TEST_CASE_ID, a.GNOMON_TEST_OUTCOME, a.GEN_AI_SKILL_NAME),
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_RERUNS = Metric(
    "gnomon.run.reruns",
    "gauge",
    "{rerun}",
    "Attempts of tests beyond their first.",
    "run_point",
    required=_RUN,
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_ROUTING_VERDICTS = Metric(
    "gnomon.run.routing.verdicts",
    "gauge",
    "{verdict}",
    "Routing tests that got an answer, by the skill expected and chosen: the confusion matrix.",
    "run_point",
    required=(
        *_RUN,
        a.GNOMON_ROUTING_EXPECTED,
        a.GNOMON_ROUTING_ACTUAL,
        a.GNOMON_TEST_CATEGORY,
        a.GNOMON_ROUTING_CORRECT,
    ),
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_ROUTING_UNANSWERED = Metric(
    "gnomon.run.routing.unanswered",
    "gauge",
    "{test}",
    "Routing tests that never got an answer: neither right nor wrong, left out of the accuracy.",
    "run_point",
    required=_RUN,
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_CLARIFICATIONS = Metric(
    "gnomon.run.clarifications",
    "gauge",
    "{test}",
    "Answered routing tests by whether a question back was expected and asked.",
    "run_point",
    required=(*_RUN, a.GNOMON_ROUTING_CLARIFICATION_EXPECTED, a.GNOMON_ROUTING_CLARIFICATION_ASKED),
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_TOOL_USE_EXPECTED = Metric(
    "gnomon.run.tool_use.expected",
    "gauge",
    "{command}",
    "Commands that tests expected a skill to use.",
    "run_point",
    required=(*_RUN, a.GEN_AI_SKILL_NAME),
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_TOOL_USE_MATCHED = Metric(
    "gnomon.run.tool_use.matched",
    "gauge",
    "{command}",
    "Expected commands that were used.",
    "run_point",
    required=(*_RUN, a.GEN_AI_SKILL_NAME),
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_MODEL_CALLS = Metric(
    "gnomon.run.model_calls",
    "gauge",
    "{call}",
    "Model calls of the run by how they ended, however many attempts each took.",
    "run_point",
    required=(*_RUN, a.GEN_AI_REQUEST_MODEL, a.GEN_AI_PROVIDER_NAME, a.ERROR_TYPE),
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_RETRIES = Metric(
    "gnomon.run.retries",
    "gauge",
    "{retry}",
    "Attempts of model calls beyond the first, by what made them necessary.",
    "run_point",
    required=(*_RUN, a.GEN_AI_REQUEST_MODEL, a.GEN_AI_PROVIDER_NAME, a.ERROR_TYPE),
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_TOKENS = Metric(
    "gnomon.run.tokens",
    "gauge",
    "{token}",
    "Tokens of the run. `cache_read` and `cache_write` are parts of `input`, `reasoning` of `output`: "
    "only `input` plus `output` is a total.",
    "run_point",
    required=(*_RUN, a.GEN_AI_TOKEN_TYPE, a.GEN_AI_REQUEST_MODEL, a.GEN_AI_PROVIDER_NAME),
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_COST_USD = Metric(
    "gnomon.run.cost.usd",
    "gauge",
    "{USD}",
    "US dollars that the run's model calls cost, by where the figure came from.",
    "run_point",
    required=(*_RUN, a.GEN_AI_REQUEST_MODEL, a.GEN_AI_PROVIDER_NAME, a.GNOMON_COST_SOURCE),
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_TEST_DURATION = Metric(
    "gnomon.run.test.duration",
    "histogram",
    "s",
    "Duration of each test over all its attempts.",
    "run_point",
    required=(*_RUN, a.GNOMON_TEST_CATEGORY),
    optional=_OWNER,
    buckets=TEST_SECONDS,
    source=GNOMON,
)
GNOMON_RUN_API_LATENCY = Metric(
    "gnomon.run.api.latency",
    "histogram",
    "s",
    "Latency of each attempt of each model call, gaps between attempts left out.",
    "run_point",
    required=(*_RUN, a.GEN_AI_REQUEST_MODEL, a.GEN_AI_PROVIDER_NAME),
    optional=_OWNER,
    buckets=INFERENCE_SECONDS,
    source=GNOMON,
)
GNOMON_RUN_DURATION = Metric(
    "gnomon.run.duration",
    "gauge",
    "s",
    "Wall time of the run.",
    "run_point",
    required=_RUN,
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_FINISHED = Metric(
    "gnomon.run.finished",
    "gauge",
    "{run}",
    "1 for every run, however it ended: the number of runs in a window.",
    "run_point",
    required=_RUN,
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_SEQUENCE_NUMBER = Metric(
    "gnomon.run.sequence_number",
    "gauge",
    "{run}",
    "Number of the run in its state directory: a label for the axis, not a sum.",
    "run_point",
    required=_RUN,
    optional=_OWNER,
    source=GNOMON,
    additive=False,
)
GNOMON_RUN_WORKERS = Metric(
    "gnomon.run.workers",
    "gauge",
    "{worker}",
    "Workers that the run used; 1 without pytest-xdist.",
    "run_point",
    required=_RUN,
    optional=_OWNER,
    source=GNOMON,
    additive=False,
)
GNOMON_RUN_WORKER_BUSY_TIME = Metric(
    "gnomon.run.worker.busy_time",
    "gauge",
    "s",
    "Time that all workers together spent in tests.",
    "run_point",
    required=_RUN,
    optional=_OWNER,
    source=GNOMON,
)
GNOMON_RUN_WORKER_TIME = Metric(
    "gnomon.run.worker.time",
    "gauge",
    "s",
    "Time that all workers together were there; the busy time's denominator.",
    "run_point",
    required=_RUN,
    optional=_OWNER,
    source=GNOMON,
)
ROUTING_ACCURACY = Metric(
    "routing.accuracy",
    "gauge",
    "%",
    "Right routes among the run's answered routing tests, in percent; absent when none was answered. "
    "Over a window divide sums of `gnomon.run.routing.verdicts`.",
    "run_point",
    required=_RUN,
    optional=_OWNER,
    stability="stable",
    source=GNOMON,
    seed=True,
    additive=False,
)
TOOL_USE_ACCURACY = Metric(
    "tool_use.accuracy",
    "gauge",
    "%",
    "Used commands among the run's expected ones, in percent; absent when none was expected. Over a "
    "window divide the sums of `gnomon.run.tool_use.matched` and `gnomon.run.tool_use.expected`.",
    "run_point",
    required=_RUN,
    optional=_OWNER,
    stability="stable",
    source=GNOMON,
    seed=True,
    additive=False,
)

# --- ledger: monotonic totals over all runs, kept in the results store -----------------------------

ROUTING_TEST = Metric(
    "routing_test",
    "counter",
    "{test}",
    "Routing tests by outcome, over all runs in the store.",
    "ledger",
    required=(*_RUN, a.GNOMON_TEST_OUTCOME),
    optional=_OWNER,
    stability="stable",
    source=GNOMON,
    seed=True,
)
ROUTING_TEST_RETRIES = Metric(
    "routing_test.retries",
    "counter",
    "{retry}",
    "Attempts beyond the first of model calls in routing tests, over all runs in the store.",
    "ledger",
    required=_RUN,
    optional=_OWNER,
    stability="stable",
    source=GNOMON,
    seed=True,
)
ROUTING_TEST_API_LATENCY = Metric(
    "routing_test.api.latency",
    "histogram",
    "s",
    "Latency of each attempt of the model calls in routing tests, over all runs in the store.",
    "ledger",
    required=_RUN,
    optional=_OWNER,
    buckets=INFERENCE_SECONDS,
    stability="stable",
    source=GNOMON,
    seed=True,
)
ROUTING_TEST_COST_USD = Metric(
    "routing_test.cost.usd",
    "histogram",
    "{USD}",
    "US dollars of each routing test with a known cost, over all runs in the store.",
    "ledger",
    required=_RUN,
    optional=_OWNER,
    buckets=COST_USD,
    stability="stable",
    source=GNOMON,
    seed=True,
)
ROUTING_TEST_DURATION = Metric(
    "routing_test.duration",
    "histogram",
    "s",
    "Duration of each routing test over all its attempts, over all runs in the store.",
    "ledger",
    required=_RUN,
    optional=_OWNER,
    buckets=TEST_SECONDS,
    stability="stable",
    source=GNOMON,
    seed=True,
)

GNOMON_CHANGES = Metric(
    "gnomon.changes",
    "counter",
    "{change}",
    "Changes of skills, prompts, configuration, golden sets and prices in commits, and of models, providers "
    "and environments in the telemetry. A commit counts once for each file.",
    "ledger",
    required=(a.GNOMON_CHANGE_KIND, a.GNOMON_CHANGE_ACTION, a.GEN_AI_SKILL_NAME),
    source=GNOMON,
)

# --- what changes did, as the results store knows it now -------------------------------------------

GNOMON_CHANGE_CONFIDENCE = Metric(
    "gnomon.change.confidence",
    "gauge",
    "%",
    "How sure it is that a metric moved, for each finding of the last 7 days that was not withdrawn. The "
    "commit is the likeliest one; the skill is the one that moved or, of a suite, the one that the commit "
    "changed.",
    "gauge",
    required=(
        *_RUN,
        a.GNOMON_CHANGE_METRIC,
        a.GNOMON_CHANGE_VERDICT,
        a.GNOMON_CHANGE_REVISION,
        a.GEN_AI_SKILL_NAME,
    ),
    optional=_OWNER,
    source=GNOMON,
    additive=False,
)

# --- long-running services: OpenTelemetry's generative AI metrics ----------------------------------

_FLEET = (a.DEPLOYMENT_ENVIRONMENT_NAME, a.GNOMON_DEPARTMENT, a.GEN_AI_AGENT_NAME)
_INFERENCE = (a.GEN_AI_OPERATION_NAME, a.GEN_AI_PROVIDER_NAME)
_MODELS = (a.GEN_AI_REQUEST_MODEL, a.GEN_AI_RESPONSE_MODEL)

GEN_AI_CLIENT_INFERENCE_DURATION = Metric(
    "gen_ai.client.inference.duration",
    "histogram",
    "s",
    "Duration of each call to a model, retries and the gaps between them included.",
    "histogram",
    required=_INFERENCE,
    optional=(*_MODELS, a.ERROR_TYPE, *_FLEET),
    buckets=INFERENCE_SECONDS,
    source=GENAI,
)
GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK = Metric(
    "gen_ai.client.inference.time_to_first_chunk",
    "histogram",
    "s",
    "Time from the request to the first streamed chunk.",
    "histogram",
    required=_INFERENCE,
    optional=(*_MODELS, *_FLEET),
    buckets=INFERENCE_SECONDS,
    source=GENAI,
)
GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS = Metric(
    "gen_ai.client.inference.usage.input_tokens",
    "counter",
    "{token}",
    "Input tokens, cached ones included; a call that failed without usage counts 0.",
    "counter",
    required=(*_INFERENCE, a.GEN_AI_TOKEN_MODALITY),
    optional=(*_MODELS, *_FLEET),
    source=GENAI,
)
GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS = Metric(
    "gen_ai.client.inference.usage.output_tokens",
    "counter",
    "{token}",
    "Output tokens, reasoning included; a call that failed without usage counts 0.",
    "counter",
    required=(*_INFERENCE, a.GEN_AI_TOKEN_MODALITY),
    optional=(*_MODELS, *_FLEET),
    source=GENAI,
)
GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS = Metric(
    "gen_ai.client.inference.usage.cache_read.input_tokens",
    "counter",
    "{token}",
    "Input tokens served from the provider's cache: a part of the input tokens.",
    "counter",
    required=(*_INFERENCE, a.GEN_AI_TOKEN_MODALITY),
    optional=(*_MODELS, *_FLEET),
    source=GENAI,
)
GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS = Metric(
    "gen_ai.client.inference.usage.cache_write.input_tokens",
    "counter",
    "{token}",
    "Input tokens written to the provider's cache: a part of the input tokens.",
    "counter",
    required=(*_INFERENCE, a.GEN_AI_TOKEN_MODALITY),
    optional=(*_MODELS, *_FLEET),
    source=GENAI,
)
GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS = Metric(
    "gen_ai.client.inference.usage.reasoning.output_tokens",
    "counter",
    "{token}",
    "Output tokens spent on reasoning: a part of the output tokens.",
    "counter",
    required=(*_INFERENCE, a.GEN_AI_TOKEN_MODALITY),
    optional=(*_MODELS, *_FLEET),
    source=GENAI,
)
GEN_AI_CLIENT_TOKEN_USAGE = Metric(
    "gen_ai.client.token.usage",
    "histogram",
    "{token}",
    "Tokens of each call by kind, under the name that older boards read; written only when "
    "`OTEL_SEMCONV_STABILITY_OPT_IN` names `gen_ai/dup`.",
    "histogram",
    required=(*_INFERENCE, a.GEN_AI_TOKEN_TYPE),
    optional=(*_MODELS, *_FLEET),
    buckets=TOKENS,
    source=GENAI_GEN2,
)
GEN_AI_CLIENT_OPERATION_DURATION = Metric(
    "gen_ai.client.operation.duration",
    "histogram",
    "s",
    "Duration of each call to a model, under the name that older boards read; written only when "
    "`OTEL_SEMCONV_STABILITY_OPT_IN` names `gen_ai/dup`.",
    "histogram",
    required=_INFERENCE,
    optional=(*_MODELS, a.ERROR_TYPE, *_FLEET),
    buckets=INFERENCE_SECONDS,
    source=GENAI_GEN2,
)
GEN_AI_INVOKE_AGENT_DURATION = Metric(
    "gen_ai.invoke_agent.duration",
    "histogram",
    "s",
    "Duration of an agent's work on one request.",
    "histogram",
    optional=(a.GEN_AI_AGENT_VERSION, a.ERROR_TYPE, *_FLEET),
    buckets=AGENT_SECONDS,
    source=GENAI,
)
GEN_AI_INVOKE_WORKFLOW_DURATION = Metric(
    "gen_ai.invoke_workflow.duration",
    "histogram",
    "s",
    "Duration of a workflow.",
    "histogram",
    optional=(a.GEN_AI_WORKFLOW_NAME, a.ERROR_TYPE, *_FLEET),
    buckets=AGENT_SECONDS,
    source=GENAI,
)
GEN_AI_EXECUTE_TOOL_DURATION = Metric(
    "gen_ai.execute_tool.duration",
    "histogram",
    "s",
    "Duration of each call of a tool.",
    "histogram",
    required=(a.GEN_AI_TOOL_NAME,),
    optional=(a.GEN_AI_TOOL_TYPE, a.ERROR_TYPE, *_FLEET),
    buckets=AGENT_SECONDS,
    source=GENAI,
)

# --- long-running services: ours -------------------------------------------------------------------

GNOMON_MODEL_CALL_RETRIES = Metric(
    "gnomon.model_call.retries",
    "counter",
    "{retry}",
    "Attempts of model calls beyond the first, by what made them necessary.",
    "counter",
    required=(*_INFERENCE, a.ERROR_TYPE),
    optional=(*_MODELS, *_FLEET),
    source=GNOMON,
)
GNOMON_MODEL_CALL_COST_USD = Metric(
    "gnomon.model_call.cost.usd",
    "counter",
    "{USD}",
    "US dollars that model calls cost, by where the figure came from.",
    "counter",
    required=(*_INFERENCE, a.GNOMON_COST_SOURCE),
    optional=(*_MODELS, *_FLEET),
    source=GNOMON,
)
GNOMON_MODEL_CALL_UNPRICED = Metric(
    "gnomon.model_call.unpriced",
    "counter",
    "{call}",
    "Model calls whose cost is unknown: what the cost leaves out.",
    "counter",
    required=_INFERENCE,
    optional=(*_MODELS, *_FLEET),
    source=GNOMON,
)
GNOMON_SKILL_DURATION = Metric(
    "gnomon.skill.duration",
    "histogram",
    "s",
    "Duration of each use of a skill; its count says how often the skill was used.",
    "histogram",
    required=(a.GEN_AI_SKILL_NAME,),
    optional=(a.ERROR_TYPE, *_FLEET),
    buckets=AGENT_SECONDS,
    source=GNOMON,
)
GNOMON_SPOOL_DROPPED = Metric(
    "gnomon.spool.dropped",
    "counter",
    "{record}",
    "Spans and metric points that were given up rather than slow the host down.",
    "counter",
    required=(a.GNOMON_SPOOL_DROP_REASON,),
    source=GNOMON,
)

ALL: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
"""The whole table in the order of this page."""
