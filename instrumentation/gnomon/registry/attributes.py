"""Every attribute by name: OpenTelemetry's where it has one, ours under `gnomon.`.

The constant is the name in capitals with dots as underscores; `str(constant)` is the name.
"""

from gnomon.registry import values
from gnomon.registry.attribute import Attribute
from gnomon.registry.sources import GENAI, GENAI_GEN2, GNOMON, SEMCONV

# --- service, environment, process -----------------------------------------------------------------

SERVICE_NAME = Attribute(
    "service.name",
    "string",
    "Logical name of the service; for a test run `project.service_name` of the settings.",
    examples=("shop-skills-tests",),
    stability="stable",
    source=SEMCONV,
    bounded_by="one a deployed service",
)
SERVICE_VERSION = Attribute(
    "service.version",
    "string",
    "Version of the service under test or in operation.",
    examples=("2.4.1",),
    stability="stable",
    source=SEMCONV,
)
SERVICE_NAMESPACE = Attribute(
    "service.namespace",
    "string",
    "Group that the service's name is unique in.",
    examples=("shop",),
    stability="stable",
    source=SEMCONV,
)
SERVICE_INSTANCE_ID = Attribute(
    "service.instance.id",
    "string",
    "Identity of one running instance. Never set on a test run: every run would start new series.",
    examples=("627cc493-f310-47de-96bd-71410b7dec09",),
    stability="stable",
    source=SEMCONV,
)
DEPLOYMENT_ENVIRONMENT_NAME = Attribute(
    "deployment.environment.name",
    "string",
    "Environment that the telemetry comes from.",
    examples=values.ENVIRONMENTS,
    stability="stable",
    source=SEMCONV,
    bounded_by="the environments of the organisation in the settings",
)
TELEMETRY_SDK_NAME = Attribute(
    "telemetry.sdk.name",
    "string",
    "Name of the telemetry SDK.",
    examples=("opentelemetry",),
    stability="stable",
    source=SEMCONV,
)
TELEMETRY_SDK_LANGUAGE = Attribute(
    "telemetry.sdk.language",
    "string",
    "Language of the telemetry SDK.",
    examples=("python",),
    stability="stable",
    source=SEMCONV,
)
TELEMETRY_SDK_VERSION = Attribute(
    "telemetry.sdk.version",
    "string",
    "Version of the telemetry SDK.",
    examples=("1.45.2",),
    stability="stable",
    source=SEMCONV,
)
TELEMETRY_DISTRO_NAME = Attribute(
    "telemetry.distro.name",
    "string",
    "Name of the distribution built on the SDK: `gnomon`.",
    examples=("gnomon",),
    stability="stable",
    source=SEMCONV,
)
TELEMETRY_DISTRO_VERSION = Attribute(
    "telemetry.distro.version",
    "string",
    "Version of Gnomon.",
    examples=("0.1.0",),
    stability="stable",
    source=SEMCONV,
)
PROCESS_RUNTIME_NAME = Attribute(
    "process.runtime.name",
    "string",
    "Name of the language runtime.",
    examples=("cpython",),
    stability="release_candidate",
    source=SEMCONV,
)
PROCESS_RUNTIME_VERSION = Attribute(
    "process.runtime.version",
    "string",
    "Version of the language runtime.",
    examples=("3.12.4",),
    stability="release_candidate",
    source=SEMCONV,
)
PROCESS_PID = Attribute(
    "process.pid",
    "int",
    "Process id.",
    examples=(1234,),
    stability="release_candidate",
    source=SEMCONV,
)
PROCESS_EXECUTABLE_NAME = Attribute(
    "process.executable.name",
    "string",
    "Name of the program that a skill's command ran.",
    examples=("python3",),
    stability="release_candidate",
    source=SEMCONV,
)
PROCESS_EXIT_CODE = Attribute(
    "process.exit.code",
    "int",
    "Exit code of the program that a skill's command ran.",
    examples=(0,),
    stability="release_candidate",
    source=SEMCONV,
)
HOST_NAME = Attribute(
    "host.name", "string", "Name of the machine.", examples=("ci-runner-7",), source=SEMCONV
)
OS_TYPE = Attribute(
    "os.type",
    "string",
    "Operating system.",
    examples=("linux", "darwin", "windows"),
    source=SEMCONV,
)
CODE_FILE_PATH = Attribute(
    "code.file.path",
    "string",
    "Source file of the test, relative to the root of the run.",
    examples=("tests/test_routing.py",),
    stability="stable",
    source=SEMCONV,
)
CODE_LINE_NUMBER = Attribute(
    "code.line.number",
    "int",
    "Line of the test in its source file, counted from 1.",
    examples=(42,),
    stability="stable",
    source=SEMCONV,
)

# --- tests, version control, continuous integration ------------------------------------------------

TEST_SUITE_NAME = Attribute(
    "test.suite.name",
    "string",
    "Name of the suite, from the settings or the name of the project.",
    examples=("routing",),
    source=SEMCONV,
    bounded_by="the suites in the settings",
)
TEST_SUITE_RUN_STATUS = Attribute(
    "test.suite.run.status",
    "string",
    "How the run ended.",
    source=SEMCONV,
    values=values.RUN_STATUSES,
)
TEST_CASE_NAME = Attribute(
    "test.case.name",
    "string",
    "Node id of the test.",
    examples=("tests/test_routing.py::test_route[bug-report]",),
    source=SEMCONV,
)
TEST_CASE_RESULT_STATUS = Attribute(
    "test.case.result.status",
    "string",
    "Set only when the test truly passed or failed; `gnomon.test.outcome` tells all outcomes apart.",
    source=SEMCONV,
    values=values.CASE_STATUSES,
)
VCS_REPOSITORY_NAME = Attribute(
    "vcs.repository.name",
    "string",
    "Name of the repository, without its owner.",
    examples=("shop-skills",),
    stability="release_candidate",
    source=SEMCONV,
)
VCS_REPOSITORY_URL_FULL = Attribute(
    "vcs.repository.url.full",
    "string",
    "Address of the repository, stripped of credentials.",
    examples=("https://git.example.org/shop/shop-skills",),
    stability="release_candidate",
    source=SEMCONV,
)
VCS_REF_HEAD_NAME = Attribute(
    "vcs.ref.head.name",
    "string",
    "Branch or tag that was checked out.",
    examples=("main",),
    stability="release_candidate",
    source=SEMCONV,
)
VCS_REF_HEAD_REVISION = Attribute(
    "vcs.ref.head.revision",
    "string",
    "Commit that was checked out, in full.",
    examples=("9d59409acf479dfa0df1aa568182e43e43df8bbe",),
    stability="release_candidate",
    source=SEMCONV,
)
VCS_REF_HEAD_TYPE = Attribute(
    "vcs.ref.head.type",
    "string",
    "Whether a branch or a tag was checked out; absent on a detached head.",
    stability="release_candidate",
    source=SEMCONV,
    values=values.REF_TYPES,
)
VCS_CHANGE_ID = Attribute(
    "vcs.change.id",
    "string",
    "Number of the pull or merge request.",
    examples=("123",),
    stability="release_candidate",
    source=SEMCONV,
)
CICD_PIPELINE_NAME = Attribute(
    "cicd.pipeline.name",
    "string",
    "Name of the pipeline or workflow.",
    examples=("Nightly routing",),
    stability="release_candidate",
    source=SEMCONV,
)
CICD_PIPELINE_RUN_ID = Attribute(
    "cicd.pipeline.run.id",
    "string",
    "Identity of the pipeline's run.",
    examples=("120912",),
    stability="release_candidate",
    source=SEMCONV,
)
CICD_PIPELINE_RUN_URL_FULL = Attribute(
    "cicd.pipeline.run.url.full",
    "string",
    "Address of the pipeline's run.",
    examples=("https://ci.example.org/shop/runs/120912",),
    stability="release_candidate",
    source=SEMCONV,
)
CICD_PIPELINE_TASK_NAME = Attribute(
    "cicd.pipeline.task.name",
    "string",
    "Name of the pipeline's job or task.",
    examples=("routing-tests",),
    stability="release_candidate",
    source=SEMCONV,
)
CICD_WORKER_NAME = Attribute(
    "cicd.worker.name",
    "string",
    "Name of the machine or agent that the pipeline gave the job to.",
    examples=("runner-07",),
    stability="release_candidate",
    source=SEMCONV,
)

# --- errors, HTTP, addresses -----------------------------------------------------------------------

ERROR_TYPE = Attribute(
    "error.type",
    "string",
    "Why it failed: on metrics and model calls one of the bounded set, on the span of a test the "
    "exception's class name. A success has none; run points, whose labels never come and go, say `none`.",
    examples=(*values.ERROR_TYPES, "AssertionError"),
    stability="stable",
    source=SEMCONV,
    bounded_by="on metrics one of " + ", ".join(values.ERROR_TYPES) + "; on run points also none",
    values_on_metrics=(*values.ERROR_TYPES, values.NONE),
)
EXCEPTION_TYPE = Attribute(
    "exception.type",
    "string",
    "Qualified class name of the exception.",
    examples=("anthropic.RateLimitError",),
    stability="stable",
    source=SEMCONV,
)
EXCEPTION_MESSAGE = Attribute(
    "exception.message",
    "string",
    "Message of the exception.",
    examples=("rate limit exceeded",),
    stability="stable",
    source=SEMCONV,
    content=True,
)
EXCEPTION_STACKTRACE = Attribute(
    "exception.stacktrace",
    "string",
    "Stack trace of the exception.",
    examples=("Traceback (most recent call last): …",),
    stability="stable",
    source=SEMCONV,
    content=True,
)
HTTP_REQUEST_METHOD = Attribute(
    "http.request.method",
    "string",
    "HTTP method.",
    examples=("POST",),
    stability="stable",
    source=SEMCONV,
)
HTTP_REQUEST_RESEND_COUNT = Attribute(
    "http.request.resend_count",
    "int",
    "How many times the request had been sent before.",
    examples=(1,),
    stability="stable",
    source=SEMCONV,
)
HTTP_RESPONSE_STATUS_CODE = Attribute(
    "http.response.status_code",
    "int",
    "HTTP status of the answer.",
    examples=(200, 429, 529),
    stability="stable",
    source=SEMCONV,
)
SERVER_ADDRESS = Attribute(
    "server.address",
    "string",
    "Host that the request went to.",
    examples=("api.anthropic.com",),
    stability="stable",
    source=SEMCONV,
)
SERVER_PORT = Attribute(
    "server.port",
    "int",
    "Port that the request went to.",
    examples=(443,),
    stability="stable",
    source=SEMCONV,
)
SESSION_ID = Attribute(
    "session.id",
    "string",
    "Identity of a user's session. Never on a metric.",
    examples=("00112233-4455-6677-8899-aabbccddeeff",),
    source=SEMCONV,
)

# --- generative AI: calls to models ----------------------------------------------------------------

GEN_AI_OPERATION_NAME = Attribute(
    "gen_ai.operation.name",
    "string",
    "What was asked of the model, agent or tool.",
    examples=values.OPERATIONS,
    source=GENAI,
    bounded_by="OpenTelemetry's operation names",
)
GEN_AI_PROVIDER_NAME = Attribute(
    "gen_ai.provider.name",
    "string",
    "Provider of the model.",
    examples=values.PROVIDERS,
    source=GENAI,
    bounded_by="the providers in use",
)
GEN_AI_REQUEST_MODEL = Attribute(
    "gen_ai.request.model",
    "string",
    "Model that was asked for.",
    examples=("claude-sonnet-4-5",),
    source=GENAI,
    bounded_by="the models in use",
)
GEN_AI_REQUEST_MAX_TOKENS = Attribute(
    "gen_ai.request.max_tokens", "int", "Most tokens the model may answer with.", (1024,), source=GENAI
)
GEN_AI_REQUEST_TEMPERATURE = Attribute(
    "gen_ai.request.temperature", "double", "Sampling temperature asked for.", (0.0,), source=GENAI
)
GEN_AI_REQUEST_TOP_P = Attribute(
    "gen_ai.request.top_p", "double", "Nucleus sampling asked for.", (0.9,), source=GENAI
)
GEN_AI_REQUEST_STREAM = Attribute(
    "gen_ai.request.stream", "boolean", "Whether the answer was streamed.", (True,), source=GENAI
)
GEN_AI_RESPONSE_ID = Attribute(
    "gen_ai.response.id", "string", "The provider's id of the answer.", ("msg_01XFDU",), source=GENAI
)
GEN_AI_RESPONSE_MODEL = Attribute(
    "gen_ai.response.model",
    "string",
    "Model that answered.",
    examples=("claude-sonnet-4-5-20250929",),
    source=GENAI,
    bounded_by="the models in use",
)
GEN_AI_RESPONSE_FINISH_REASONS = Attribute(
    "gen_ai.response.finish_reasons",
    "string[]",
    "Why the model stopped, one entry a choice.",
    examples=(("end_turn",),),
    source=GENAI,
)
GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = Attribute(
    "gen_ai.response.time_to_first_chunk",
    "double",
    "Seconds from the request to the first streamed chunk.",
    examples=(0.42,),
    source=GENAI,
)
GEN_AI_USAGE_INPUT_TOKENS = Attribute(
    "gen_ai.usage.input_tokens",
    "int",
    "Input tokens, those read from and written to the cache included.",
    examples=(5120,),
    source=GENAI,
)
GEN_AI_USAGE_OUTPUT_TOKENS = Attribute(
    "gen_ai.usage.output_tokens",
    "int",
    "Output tokens, reasoning included.",
    examples=(180,),
    source=GENAI,
)
GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = Attribute(
    "gen_ai.usage.cache_read.input_tokens",
    "int",
    "Input tokens served from the provider's cache; part of `gen_ai.usage.input_tokens`.",
    examples=(4096,),
    source=GENAI,
)
GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS = Attribute(
    "gen_ai.usage.cache_write.input_tokens",
    "int",
    "Input tokens written to the provider's cache; part of `gen_ai.usage.input_tokens`.",
    examples=(512,),
    source=GENAI,
)
GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS = Attribute(
    "gen_ai.usage.cache_creation.input_tokens",
    "int",
    "The name of `gen_ai.usage.cache_write.input_tokens` in versions 1.40 and 1.41, written beside it where "
    "`OTEL_SEMCONV_STABILITY_OPT_IN` has `gen_ai/dup`.",
    examples=(512,),
    source=GENAI_GEN2,
)
GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = Attribute(
    "gen_ai.usage.reasoning.output_tokens",
    "int",
    "Output tokens spent on reasoning; part of `gen_ai.usage.output_tokens`.",
    examples=(64,),
    source=GENAI,
)
GEN_AI_TOKEN_TYPE = Attribute(
    "gen_ai.token.type",
    "string",
    "Kind of tokens counted. On `gen_ai.client.token.usage` only `input` and `output`; our own metrics "
    "also count the parts `cache_read` and `cache_write` of the input and `reasoning` of the output.",
    source=GENAI_GEN2,
    values=values.TOKEN_TYPES,
)
GEN_AI_TOKEN_MODALITY = Attribute(
    "gen_ai.token.modality",
    "string",
    "Modality of the tokens counted; `unknown` where the provider does not say.",
    source=GENAI,
    values=values.MODALITIES,
)
GEN_AI_CONVERSATION_ID = Attribute(
    "gen_ai.conversation.id",
    "string",
    "Identity of the conversation. Never on a metric.",
    examples=("conv_5j66UpCpwteGg4YSxUnt7lPY",),
    source=GENAI,
)
GEN_AI_SYSTEM_INSTRUCTIONS = Attribute(
    "gen_ai.system_instructions", "any", "System prompt.", source=GENAI, content=True
)
GEN_AI_INPUT_MESSAGES = Attribute(
    "gen_ai.input.messages", "any", "Messages sent to the model.", source=GENAI, content=True
)
GEN_AI_OUTPUT_MESSAGES = Attribute(
    "gen_ai.output.messages", "any", "Messages that the model answered with.", source=GENAI, content=True
)

# --- generative AI: agents, tools, workflows, skills, evaluations ----------------------------------

GEN_AI_AGENT_ID = Attribute(
    "gen_ai.agent.id",
    "string",
    "Identity of a hosted agent; never of an object in memory.",
    examples=("asst_5j66UpCpwteGg4YSxUnt7lPY",),
    source=GENAI,
)
GEN_AI_AGENT_NAME = Attribute(
    "gen_ai.agent.name",
    "string",
    "Name of the agent.",
    examples=("order-desk",),
    source=GENAI,
    bounded_by="the agents of the organisation in the settings",
)
GEN_AI_AGENT_VERSION = Attribute(
    "gen_ai.agent.version",
    "string",
    "Version of the agent.",
    examples=("1.8.0",),
    source=GENAI,
    bounded_by="the releases of an agent that serve at one time",
)
GEN_AI_AGENT_DESCRIPTION = Attribute(
    "gen_ai.agent.description",
    "string",
    "What the agent is for.",
    examples=("Answers questions about orders",),
    source=GENAI,
)
GEN_AI_WORKFLOW_NAME = Attribute(
    "gen_ai.workflow.name",
    "string",
    "Name of the workflow of several agents or steps.",
    examples=("refund",),
    source=GENAI,
    bounded_by="the workflows in the code",
)
GEN_AI_TOOL_NAME = Attribute(
    "gen_ai.tool.name",
    "string",
    "Name of the tool.",
    examples=("search_orders",),
    source=GENAI,
    bounded_by="the tools in the code",
)
GEN_AI_TOOL_TYPE = Attribute(
    "gen_ai.tool.type",
    "string",
    "Where the tool runs.",
    source=GENAI,
    values=values.TOOL_TYPES,
)
GEN_AI_TOOL_CALL_ID = Attribute(
    "gen_ai.tool.call.id", "string", "Identity of the call of the tool.", ("call_mszuSIzq",), source=GENAI
)
GEN_AI_TOOL_CALL_ARGUMENTS = Attribute(
    "gen_ai.tool.call.arguments", "any", "Arguments given to the tool.", source=GENAI, content=True
)
GEN_AI_TOOL_CALL_RESULT = Attribute(
    "gen_ai.tool.call.result", "any", "What the tool returned.", source=GENAI, content=True
)
GEN_AI_SKILL_NAME = Attribute(
    "gen_ai.skill.name",
    "string",
    "Name of the skill: on a run point the expected one (`none` when no skill is expected).",
    examples=("write-release-notes",),
    source=GENAI,
    bounded_by="the skills in the repository",
)
GEN_AI_SKILL_DESCRIPTION = Attribute(
    "gen_ai.skill.description",
    "string",
    "The skill's description as its author wrote it.",
    examples=("Writes release notes from merged changes",),
    source=GENAI,
)
GEN_AI_SKILL_SOURCE_URI = Attribute(
    "gen_ai.skill.source.uri",
    "string",
    "Origin of the skill, stripped of credentials; never where it was unpacked.",
    examples=("https://git.example.org/shop/shop-skills",),
    source=GENAI,
)
GEN_AI_SKILL_RESOURCE_NAME = Attribute(
    "gen_ai.skill.resource.name",
    "string",
    "Logical path of the skill's file that was read; never absolute.",
    examples=("references/style.md",),
    source=GENAI,
)
GEN_AI_EVALUATION_NAME = Attribute(
    "gen_ai.evaluation.name",
    "string",
    "What was evaluated; `routing` for routing tests.",
    ("routing",),
    source=GENAI,
)
GEN_AI_EVALUATION_SCORE_VALUE = Attribute(
    "gen_ai.evaluation.score.value",
    "double",
    "Score: 1 for a right route, 0 for a wrong one.",
    (1.0,),
    source=GENAI,
)
GEN_AI_EVALUATION_SCORE_LABEL = Attribute(
    "gen_ai.evaluation.score.label",
    "string",
    "Score in words.",
    source=GENAI,
    examples=values.SCORE_LABELS,
)
GEN_AI_EVALUATION_EXPLANATION = Attribute(
    "gen_ai.evaluation.explanation",
    "string",
    "Why the score was given.",
    examples=("expected write-release-notes, got search-orders",),
    source=GENAI,
)

# --- ours: the organisation and the run ------------------------------------------------------------

GNOMON_DEPARTMENT = Attribute(
    "gnomon.department",
    "string",
    "Department that owns the agent or the suite.",
    examples=("logistics",),
    source=GNOMON,
    bounded_by="the departments of the organisation in the settings",
)
GNOMON_CHANGE_KIND = Attribute(
    "gnomon.change.kind",
    "string",
    "What was changed: the kind of the file, or what changed without a commit.",
    examples=("skill",),
    source=GNOMON,
    values=values.CHANGE_KINDS,
)
GNOMON_CHANGE_ACTION = Attribute(
    "gnomon.change.action",
    "string",
    "What was done to it; `switched` is a change that no commit made.",
    examples=("modified",),
    source=GNOMON,
    values=values.CHANGE_ACTIONS,
)
GNOMON_CHANGE_METRIC = Attribute(
    "gnomon.change.metric",
    "string",
    "Metric that moved.",
    examples=("routing_accuracy",),
    source=GNOMON,
    values=values.CHANGE_METRICS,
)
GNOMON_CHANGE_VERDICT = Attribute(
    "gnomon.change.verdict",
    "string",
    "What a finding says of a movement.",
    examples=("regression",),
    source=GNOMON,
    values=values.CHANGE_VERDICTS,
    values_on_metrics=("improvement", "regression"),
)
GNOMON_CHANGE_REVISION = Attribute(
    "gnomon.change.revision",
    "string",
    "The likeliest commit, its first nine digits.",
    examples=("2769f1b0c",),
    source=GNOMON,
    bounded_by="the 20 newest findings of the last 7 days",
)
GNOMON_RUN_ID = Attribute(
    "gnomon.run.id",
    "string",
    "Identity of the run, 32 lower-case hexadecimal digits. Never on a metric.",
    examples=("4bf92f3577b34da6a3ce929d0e0e4736",),
    source=GNOMON,
)
GNOMON_RUN_SEQUENCE = Attribute(
    "gnomon.run.sequence",
    "int",
    "Number of the run in its state directory, counted from 1.",
    examples=(117,),
    source=GNOMON,
)
GNOMON_RUN_FRAMEWORK = Attribute(
    "gnomon.run.framework",
    "string",
    "What ran the tests, or the format that their results were imported from.",
    source=GNOMON,
    values=values.RUN_FRAMEWORKS,
)
GNOMON_RUN_STARTED_AT = Attribute(
    "gnomon.run.started_at",
    "int",
    "Start of the run in nanoseconds since 1970, UTC.",
    examples=(1767225600000000000,),
    source=GNOMON,
)
GNOMON_REPLAY_ID = Attribute(
    "gnomon.replay.id",
    "string",
    "The search, backfill or verification that ran the suite or tests of it. Absent: a person or a pipeline.",
    examples=("5be9c1a0d7e2-8f3a1c",),
    source=GNOMON,
)
GNOMON_REPLAY_TESTS = Attribute(
    "gnomon.replay.tests",
    "string",
    "Commit whose tests were laid over the past revision. Absent: the tests are the revision's own.",
    examples=("a19f60c22e1d4bfa8a2c3e4d5f60718293a4b5c6",),
    source=GNOMON,
)
GNOMON_REPLAY_CASES = Attribute(
    "gnomon.replay.cases",
    "string",
    "How many cases were run at the past revision, chosen by name. Absent: all of the suite.",
    examples=("4",),
    source=GNOMON,
)
GNOMON_RUN_EXIT_CODE = Attribute(
    "gnomon.run.exit_code", "int", "Exit code of the test runner.", (0, 1), source=GNOMON
)
GNOMON_RUN_COLLECTED = Attribute(
    "gnomon.run.collected",
    "int",
    "How many tests were collected and not deselected.",
    examples=(79,),
    source=GNOMON,
)
GNOMON_RUN_COLLECTION_ERRORS = Attribute(
    "gnomon.run.collection_errors",
    "int",
    "Files that could not be collected: their tests are not known, and so not counted.",
    examples=(0, 1),
    source=GNOMON,
)
GNOMON_RUN_COLLECTION_SKIPS = Attribute(
    "gnomon.run.collection_skips",
    "int",
    "Files that were skipped whole while tests were collected.",
    examples=(0, 1),
    source=GNOMON,
)
GNOMON_VCS_DIRTY = Attribute(
    "gnomon.vcs.dirty",
    "boolean",
    "Whether a tracked file differed from the commit.",
    examples=(False,),
    source=GNOMON,
)
GNOMON_GOLDEN_SET_VERSION = Attribute(
    "gnomon.golden_set.version",
    "string",
    "Version of the suite's golden set: the one it states, or the hash of its file.",
    examples=("2026-03",),
    source=GNOMON,
)
GNOMON_SKILLS_NAMES = Attribute(
    "gnomon.skills.names",
    "string[]",
    "Names of the skills in force, parallel to the paths and hashes.",
    examples=(("write-release-notes", "search-orders"),),
    source=GNOMON,
)
GNOMON_SKILLS_PATHS = Attribute(
    "gnomon.skills.paths",
    "string[]",
    "Paths of the SKILL.md files in force, relative to the root.",
    examples=(("skills/write-release-notes/SKILL.md", "skills/search-orders/SKILL.md"),),
    source=GNOMON,
)
GNOMON_SKILLS_HASHES = Attribute(
    "gnomon.skills.hashes",
    "string[]",
    "Hash of each SKILL.md: the id that git gives its bytes.",
    examples=(("78981922613b2afb6025042ff6bd878ac1994e85", "61780798228d17af2d34fce4cfbdf35556832472"),),
    source=GNOMON,
)
GNOMON_SKILLS_HASH = Attribute(
    "gnomon.skills.hash",
    "string",
    "Hash of the whole set: sha256 over the sorted lines of path, NUL, hash.",
    examples=("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",),
    source=GNOMON,
)
GNOMON_CONFIG_PATHS = Attribute(
    "gnomon.config.paths",
    "string[]",
    "Paths of the configuration files in force, relative to the root.",
    examples=(("router.yaml",),),
    source=GNOMON,
)
GNOMON_CONFIG_HASHES = Attribute(
    "gnomon.config.hashes",
    "string[]",
    "Hash of each configuration file: the id that git gives its bytes.",
    examples=(("78981922613b2afb6025042ff6bd878ac1994e85",),),
    source=GNOMON,
)
GNOMON_CONFIG_HASH = Attribute(
    "gnomon.config.hash",
    "string",
    "Hash of the whole set of configuration files, made like `gnomon.skills.hash`.",
    examples=("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",),
    source=GNOMON,
)
SKILL_MD_HASH = Attribute(
    "skill.md.hash",
    "string",
    "Hash of the SKILL.md that the test is about: the expected skill's, else the whole set's.",
    examples=("78981922613b2afb6025042ff6bd878ac1994e85",),
    stability="stable",
    source=GNOMON,
)

# --- ours: workers and tests -----------------------------------------------------------------------

GNOMON_WORKER_ID = Attribute(
    "gnomon.worker.id",
    "string",
    "Worker that ran the test: pytest-xdist's id, `main` without it.",
    examples=("main", "gw0"),
    source=GNOMON,
)
GNOMON_WORKER_CRASHED = Attribute(
    "gnomon.worker.crashed", "boolean", "Whether the worker's process died.", (False,), source=GNOMON
)
GNOMON_WORKER_BUSY_TIME = Attribute(
    "gnomon.worker.busy_time", "double", "Seconds that the worker spent in tests.", (12.5,), source=GNOMON
)
GNOMON_TEST_CASE_ID = Attribute(
    "gnomon.test.case.id",
    "string",
    "Stable identity of the test, kept when its file moves: stated, or made from its node id.",
    examples=("bug-report-17",),
    source=GNOMON,
    bounded_by="routing tests only, at most `budgets.case_series` of the settings in a run",
)
GNOMON_TEST_OUTCOME = Attribute(
    "gnomon.test.outcome",
    "string",
    "What became of the test after all its attempts.",
    source=GNOMON,
    values=values.OUTCOMES,
)
GNOMON_TEST_PHASE = Attribute(
    "gnomon.test.phase", "string", "Phase in which the test failed.", source=GNOMON, values=values.PHASES
)
GNOMON_TEST_CATEGORY = Attribute(
    "gnomon.test.category",
    "string",
    "Category of the case in its golden set; `none` on a metric when it has none.",
    examples=("paraphrase", "negative-control"),
    source=GNOMON,
    bounded_by="the categories of the golden set",
)
GNOMON_TEST_ATTEMPTS = Attribute(
    "gnomon.test.attempts", "int", "How often the test was run; a rerun is one more.", (1, 3), source=GNOMON
)
GNOMON_TEST_DURATION = Attribute(
    "gnomon.test.duration",
    "double",
    "Seconds of set-up, call and tear-down over all attempts.",
    examples=(1.75,),
    source=GNOMON,
)
GNOMON_TEST_CALL_DURATION = Attribute(
    "gnomon.test.call.duration",
    "double",
    "Seconds of the last attempt's call phase.",
    examples=(1.5,),
    source=GNOMON,
)
GNOMON_TEST_MESSAGE = Attribute(
    "gnomon.test.message",
    "string",
    "First line of the failure, shortened; off with `capture.failure_messages: false`.",
    examples=("assert 'search-orders' == 'write-release-notes'",),
    source=GNOMON,
    content=True,
)
GNOMON_TEST_RETRIES = Attribute(
    "gnomon.test.retries",
    "int",
    "Retries inside the test's model calls. A sum for display; count from the model calls.",
    examples=(2,),
    source=GNOMON,
)
GNOMON_TEST_MODEL_CALLS = Attribute(
    "gnomon.test.model_calls",
    "int",
    "Model calls of the test. A sum for display; count from the model calls.",
    examples=(1,),
    source=GNOMON,
)
GNOMON_TEST_API_LATENCY = Attribute(
    "gnomon.test.api_latency",
    "double",
    "Seconds spent in attempts of the test's model calls. A sum for display.",
    examples=(1.25,),
    source=GNOMON,
)
GNOMON_TEST_INPUT_TOKENS = Attribute(
    "gnomon.test.input_tokens",
    "int",
    "Input tokens of the test's model calls. A sum for display.",
    examples=(5120,),
    source=GNOMON,
)
GNOMON_TEST_OUTPUT_TOKENS = Attribute(
    "gnomon.test.output_tokens",
    "int",
    "Output tokens of the test's model calls. A sum for display.",
    examples=(180,),
    source=GNOMON,
)
GNOMON_TEST_COST_USD = Attribute(
    "gnomon.test.cost.usd",
    "double",
    "US dollars of the test's model calls of known price. A sum for display.",
    examples=(0.0181,),
    source=GNOMON,
)
GNOMON_TEST_ATTEMPT_NUMBER = Attribute(
    "gnomon.test.attempt.number", "int", "Number of the attempt, from 1.", (1, 2), source=GNOMON
)
GNOMON_TEST_ATTEMPT_OUTCOME = Attribute(
    "gnomon.test.attempt.outcome",
    "string",
    "What became of the attempt.",
    source=GNOMON,
    values=values.OUTCOMES,
)

# --- ours: routing and tool use --------------------------------------------------------------------

GNOMON_ROUTING_EXPECTED = Attribute(
    "gnomon.routing.expected",
    "string",
    "Skill that should be chosen. Empty on a span, `none` on a metric, when no skill should.",
    examples=("write-release-notes", ""),
    source=GNOMON,
    bounded_by="the skills in the repository and none",
)
GNOMON_ROUTING_ALTERNATES = Attribute(
    "gnomon.routing.alternates",
    "string[]",
    "Other skills that count as right.",
    examples=(("summarise-changes",),),
    source=GNOMON,
)
GNOMON_ROUTING_ACTUAL = Attribute(
    "gnomon.routing.actual",
    "string",
    "Skill that was chosen. Empty on a span, `none` on a metric, when none was; on a metric `_OTHER` "
    "for a skill that the repository does not have.",
    examples=("search-orders", ""),
    source=GNOMON,
    bounded_by="the skills in the repository, none and _OTHER",
)
GNOMON_ROUTING_CORRECT = Attribute(
    "gnomon.routing.correct",
    "boolean",
    "Whether the route was right; absent when the test never got an answer.",
    examples=(True,),
    source=GNOMON,
)
GNOMON_ROUTING_CLARIFICATION_EXPECTED = Attribute(
    "gnomon.routing.clarification.expected",
    "boolean",
    "Whether a question back was the right answer.",
    examples=(False,),
    source=GNOMON,
)
GNOMON_ROUTING_CLARIFICATION_ASKED = Attribute(
    "gnomon.routing.clarification.asked",
    "boolean",
    "Whether the agent asked back.",
    examples=(False,),
    source=GNOMON,
)
GNOMON_ROUTING_CONFIDENCE = Attribute(
    "gnomon.routing.confidence",
    "double",
    "The router's own confidence, 0 to 1; recorded with `routing.confidence: true`.",
    examples=(0.83,),
    source=GNOMON,
)
GNOMON_TOOL_USE_EXPECTED = Attribute(
    "gnomon.tool_use.expected", "int", "Commands that the test expected.", (3,), source=GNOMON
)
GNOMON_TOOL_USE_MATCHED = Attribute(
    "gnomon.tool_use.matched", "int", "Expected commands that were used.", (2,), source=GNOMON
)
GNOMON_TOOL_USE_MISSING = Attribute(
    "gnomon.tool_use.missing",
    "string[]",
    "Expected commands that were not used.",
    examples=(("git log",),),
    source=GNOMON,
)

# --- ours: model calls and cost --------------------------------------------------------------------

GNOMON_MODEL_CALL_ATTEMPTS = Attribute(
    "gnomon.model_call.attempts", "int", "Requests sent for this one call.", (1, 3), source=GNOMON
)
GNOMON_MODEL_CALL_RETRIES = Attribute(
    "gnomon.model_call.retries", "int", "Requests beyond the first: attempts - 1.", (0, 2), source=GNOMON
)
GNOMON_MODEL_CALL_API_LATENCY = Attribute(
    "gnomon.model_call.api_latency",
    "double",
    "Seconds spent inside attempts, gaps between them left out.",
    examples=(1.25,),
    source=GNOMON,
)
GNOMON_MODEL_CALL_RETRY_GAP = Attribute(
    "gnomon.model_call.retry_gap",
    "double",
    "Seconds waited between attempts.",
    examples=(4.0,),
    source=GNOMON,
)
GNOMON_MODEL_CALL_ATTEMPT_NUMBER = Attribute(
    "gnomon.model_call.attempt.number", "int", "Number of the attempt, from 1.", (1,), source=GNOMON
)
GNOMON_MODEL_CALL_ATTEMPT_LATENCY = Attribute(
    "gnomon.model_call.attempt.latency", "double", "Seconds of the attempt.", (0.75,), source=GNOMON
)
GNOMON_MODEL_CALL_ATTEMPT_GAP = Attribute(
    "gnomon.model_call.attempt.gap",
    "double",
    "Seconds waited before the attempt, since the one before ended.",
    examples=(2.0,),
    source=GNOMON,
)
GNOMON_COST_USD = Attribute(
    "gnomon.cost.usd",
    "double",
    "US dollars that the call cost; absent when the price is unknown.",
    examples=(0.0181,),
    source=GNOMON,
)
GNOMON_COST_SOURCE = Attribute(
    "gnomon.cost.source",
    "string",
    "Where the cost came from.",
    source=GNOMON,
    values=values.COST_SOURCES,
)
GNOMON_COST_PRICE_SOURCE = Attribute(
    "gnomon.cost.price_source",
    "string",
    "Entry of the price table that an estimate used, and its date.",
    examples=("anthropic/claude-sonnet-4-5 as of 2025-09-29",),
    source=GNOMON,
)

# --- ours: the SDK about itself --------------------------------------------------------------------

GNOMON_SPOOL_DROP_REASON = Attribute(
    "gnomon.spool.drop.reason",
    "string",
    "Why a record was given up.",
    source=GNOMON,
    values=values.DROP_REASONS,
)

ALL: tuple[Attribute, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Attribute)
)
"""The whole table in the order of this page."""
