"""Which cases the unit tests of a tree have for its rules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from gnomon_generators.checks.subjects import Rule, Tree
from gnomon_generators.checks.tools import path_of
from gnomon_generators.rules.coverage import Coverage, coverage


def cases(tree: Tree) -> tuple[Coverage, ...]:
    """The cases of every rule of the tree; none where nobody keeps tests, as in files that somebody named."""
    return tuple(_by_rule(tree).values()) if tree.whole or tree.rule_tests else ()


def missing_case(rule: Rule) -> str:
    """What the tests lack for the rule, in words; empty when nothing, or when nobody keeps tests here."""
    if not (rule.tree.whole or rule.tree.rule_tests) or rule.group.file.defined_elsewhere:
        return ""
    return _by_rule(rule.tree)[path_of(rule.tree, rule.group.file), rule.kind, rule.name].missing


@lru_cache(maxsize=4)
def _by_rule(tree: Tree) -> Mapping[tuple[Path, str, str], Coverage]:
    rules = (path_of(tree, file) for file in tree.rule_files if not file.defined_elsewhere)
    rows = coverage(rules, (path_of(tree, file) for file in tree.rule_tests))
    return {(row.file, row.kind, row.name): row for row in rows}
