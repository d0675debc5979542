"""Templates in annotations and labels."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gnomon_generators.checks.alert import templates
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.kept import kept_labels
from gnomon_generators.checks.known.labels import Labels
from gnomon_generators.checks.subjects import Rule

ID = "alert/template"
SEVERITY = Severity.ERROR
BRIEF = "A template does not parse, or names a label that the alert's expression does not keep."


def check(rule: Rule) -> Iterator[Finding]:
    """Reports what is wrong with each template, and each label that it would print as nothing."""
    if rule.kind != "alert":
        return
    kept = _kept(rule)
    for kind, texts in (("annotations", rule.annotations), ("labels", rule.labels)):
        for name, text in texts.items():
            for message, advice in _faults(str(text), kept):
                yield rule.finding(
                    ID,
                    SEVERITY,
                    message,
                    advice,
                    part=f"{kind[:-1]} {name}",
                    line=rule.group.file.line_of(*rule.keys, kind, name),
                )


def _faults(text: str, kept: Labels) -> Iterator[tuple[str, str]]:
    if fault := templates.fault_of(text):
        yield fault
        return
    for label in dict.fromkeys(templates.labels_in(text)):
        if label not in kept:
            close = get_close_matches(label, sorted(kept.names), 1)
            yield (
                f"The text prints the label `{label}`, which the expression does not keep: it reads as "
                "nothing.",
                f"write `{close[0]}`" if close else f"keep it in the expression, `by ({label}, …)`",
            )


def _kept(rule: Rule) -> Labels:
    expression = next((one for one in rule.tree.expressions if one.owner is rule), None)
    return kept_labels(expression) if expression is not None else Labels.unknown()
