"""The names that OpenTelemetry itself publishes, read from its own Python package."""

from __future__ import annotations

import importlib
import pkgutil

import opentelemetry.semconv._incubating.attributes as incubating
import opentelemetry.semconv.attributes as stable


def stable_attributes() -> set[str]:
    return _names(stable)


def all_attributes() -> set[str]:
    return _names(stable) | _names(incubating)


def all_metrics() -> set[str]:
    import opentelemetry.semconv._incubating.metrics as incubating_metrics
    import opentelemetry.semconv.metrics as stable_metrics

    return _names(stable_metrics) | _names(incubating_metrics)


def _names(package: object) -> set[str]:
    found = set()
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):  # type: ignore[attr-defined]
        constants = vars(importlib.import_module(module.name))
        found |= {value for name, value in constants.items() if name.isupper() and isinstance(value, str)}
    return found
