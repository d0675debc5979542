"""Recording from inside a program: agents, workflows, tools, skills and model calls.

Importing this costs the OpenTelemetry API; its SDK is loaded by `configure` or by a test session.
"""

from gnomon.prices.usage import Usage
from gnomon.sdk.afterwards import record_model_call, record_response
from gnomon.sdk.attempts import Attempt
from gnomon.sdk.calls import ModelCall, current_call, model_call
from gnomon.sdk.guard import failures
from gnomon.sdk.propagation import environment, extract, inject, propagate, propagating, remote_parent
from gnomon.sdk.setup import account, configure, flush, shutdown
from gnomon.sdk.steps import Step, agent, skill, tool, workflow

__all__ = [
    "Attempt",
    "ModelCall",
    "Step",
    "Usage",
    "account",
    "agent",
    "configure",
    "current_call",
    "environment",
    "extract",
    "failures",
    "flush",
    "inject",
    "model_call",
    "propagate",
    "propagating",
    "record_model_call",
    "record_response",
    "remote_parent",
    "shutdown",
    "skill",
    "tool",
    "workflow",
]
