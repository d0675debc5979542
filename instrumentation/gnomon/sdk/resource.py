"""What a configured process says of itself on everything it sends."""

from __future__ import annotations

import os
import platform
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.util.types import AttributeValue

from gnomon.registry import attributes as a
from gnomon.sdk.deployed import deployed_revision
from gnomon.version import __version__

if TYPE_CHECKING:
    from gnomon.settings import Settings


def describe(arguments: Mapping[str, Any], settings: Settings) -> Resource:
    """The resource by the arguments of `configure`, then the `OTEL_*` variables, then the settings."""
    described: dict[str, AttributeValue] = {
        a.SERVICE_NAME.name: settings.project.name or Path(sys.argv[0]).stem or "unknown_service",
        a.DEPLOYMENT_ENVIRONMENT_NAME.name: settings.environment,
        a.HOST_NAME.name: socket.gethostname(),
        a.OS_TYPE.name: platform.system().lower(),
        a.PROCESS_PID.name: os.getpid(),
        a.PROCESS_RUNTIME_NAME.name: platform.python_implementation().lower(),
        a.PROCESS_RUNTIME_VERSION.name: platform.python_version(),
        a.TELEMETRY_DISTRO_NAME.name: "gnomon",
        a.TELEMETRY_DISTRO_VERSION.name: __version__,
    }
    named = {
        "service_name": a.SERVICE_NAME.name,
        "service_version": a.SERVICE_VERSION.name,
        "environment": a.DEPLOYMENT_ENVIRONMENT_NAME.name,
        "department": a.GNOMON_DEPARTMENT.name,
        "agent": a.GEN_AI_AGENT_NAME.name,
    }
    told = {attribute: arguments[name] for name, attribute in named.items() if name in arguments}
    if revision := deployed_revision(os.environ):
        described[a.VCS_REF_HEAD_REVISION.name] = revision
    from_environment = dict(OTELResourceDetector().detect().attributes)
    if service := os.environ.get("OTEL_SERVICE_NAME", "").strip():
        from_environment[a.SERVICE_NAME.name] = service
    return Resource.create(
        {**described, **from_environment, **arguments.get("resource_attributes", {}), **told}
    )
