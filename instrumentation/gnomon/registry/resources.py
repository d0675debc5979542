"""What describes a test run or a service as a whole."""

from gnomon.registry import attributes as a
from gnomon.registry.model import Resource

TEST_RUN = Resource(
    id="gnomon.test_run",
    brief="A test run: the same on every spool file that the run writes.",
    required=(
        a.SERVICE_NAME,
        a.DEPLOYMENT_ENVIRONMENT_NAME,
        a.TEST_SUITE_NAME,
        a.GNOMON_RUN_ID,
        a.GNOMON_RUN_SEQUENCE,
        a.GNOMON_RUN_FRAMEWORK,
        a.GNOMON_RUN_STARTED_AT,
    ),
    optional=(
        a.SERVICE_VERSION,
        a.TELEMETRY_SDK_NAME,
        a.TELEMETRY_SDK_LANGUAGE,
        a.TELEMETRY_SDK_VERSION,
        a.VCS_REPOSITORY_NAME,
        a.VCS_REPOSITORY_URL_FULL,
        a.VCS_REF_HEAD_REVISION,
        a.VCS_REF_HEAD_NAME,
        a.VCS_REF_HEAD_TYPE,
        a.VCS_CHANGE_ID,
        a.GNOMON_VCS_DIRTY,
        a.CICD_PIPELINE_NAME,
        a.CICD_PIPELINE_RUN_ID,
        a.CICD_PIPELINE_RUN_URL_FULL,
        a.CICD_PIPELINE_TASK_NAME,
        a.CICD_WORKER_NAME,
        a.GNOMON_GOLDEN_SET_VERSION,
        a.GNOMON_SKILLS_NAMES,
        a.GNOMON_SKILLS_PATHS,
        a.GNOMON_SKILLS_HASHES,
        a.GNOMON_SKILLS_HASH,
        a.GNOMON_CONFIG_PATHS,
        a.GNOMON_CONFIG_HASHES,
        a.GNOMON_CONFIG_HASH,
        a.GNOMON_DEPARTMENT,
        a.GNOMON_REPLAY_ID,
        a.GNOMON_REPLAY_TESTS,
        a.GNOMON_REPLAY_CASES,
        a.GEN_AI_AGENT_NAME,
        a.PROCESS_RUNTIME_NAME,
        a.PROCESS_RUNTIME_VERSION,
        a.HOST_NAME,
        a.OS_TYPE,
    ),
)

SERVICE = Resource(
    id="gnomon.service",
    brief="A long-running service with agents, instrumented with the SDK.",
    required=(
        a.SERVICE_NAME,
        a.DEPLOYMENT_ENVIRONMENT_NAME,
        a.TELEMETRY_SDK_NAME,
        a.TELEMETRY_SDK_LANGUAGE,
        a.TELEMETRY_SDK_VERSION,
    ),
    optional=(
        a.SERVICE_VERSION,
        a.SERVICE_NAMESPACE,
        a.SERVICE_INSTANCE_ID,
        a.TELEMETRY_DISTRO_NAME,
        a.TELEMETRY_DISTRO_VERSION,
        a.GNOMON_DEPARTMENT,
        a.GEN_AI_AGENT_NAME,
        a.GEN_AI_AGENT_VERSION,
        a.PROCESS_PID,
        a.PROCESS_RUNTIME_NAME,
        a.PROCESS_RUNTIME_VERSION,
        a.HOST_NAME,
        a.OS_TYPE,
    ),
)

ALL: tuple[Resource, ...] = (TEST_RUN, SERVICE)
