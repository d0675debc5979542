"""What the unit tests of rules cover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from gnomon_generators.checks.subjects import Rule, RuleTestFile, Tree
from gnomon_generators.checks.syntax.nodes import Selector
from gnomon_generators.checks.syntax.parsing import parse


@dataclass(slots=True)
class Cases:
    """Names by the rule files that a test loads: series with values, alerts that fire and that do not."""

    recorded: set[tuple[Path, str]] = field(default_factory=set)
    firing: set[tuple[Path, str]] = field(default_factory=set)
    silent: set[tuple[Path, str]] = field(default_factory=set)

    def records(self, rule: Rule) -> bool:
        """Whether a case expects a value of the series that the rule records."""
        return _key(rule) in self.recorded

    def fires(self, rule: Rule) -> bool:
        """Whether a case expects the alert to fire."""
        return _key(rule) in self.firing

    def stays_silent(self, rule: Rule) -> bool:
        """Whether a case expects the alert not to fire."""
        return _key(rule) in self.silent


@lru_cache(maxsize=4)
def cases_of(tree: Tree) -> Cases:
    """All cases of the tree's tests."""
    cases = Cases()
    for file in tree.rule_tests:
        loaded = list(_loaded(tree, file))
        for test in _mappings(file.document.get("tests")):
            for path in loaded:
                _add(cases, path, test)
    return cases


def _add(cases: Cases, path: Path, test: Mapping[str, Any]) -> None:
    for case in _mappings(test.get("alert_rule_test")):
        names = cases.firing if case.get("exp_alerts") else cases.silent
        names.add((path, str(case.get("alertname"))))
    for case in _mappings(test.get("promql_expr_test")):
        if case.get("exp_samples"):
            cases.recorded |= {(path, name) for name in _names(str(case.get("expr")))}


def _names(expression: str) -> Iterator[str]:
    root = parse(expression).root
    for node in root.walk() if root else ():
        if isinstance(node, Selector) and node.name:
            yield node.name


def _loaded(tree: Tree, file: RuleTestFile) -> Iterator[Path]:
    """The rule files of a test; their paths are relative to it and may be globs."""
    folder = (tree.root / file.path).parent
    for pattern in file.document.get("rule_files") or ():
        yield from (
            path.resolve() for path in folder.glob(str(pattern)) if not Path(str(pattern)).is_absolute()
        )


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in (value if isinstance(value, list) else ()) if isinstance(entry, Mapping))


def _key(rule: Rule) -> tuple[Path, str]:
    return (rule.tree.root / rule.path).resolve(), rule.name
