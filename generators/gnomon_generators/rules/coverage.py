"""Which alerts and recording rules have cases in promtool's test files: one where they speak, one where not.

An alert speaks in an `alert_rule_test` that expects alerts, and is silent in one that expects none. A
recording rule speaks in a `promql_expr_test` that reads its series and expects samples, and is silent in
one that expects none. A test counts for the rules of the files that it names in `rule_files`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any, Literal

import yaml

from gnomon.errors import UserError

Kind = Literal["alert", "record"]
_Key = tuple[Path, Kind, str]
_Case = tuple[Kind, str, bool]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The cases of one rule: in how many it speaks, in how many it is silent."""

    file: Path
    kind: Kind
    name: str
    speaks: int
    silent: int

    @property
    def complete(self) -> bool:
        """Whether there are cases of both kinds."""
        return self.speaks > 0 and self.silent > 0

    @property
    def missing(self) -> str:
        """What is missing, in words; empty when nothing is."""
        if self.complete:
            return ""
        if not self.speaks and not self.silent:
            return "no case"
        if self.kind == "alert":
            return "no case in which it fires" if not self.speaks else "no case in which it does not fire"
        return "no case with a value" if not self.speaks else "no case without a value"


def coverage(rule_files: Iterable[Path], test_files: Iterable[Path]) -> tuple[Coverage, ...]:
    """The cases of every rule, in the order of the files and of the rules in them.

    Raises `UserError` for a file that is no rule file or no test file, or an expression that is no PromQL.
    """
    rules = [rule for path in rule_files for rule in _rules(path.resolve())]
    speaks: Counter[_Key] = Counter()
    silent: Counter[_Key] = Counter()
    for path in test_files:
        document = _read(path)
        tested = set(_tested(path, document))
        for kind, name, speaking in _cases(path, document):
            for file in tested:
                (speaks if speaking else silent)[file, kind, name] += 1
    return tuple(Coverage(*rule, speaks[rule], silent[rule]) for rule in rules)


def summary(rows: Iterable[Coverage]) -> str:
    """One line: how many of the rules have both kinds of cases."""
    known = tuple(rows)
    parts = []
    for kind, word in (("alert", "alerts"), ("record", "recording rules")):
        of_kind = [row for row in known if row.kind == kind]
        parts.append(f"{sum(row.complete for row in of_kind)} of {len(of_kind)} {word}")
    complete = sum(row.complete for row in known)
    share = f" ({100 * complete / len(known):.0f} %)" if known else ""
    return f"rule tests cover {' and '.join(parts)}{share}"


def _rules(path: Path) -> Iterator[_Key]:
    for group in _entries(path, _read(path), "groups"):
        for rule in _entries(path, group, "rules"):
            kind: Kind = "alert" if "alert" in rule else "record"
            yield path, kind, str(rule.get(kind))


def _tested(path: Path, document: Mapping[str, Any]) -> Iterator[Path]:
    for pattern in document.get("rule_files") or ():
        for found in glob(str(path.parent / str(pattern))):  # noqa: PTH207 - it may be absolute
            yield Path(found).resolve()


def _cases(path: Path, document: Mapping[str, Any]) -> Iterator[_Case]:
    for test in _entries(path, document, "tests"):
        for case in _entries(path, test, "alert_rule_test"):
            yield "alert", str(case.get("alertname")), bool(case.get("exp_alerts"))
        for case in _entries(path, test, "promql_expr_test"):
            for name in _series(path, str(case.get("expr"))):
                yield "record", name, bool(case.get("exp_samples"))


def _series(path: Path, expression: str) -> set[str]:
    """The names of the series that an expression reads."""
    import promql_parser  # noqa: PLC0415 - rules are made and rendered without it

    names: set[str] = set()

    def visit(node: object) -> bool:
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            names.add(node.name)
        return True

    try:
        promql_parser.walk(promql_parser.parse(expression), visit)
    except ValueError as error:
        raise UserError(f"{path}: {expression!r} is no PromQL ({error})") from None
    return names


def _entries(path: Path, document: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    found = document.get(key) or []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise UserError(f"{path}: {key} is no list of mappings: write it as promtool's documentation shows")
    return iter(found)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise UserError(f"{path} is no rule file and no test file: it holds no mapping")
    return document
