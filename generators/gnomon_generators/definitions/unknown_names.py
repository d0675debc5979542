"""What somebody meant who wrote a name that there is not: of a module, a setting, an argument, a function."""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from inspect import Parameter, isclass, signature
from types import ModuleType
from typing import Final

_IMPORT: Final = re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'")
_UNEXPECTED: Final = re.compile(r"(?P<called>[\w.]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'")
_MISSING: Final = re.compile(r"(?P<called>[\w.]+)\(\) missing \d+ required [\w-]+ arguments?: (?P<names>.+)")

# What definitions import, and where a name may be that they forgot to.
_ROOMS: Final = ("promql", "vocabulary", "rules", "alertmanager", "collector", "stack")
_SETTINGS: Final = "gnomon.settings.model"
_MOST_NAMES: Final = 12
_MOST_MEANT: Final = 3
_BEGINNING: Final = 3


def described(error: Exception, scope: Mapping[str, object]) -> str | None:
    """The sentence about an unknown or missing name; None for any other error.

    `scope` are the names that are known where it happened.
    """
    match error:
        case AttributeError(name=str(name), obj=holder):
            return _attribute(holder, name)
        case ImportError():
            return _import(str(error))
        case NameError(name=str(name)):
            return _name(name, scope)
        case TypeError():
            return _argument(str(error), scope)
    return None


def _attribute(holder: object, name: str) -> str:
    return f"{_called(holder)} has no {name}{_advice(name, _public(holder))}"


def _called(holder: object) -> str:
    if isinstance(holder, ModuleType):
        return holder.__name__
    kind = holder if isclass(holder) else type(holder)
    if kind.__module__ == _SETTINGS:
        section = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
        return "settings" if section == "settings" else f"settings.{section}"
    return kind.__name__


def _import(told: str) -> str | None:
    found = _IMPORT.match(told)
    module = sys.modules.get(found["module"]) if found else None
    if found is None or module is None:
        return None
    return f"{found['module']} has no {found['name']}{_advice(found['name'], _public(module))}"


def _name(name: str, scope: Mapping[str, object]) -> str:
    homes = [room for room in _rooms() if name in _public(room)]
    if homes:
        return f"{name} is not imported: write from {homes[0].__name__} import {name}"
    return f"there is no {name}{_advice(name, [*scope, *vars(builtins)])}"


def _argument(told: str, scope: Mapping[str, object]) -> str | None:
    found = _UNEXPECTED.match(told) or _MISSING.match(told)
    function = _function(found["called"], scope) if found else None
    if found is None or function is None:
        return None
    called = _plain(found["called"])
    if found.re is _MISSING:
        names = " and ".join(f"{name}=" for name in re.findall(r"'(\w+)'", found["names"]))
        return f"{called}() needs {names}"
    known = [
        name
        for name, one in signature(function).parameters.items()
        if one.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    ]
    advice = _advice(found["name"], known)
    return f"{called}() has no argument {found['name']}{f'{advice}=' if ': write' in advice else advice}"


def _function(called: str, scope: Mapping[str, object]) -> Callable[..., object] | None:
    name = _plain(called)
    for names in (scope, *map(vars, _rooms())):
        found: object = names.get(name)
        if callable(found):
            return found
    return None


def _plain(called: str) -> str:
    """What definitions write for what Python calls `Dashboard.__init__` or `dashboard.<locals>.total`."""
    return called.removesuffix(".__init__").rpartition(".")[2]


def _rooms() -> list[ModuleType]:
    wanted = (f"gnomon_generators.{room}" for room in _ROOMS)
    return [sys.modules[name] for name in wanted if name in sys.modules]


def _public(holder: object) -> list[str]:
    names: Iterable[str] = getattr(holder, "__all__", None) or dir(holder)
    return [name for name in names if not name.startswith("_")]


def _advice(name: str, known: Iterable[str]) -> str:
    """The names that are meant: written almost so, with this one in them, or that begin so."""
    by_case = {one.lower(): one for one in known}
    word = name.lower()
    near = get_close_matches(word, by_case, n=_MOST_MEANT, cutoff=0.75)
    parts = [one for one in by_case if word in one.split("_") or one.endswith(word)]
    alike = [one for one in by_case if one[:_BEGINNING] == word[:_BEGINNING]]
    meant = list(dict.fromkeys([*near, *parts])) or (alike if len(alike) <= _MOST_MEANT else [])
    if meant:
        return f": write {' or '.join(by_case[one] for one in meant[:_MOST_MEANT])}"
    return f": it has {', '.join(by_case.values())}" if 0 < len(by_case) <= _MOST_NAMES else ""
