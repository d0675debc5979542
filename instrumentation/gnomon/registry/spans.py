"""Every kind of span: of a test run from the run down to the model call, and of agents in operation."""

from gnomon.registry import attributes as a
from gnomon.registry import events
from gnomon.registry.model import Span
from gnomon.registry.sources import GENAI, GNOMON

TEST_RUN = Span(
    id="gnomon.test_run",
    name="test_run",
    kind="internal",
    brief="The whole run, one trace.",
    required=(
        a.TEST_SUITE_NAME,
        a.TEST_SUITE_RUN_STATUS,
        a.GNOMON_RUN_ID,
        a.GNOMON_RUN_SEQUENCE,
        a.GNOMON_RUN_COLLECTED,
    ),
    optional=(a.GNOMON_RUN_EXIT_CODE, a.GNOMON_RUN_COLLECTION_ERRORS, a.GNOMON_RUN_COLLECTION_SKIPS),
    events=(events.GNOMON_COLLECTION_ERROR,),
    source=GNOMON,
)
TEST_WORKER = Span(
    id="gnomon.test_worker",
    name="test_worker",
    kind="internal",
    brief="One worker of pytest-xdist; a run without it has none.",
    required=(a.GNOMON_WORKER_ID, a.GNOMON_WORKER_CRASHED, a.GNOMON_WORKER_BUSY_TIME, a.GNOMON_RUN_ID),
    parents=(TEST_RUN.id,),
    source=GNOMON,
)
_OF_A_TEST = (
    a.TEST_CASE_RESULT_STATUS,
    a.GNOMON_TEST_PHASE,
    a.GNOMON_TEST_CALL_DURATION,
    a.ERROR_TYPE,
    a.GNOMON_TEST_MESSAGE,
    a.GNOMON_TEST_CATEGORY,
    a.CODE_FILE_PATH,
    a.CODE_LINE_NUMBER,
    a.GNOMON_TEST_MODEL_CALLS,
    a.GNOMON_TEST_RETRIES,
    a.GNOMON_TEST_API_LATENCY,
    a.GNOMON_TEST_INPUT_TOKENS,
    a.GNOMON_TEST_OUTPUT_TOKENS,
    a.GNOMON_TEST_COST_USD,
    a.SKILL_MD_HASH,
    a.GNOMON_TOOL_USE_EXPECTED,
    a.GNOMON_TOOL_USE_MATCHED,
    a.GNOMON_TOOL_USE_MISSING,
)
_TEST_IDENTITY = (
    a.TEST_SUITE_NAME,
    a.TEST_CASE_NAME,
    a.GNOMON_TEST_CASE_ID,
    a.GNOMON_TEST_OUTCOME,
    a.GNOMON_TEST_ATTEMPTS,
    a.GNOMON_TEST_DURATION,
    a.GNOMON_WORKER_ID,
    a.GNOMON_RUN_ID,
    a.GNOMON_RUN_SEQUENCE,
)
TEST_CASE = Span(
    id="gnomon.test_case",
    name="test_case",
    kind="internal",
    brief="A test with all its attempts.",
    required=_TEST_IDENTITY,
    optional=_OF_A_TEST,
    parents=(TEST_RUN.id, TEST_WORKER.id),
    source=GNOMON,
)
ROUTING_TEST = Span(
    id="gnomon.routing_test",
    name="routing_test_{gnomon.test.case.id}",
    kind="internal",
    brief="A test of routing: which skill a request was given to.",
    required=(*_TEST_IDENTITY, a.GNOMON_ROUTING_EXPECTED, a.GNOMON_ROUTING_CLARIFICATION_EXPECTED),
    optional=(
        a.GNOMON_ROUTING_ALTERNATES,
        a.GNOMON_ROUTING_ACTUAL,
        a.GNOMON_ROUTING_CORRECT,
        a.GNOMON_ROUTING_CLARIFICATION_ASKED,
        a.GNOMON_ROUTING_CONFIDENCE,
        *_OF_A_TEST,
    ),
    events=(events.GEN_AI_EVALUATION_RESULT,),
    parents=(TEST_RUN.id, TEST_WORKER.id),
    stability="stable",
    source=GNOMON,
)
TEST_ATTEMPT = Span(
    id="gnomon.test_attempt",
    name="test_attempt",
    kind="internal",
    brief="One attempt, where a test had several or spans were recorded under it.",
    required=(
        a.GNOMON_TEST_ATTEMPT_NUMBER,
        a.GNOMON_TEST_ATTEMPT_OUTCOME,
        a.GNOMON_TEST_CASE_ID,
        a.GNOMON_RUN_ID,
    ),
    optional=(a.ERROR_TYPE,),
    parents=(TEST_CASE.id, ROUTING_TEST.id),
    source=GNOMON,
)

_FLEET = (a.GNOMON_DEPARTMENT, a.DEPLOYMENT_ENVIRONMENT_NAME)
_IN_A_TEST = (
    a.GNOMON_RUN_ID,
    a.GNOMON_TEST_CASE_ID,
    a.TEST_CASE_NAME,
    a.GNOMON_TEST_ATTEMPT_NUMBER,
    a.GNOMON_WORKER_ID,
)

INVOKE_WORKFLOW = Span(
    id="gen_ai.invoke_workflow",
    name="invoke_workflow {gen_ai.workflow.name}",
    kind="internal",
    brief="A workflow of several agents or steps.",
    required=(a.GEN_AI_OPERATION_NAME,),
    optional=(a.GEN_AI_WORKFLOW_NAME, a.ERROR_TYPE, a.GEN_AI_CONVERSATION_ID, *_FLEET, *_IN_A_TEST),
    events=(events.EXCEPTION,),
    parents=(TEST_ATTEMPT.id,),
    source=GENAI,
)
INVOKE_AGENT = Span(
    id="gen_ai.invoke_agent",
    name="invoke_agent {gen_ai.agent.name}",
    kind="internal",
    brief="An agent's work on one request; of kind client when the agent runs elsewhere.",
    required=(a.GEN_AI_OPERATION_NAME,),
    optional=(
        a.GEN_AI_AGENT_NAME,
        a.GEN_AI_AGENT_VERSION,
        a.GEN_AI_AGENT_ID,
        a.GEN_AI_AGENT_DESCRIPTION,
        a.GEN_AI_PROVIDER_NAME,
        a.GEN_AI_REQUEST_MODEL,
        a.GEN_AI_CONVERSATION_ID,
        a.ERROR_TYPE,
        *_FLEET,
        *_IN_A_TEST,
    ),
    events=(events.EXCEPTION, events.GEN_AI_EVALUATION_RESULT),
    parents=(INVOKE_WORKFLOW.id, TEST_ATTEMPT.id, "gen_ai.invoke_agent"),
    source=GENAI,
)
EXECUTE_TOOL = Span(
    id="gen_ai.execute_tool",
    name="execute_tool {gen_ai.tool.name}",
    kind="internal",
    brief="One call of a tool.",
    required=(a.GEN_AI_OPERATION_NAME, a.GEN_AI_TOOL_NAME),
    optional=(
        a.GEN_AI_TOOL_TYPE,
        a.GEN_AI_TOOL_CALL_ID,
        a.GEN_AI_TOOL_CALL_ARGUMENTS,
        a.GEN_AI_TOOL_CALL_RESULT,
        a.GEN_AI_AGENT_NAME,
        a.PROCESS_EXECUTABLE_NAME,
        a.PROCESS_EXIT_CODE,
        a.ERROR_TYPE,
        *_FLEET,
        *_IN_A_TEST,
    ),
    events=(events.EXCEPTION,),
    parents=(INVOKE_AGENT.id, INVOKE_WORKFLOW.id, TEST_ATTEMPT.id),
    source=GENAI,
)
EXECUTE_TOOL_SKILL = Span(
    id="gen_ai.execute_tool.skill",
    name="execute_tool {gen_ai.tool.name} {gen_ai.skill.name}",
    kind="internal",
    brief="A skill that is loaded or used: OpenTelemetry's refinement of the call of a tool.",
    required=(a.GEN_AI_OPERATION_NAME, a.GEN_AI_TOOL_NAME, a.GEN_AI_SKILL_NAME),
    optional=(
        a.GEN_AI_SKILL_DESCRIPTION,
        a.GEN_AI_SKILL_SOURCE_URI,
        a.GEN_AI_SKILL_RESOURCE_NAME,
        *(
            attribute
            for attribute in EXECUTE_TOOL.optional
            if attribute not in (a.GEN_AI_TOOL_CALL_ARGUMENTS, a.GEN_AI_TOOL_CALL_RESULT)
        ),
        a.SKILL_MD_HASH,
    ),
    events=(events.EXCEPTION,),
    parents=(INVOKE_AGENT.id, INVOKE_WORKFLOW.id, TEST_ATTEMPT.id),
    source=GENAI,
)
MODEL_CALL = Span(
    id="gen_ai.inference",
    name="{gen_ai.operation.name} {gen_ai.request.model}",
    kind="client",
    brief="One call to a model with all its attempts.",
    required=(
        a.GEN_AI_OPERATION_NAME,
        a.GEN_AI_PROVIDER_NAME,
        a.GNOMON_MODEL_CALL_ATTEMPTS,
        a.GNOMON_MODEL_CALL_RETRIES,
        a.GNOMON_MODEL_CALL_API_LATENCY,
        a.GNOMON_MODEL_CALL_RETRY_GAP,
        a.GNOMON_COST_SOURCE,
    ),
    optional=(
        a.GEN_AI_REQUEST_MODEL,
        a.GEN_AI_REQUEST_MAX_TOKENS,
        a.GEN_AI_REQUEST_TEMPERATURE,
        a.GEN_AI_REQUEST_TOP_P,
        a.GEN_AI_REQUEST_STREAM,
        a.GEN_AI_RESPONSE_ID,
        a.GEN_AI_RESPONSE_MODEL,
        a.GEN_AI_RESPONSE_FINISH_REASONS,
        a.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
        a.GEN_AI_USAGE_INPUT_TOKENS,
        a.GEN_AI_USAGE_OUTPUT_TOKENS,
        a.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        a.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
        a.GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
        a.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
        a.GNOMON_COST_USD,
        a.GNOMON_COST_PRICE_SOURCE,
        a.ERROR_TYPE,
        a.HTTP_RESPONSE_STATUS_CODE,
        a.SERVER_ADDRESS,
        a.SERVER_PORT,
        a.GEN_AI_CONVERSATION_ID,
        a.GEN_AI_AGENT_NAME,
        a.GEN_AI_SYSTEM_INSTRUCTIONS,
        a.GEN_AI_INPUT_MESSAGES,
        a.GEN_AI_OUTPUT_MESSAGES,
        *_FLEET,
        *_IN_A_TEST,
    ),
    events=(events.GNOMON_MODEL_CALL_ATTEMPT, events.EXCEPTION),
    parents=(INVOKE_AGENT.id, EXECUTE_TOOL.id, EXECUTE_TOOL_SKILL.id, INVOKE_WORKFLOW.id, TEST_ATTEMPT.id),
    source=GENAI,
)

ALL: tuple[Span, ...] = (
    TEST_RUN,
    TEST_WORKER,
    TEST_CASE,
    ROUTING_TEST,
    TEST_ATTEMPT,
    INVOKE_WORKFLOW,
    INVOKE_AGENT,
    EXECUTE_TOOL,
    EXECUTE_TOOL_SKILL,
    MODEL_CALL,
)
