"""Values in labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Rule

ID = "alert/label-value"
SEVERITY = Severity.ERROR
BRIEF = "A label of an alert holds its value: with every change of the value it is another alert."

# An action that prints: those that begin with a keyword decide.
_VALUE: Final = re.compile(r"\{\{-?(?!\s*(?:if|else|with|range|end)\b)[^}]*(?:\$value|\.Value)\b")


def check(rule: Rule) -> Iterator[Finding]:
    """Reports labels that print the value; one that only compares it has few values itself."""
    for name, text in rule.labels.items():
        if rule.kind == "alert" and _VALUE.search(str(text)):
            yield rule.finding(
                ID,
                SEVERITY,
                f"The label `{name}` holds the value: each new value ends one alert and begins another, so "
                "that `for` never runs out and every evaluation tells anew.",
                "move it to an annotation; a label may hold a class of values, chosen by `{{ if … }}`",
                part=f"label {name}",
                line=rule.group.file.line_of(*rule.keys, "labels", name),
            )
