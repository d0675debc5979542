"""Taking a rule file apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from gnomon.settings import Duration
from gnomon_generators.checks.positions import Keys
from gnomon_generators.checks.subjects import Expression, Group, Rule, RuleFile, Tree


def rule_file_of(tree: Tree, path: Path, text: str, document: Mapping[str, Any], keys: Keys = ()) -> RuleFile:
    """The rule file with its groups and rules; their expressions are added to the tree.

    `keys` is the way from the file to the document.
    """
    file = RuleFile(tree, path, text, document, keys)
    for number, raw in enumerate(document["groups"] or ()):
        if isinstance(raw, Mapping):
            file.groups.append(_group(file, raw, (*keys, "groups", number)))
    tree.expressions += [
        Expression(rule, rule.text, rule.kind, (*rule.keys, "expr"))
        for rule in file.rules
        if rule.text.strip()
    ]
    return file


def _group(file: RuleFile, raw: Mapping[str, Any], keys: Keys) -> Group:
    interval = raw.get("interval")
    group = Group(
        file,
        raw,
        keys,
        str(raw.get("name") or ""),
        None if interval is None else Duration(str(interval)).seconds,
    )
    for number, rule in enumerate(raw.get("rules") or ()):
        if isinstance(rule, Mapping):
            group.rules.append(_rule(group, rule, (*keys, "rules", number)))
    return group


def _rule(group: Group, raw: Mapping[str, Any], keys: Keys) -> Rule:
    kind: Literal["record", "alert"] = "record" if "record" in raw else "alert"
    return Rule(group, raw, keys, kind, str(raw.get(kind) or ""), str(raw.get("expr", "")))
