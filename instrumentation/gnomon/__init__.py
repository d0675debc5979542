"""Gnomon: what every test, agent step and model call did, what it cost, and what changed it."""

from typing import TYPE_CHECKING, Any

from gnomon.version import __version__

if TYPE_CHECKING:
    from gnomon.sdk import (
        Attempt,
        ModelCall,
        Step,
        Usage,
        account,
        agent,
        configure,
        current_call,
        environment,
        extract,
        failures,
        flush,
        inject,
        model_call,
        propagate,
        propagating,
        record_model_call,
        record_response,
        remote_parent,
        shutdown,
        skill,
        tool,
        workflow,
    )

__all__ = [
    "Attempt",
    "ModelCall",
    "Step",
    "Usage",
    "__version__",
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


def __getattr__(name: str) -> Any:
    """Loads the recording part when one of its names is first used: `import gnomon` alone is free."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gnomon import sdk  # noqa: PLC0415 - see above

    value = getattr(sdk, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
