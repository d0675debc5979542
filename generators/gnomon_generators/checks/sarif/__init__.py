"""Findings as SARIF 2.1.0 (OASIS), the form that code hosts show beside a change."""

from gnomon_generators.checks.sarif.log import failed, sarif

__all__ = ["failed", "sarif"]
