"""Every event by name."""

from gnomon.registry import attributes as a
from gnomon.registry.model import Event
from gnomon.registry.sources import GENAI, GNOMON, SEMCONV

GEN_AI_EVALUATION_RESULT = Event(
    "gen_ai.evaluation.result",
    "A verdict; on a routing test whether the route was right.",
    required=(a.GEN_AI_EVALUATION_NAME,),
    optional=(
        a.GEN_AI_EVALUATION_SCORE_VALUE,
        a.GEN_AI_EVALUATION_SCORE_LABEL,
        a.GEN_AI_EVALUATION_EXPLANATION,
        a.GEN_AI_RESPONSE_ID,
    ),
    source=GENAI,
)
GNOMON_MODEL_CALL_ATTEMPT = Event(
    "gnomon.model_call.attempt",
    "One request of a model call: its clients retry inside one span, so that every attempt is told apart "
    "here.",
    required=(a.GNOMON_MODEL_CALL_ATTEMPT_NUMBER, a.GNOMON_MODEL_CALL_ATTEMPT_LATENCY),
    optional=(a.GNOMON_MODEL_CALL_ATTEMPT_GAP, a.HTTP_RESPONSE_STATUS_CODE, a.ERROR_TYPE),
    source=GNOMON,
)
GNOMON_COLLECTION_ERROR = Event(
    "gnomon.collection_error",
    "A test file that could not be collected, on the span of its run.",
    required=(),
    optional=(a.CODE_FILE_PATH, a.GNOMON_TEST_MESSAGE),
    source=GNOMON,
)
EXCEPTION = Event(
    "exception",
    "An exception that ended a span.",
    required=(a.EXCEPTION_TYPE,),
    optional=(a.EXCEPTION_MESSAGE, a.EXCEPTION_STACKTRACE),
    stability="stable",
    source=SEMCONV,
)

ALL: tuple[Event, ...] = (
    GEN_AI_EVALUATION_RESULT,
    GNOMON_MODEL_CALL_ATTEMPT,
    GNOMON_COLLECTION_ERROR,
    EXCEPTION,
)
