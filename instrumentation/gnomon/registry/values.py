"""Bounded value sets: the whole list of what a label or an attribute may say."""

from typing import Final

NONE: Final = "none"
"""Stands on a metric where a label has nothing to say, since a label must not come and go."""

OTHER: Final = "_OTHER"
"""OpenTelemetry's word for a value outside the known ones."""

OUTCOMES: Final = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "crashed", "not_run")
"""What became of a test. `error` is a failure of set-up or tear-down; `crashed` lost its process;
`not_run` was collected and never started."""

PASSED, FAILED, ERROR, SKIPPED, XFAILED, XPASSED, CRASHED, NOT_RUN = OUTCOMES

PHASES: Final = ("setup", "call", "teardown")

ERROR_TYPES: Final = (
    "rate_limited",
    "server_5xx",
    "timeout",
    "client_4xx",
    "connection",
    "content_filter",
    "tool",
    "assertion",
    "other",
)
"""Why a model call or a step failed, coarse enough for a label."""

TOKEN_TYPES: Final = ("input", "output", "cache_read", "cache_write", "reasoning")
"""Kinds of tokens. `input` includes `cache_read` and `cache_write`; `output` includes `reasoning`."""

COST_SOURCES: Final = ("provider", "estimated", "none")
"""Where a cost came from: the provider's own figure, our price table, or nowhere."""

RUN_STATUSES: Final = ("success", "failure", "skipped", "aborted", "timed_out", "in_progress")
"""OpenTelemetry's values of `test.suite.run.status`."""

CASE_STATUSES: Final = ("pass", "fail")
"""OpenTelemetry's values of `test.case.result.status`; every other outcome leaves it out."""

SCORE_LABELS: Final = ("pass", "fail")

RUN_FRAMEWORKS: Final = ("pytest", "junit")

ENVIRONMENTS: Final = ("production", "staging", "test", "development")
"""OpenTelemetry's well-known values of `deployment.environment.name`; others are allowed."""

REF_TYPES: Final = ("branch", "tag")

OPERATIONS: Final = (
    "chat",
    "generate_content",
    "text_completion",
    "embeddings",
    "retrieval",
    "fetch_response",
    "create_agent",
    "invoke_agent",
    "invoke_workflow",
    "plan",
    "execute_tool",
    "create_memory_store",
    "delete_memory_store",
    "create_memory",
    "update_memory",
    "upsert_memory",
    "search_memory",
    "delete_memory",
)
"""OpenTelemetry's well-known values of `gen_ai.operation.name`."""

PROVIDERS: Final = (
    "anthropic",
    "openai",
    "aws.bedrock",
    "azure.ai.openai",
    "azure.ai.inference",
    "gcp.gemini",
    "gcp.vertex_ai",
    "gcp.gen_ai",
    "cohere",
    "deepseek",
    "groq",
    "mistral_ai",
    "moonshot_ai",
    "perplexity",
    "x_ai",
    "ibm.watsonx.ai",
)
"""OpenTelemetry's well-known values of `gen_ai.provider.name`."""

TOOL_TYPES: Final = ("function", "extension", "datastore")

MODALITIES: Final = ("text", "image", "audio", "unknown")
"""Values of `gen_ai.token.modality`."""

LEGACY_TOKEN_TYPES: Final = ("input", "output")
"""Values of `gen_ai.token.type` on the second generation's `gen_ai.client.token.usage`."""

MAIN_WORKER: Final = "main"
"""The worker id of a run without pytest-xdist."""

DROP_REASONS: Final = ("queue_full", "disk_full", "write_failed", "shutdown")
"""Why the SDK gave a span or a record up."""

CHANGE_KINDS: Final = (
    "skill",
    "prompt",
    "agent_config",
    "model_config",
    "tool_config",
    "golden_set",
    "prices",
    "model",
    "provider",
    "environment",
)
"""What was changed: kinds of tracked files, then what changes without a commit."""

CHANGE_ACTIONS: Final = ("added", "modified", "deleted", "renamed", "switched")
"""What was done to it; `switched` is a change that no commit made."""

CHANGE_METRICS: Final = (
    "routing_accuracy",
    "tool_use_accuracy",
    "clarification_rate",
    "pass_rate",
    "success_rate",
    "latency",
    "call_latency",
    "attempts",
    "retries",
    "tokens",
    "cost",
)
"""Metrics that changes are held responsible for."""

CHANGE_VERDICTS: Final = (
    "improvement",
    "regression",
    "unchanged",
    "upstream",
    "drift",
    "inconclusive",
    "not_enough_runs",
)
"""What a finding says of a movement."""
