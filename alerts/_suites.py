"""Whose runs the alerts of test runs look at, and by what they are kept apart."""

from __future__ import annotations

from gnomon.registry import attributes as a
from gnomon.settings import Settings
from gnomon_generators.promql import AnyLabel, Value, one_of

OWNER = (a.TEST_SUITE_NAME, a.DEPLOYMENT_ENVIRONMENT_NAME, a.GNOMON_DEPARTMENT, a.GEN_AI_AGENT_NAME)
WHO = "{{ $labels.test_suite_name }} in {{ $labels.deployment_environment_name }}"
VALUE = '{{ $value | printf "%.1f" }}'

# All suites of an agent call the same API.
API = (a.DEPLOYMENT_ENVIRONMENT_NAME, a.GNOMON_DEPARTMENT, a.GEN_AI_AGENT_NAME)

Ours = dict[AnyLabel, Value]


def ours(settings: Settings) -> Ours:
    """The suites of the settings: others in the same Prometheus have settings, and owners, of their own."""
    names = [suite.name for suite in settings.suites]
    return {a.TEST_SUITE_NAME: one_of(*names)} if names else {}
