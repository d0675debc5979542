"""Which series of a metric an expression reads: label matchers, checked against what the labels may say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from gnomon.errors import UserError
from gnomon.registry.attribute import Attribute
from gnomon.registry.values import NONE
from gnomon_generators.promql.naming import told
from gnomon_generators.promql.series import AnyLabel, Label, Labels, Series, constant, each, label_text

Operator = Literal["=", "!=", "=~", "!~"]


class Variable(Protocol):
    """A choice that a board offers; `gnomon_generators.vocabulary` has the class."""

    @property
    def name(self) -> str:
        """Its name, without the dollar sign."""

    @property
    def multi(self) -> bool:
        """Whether several values, or all of them, may be chosen."""

    @property
    def attribute(self) -> AnyLabel | None:
        """The label that it chooses a value of."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A variable that narrows every expression whose metric has its label, and leaves the others alone."""

    variable: Variable


Value = str | bool | tuple[Operator, str | bool] | Variable | Filter
Where = Mapping[AnyLabel, Value] | Mapping[Attribute, Value] | Mapping[Label, Value]
"""Label to value: `"passed"`, `True`, `("!=", "none")`, `one_of("failed", "error")`, or a variable."""


def filters(*variables: Variable) -> dict[AnyLabel, Value]:
    """The filter of a whole board, for the `where` of its expressions.

    Each variable narrows the metrics that have its label; a metric without it is not narrowed, for it
    cannot be. What is written into `where` directly must be a label of the metric. Join the two with `|`.
    """
    found: dict[AnyLabel, Value] = {}
    for variable in variables:
        if variable.attribute is None:
            raise UserError(
                f"the variable {variable.name!r} chooses no value of a label: make it with label_variable"
            )
        found[variable.attribute] = Filter(variable)
    return found


def one_of(*values: str) -> tuple[Operator, str]:
    """A matcher of any of the values."""
    return _any("=", values)


def none_of(*values: str) -> tuple[Operator, str]:
    """A matcher of anything but the values."""
    return _any("!=", values)


def is_one(value: Value) -> bool:
    """Whether the value narrows a label to one: a text, True or False, a choice of one."""
    if isinstance(value, str | bool):
        return True
    if isinstance(value, tuple):
        return value[0] == "="
    return not (value.variable if isinstance(value, Filter) else value).multi


def selector(series: Series, where: Where | None, suffix: str = "") -> str:
    """The name and matchers; raises `UserError` for a label or value that the metric cannot have."""
    found = []
    if where is not None and not isinstance(where, Mapping):
        raise UserError(f"where={told(where)} says nothing of any label: write where={{LABEL: value}}")
    for label, value in (where or {}).items():
        if isinstance(value, Filter) and label_text(label) not in series.labels:
            continue
        must_have(series, label)
        found.append(matcher(label, value, series))
    return series.base + suffix + (f"{{{', '.join(found)}}}" if found else "")


def matcher(label: AnyLabel, value: Value, series: Series | None = None) -> str:
    """One matcher as PromQL; raises `UserError` for a value outside the label's closed set.

    That is the set of the metric where `series` says of which; else all that the label says anywhere.
    """
    operator, wanted = _parts(label, value)
    if isinstance(wanted, bool):
        wanted = "true" if wanted else "false"
    if not isinstance(value, Filter) and not _is_variable(value):
        _check_value(label, operator, wanted, series)
    quoted = wanted.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{label_text(label)}{operator}"{quoted}"'


def names(series: Series, labels: Labels) -> tuple[str, ...]:
    """The Prometheus names of labels to split by; raises `UserError` for one that the metric lacks."""
    found = []
    for label in each(labels):
        must_have(series, label)
        found.append(label_text(label))
    return tuple(found)


def must_have(series: Series, label: AnyLabel) -> None:
    """Raises `UserError` when the metric does not carry the label."""
    if label_text(label) not in series.labels:
        has = ", ".join(constant(row) for row in series.labels.values()) or "none"
        raise UserError(f"{series.name} has no label {label.name}: its labels are {has}")


def _any(operator: Literal["=", "!="], values: tuple[str, ...]) -> tuple[Operator, str]:
    """The values as alternatives; one value alone needs no regular expression."""
    for value in values:
        if not isinstance(value, str):
            raise UserError(f"{told(value)} is not one value: write 'failed', 'error', or *BAD with its star")
    if not values:
        raise UserError("one_of() and none_of() need values: write one_of('failed', 'error')")
    if len(values) == 1:
        return (operator, values[0])
    return ("=~" if operator == "=" else "!~", "|".join(_escaped(value) for value in values))


def _parts(label: AnyLabel, value: Value) -> tuple[Operator, str | bool]:
    match value:
        case str() | bool():
            return ("=", value)
        case (("=" | "!=" | "=~" | "!~") as operator, (str() | bool()) as wanted):
            return (operator, wanted)
    variable = value.variable if isinstance(value, Filter) else value
    if isinstance(variable, tuple) or not hasattr(variable, "multi"):
        raise UserError(
            f"{label.name} cannot be {told(value)}: write a text, True, False, one_of('a', 'b') or a variable"
        )
    # Grafana writes several chosen values as alternatives of a regular expression, and escapes them then.
    return ("=~" if variable.multi else "=", f"${variable.name}")


def _is_variable(value: Value) -> bool:
    return not isinstance(value, (str, bool, tuple))


def _check_value(label: AnyLabel, operator: Operator, wanted: str, series: Series | None) -> None:
    allowed = label.label_values if series is None else series.values[label_text(label)]
    if not wanted:
        return  # a label that is not there, which any may be
    if operator in ("=~", "!~"):
        try:
            pattern = re.compile(wanted)
        except re.error as error:
            raise UserError(f"{label.name}: {wanted!r} is no regular expression ({error})") from None
        if allowed is None:
            return
        plain = re.fullmatch(r"[\w|]+", wanted) is not None
        unknown = [word for word in wanted.split("|") if word not in allowed] if plain else []
        if not unknown and any(pattern.fullmatch(value) for value in allowed):
            return
        wanted = unknown[0] if unknown else wanted
    elif allowed is None or wanted in allowed:
        return
    if wanted == NONE and series is not None and NONE in (label.label_values or ()):
        raise UserError(
            f"{series.name} has no {label.name} where there is nothing to say, and never 'none': write "
            "none_of('') for what has one (any error), '' for what has none"
        )
    raise UserError(f"{label.name} is never {wanted!r}: its values are {', '.join(allowed)}")


def _escaped(value: str) -> str:
    # As Go's regexp wants it: `re.escape` also escapes what needs none (a hyphen, a space).
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value)
