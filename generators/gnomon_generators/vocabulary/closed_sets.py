"""Arguments that have a closed set of values, or a plain kind, as their annotations say it.

Those who write without a type checker get the sentence that it would have said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, wraps
from inspect import Parameter, signature
from types import NoneType, UnionType
from typing import Any, Final, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from gnomon.errors import UserError
from gnomon_generators.promql.naming import told

_P = ParamSpec("_P")
_T = TypeVar("_T")

_NUMBERS: Final[dict[object, str]] = {int: "a whole number", float: "a number"}
_ALIKE: Final = 0.6


def checked(where: str) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Makes a function refuse what its annotations do not allow.

    `where` begins the sentence and may name arguments: `"override {field!r}"`.
    """

    def decorate(function: Callable[_P, _T]) -> Callable[_P, _T]:
        bound_by = signature(function)

        @wraps(function)
        def refusing(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            try:
                given = bound_by.bind(*args, **kwargs).arguments
                each = list(_each(bound_by.parameters, given))
            except TypeError:
                return function(*args, **kwargs)  # which says it better
            try:
                check_given(_hints(function), each)
            except UserError as error:
                raise UserError(f"{where.format(**given)}: {error}") from None
            return function(*args, **kwargs)

        return refusing

    return decorate


def check_given(hints: Mapping[str, Any], given: Iterable[tuple[str, object]]) -> None:
    """Raises `UserError` for the first argument that is none of the values, or not of the kind, it may be.

    Only words, numbers, and True or False are looked at, and lists of words.
    """
    for name, value in given:
        if name in hints:
            _check(name, value, hints[name])


def _each(parameters: Mapping[str, Parameter], given: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The arguments one by one, those that stand behind a star too."""
    for name, value in given.items():
        if parameters[name].kind is Parameter.VAR_POSITIONAL and isinstance(value, tuple):
            yield from ((name, one) for one in value)
        else:
            yield name, value


@cache
def _hints(function: Callable[..., object]) -> dict[str, Any]:
    return get_type_hints(function)


def _check(name: str, value: object, hint: object) -> None:
    if get_origin(hint) is Sequence:
        _check_list(name, value, get_args(hint)[0])
        return
    kinds = list(_kinds(hint))
    if not all(_is_plain(kind) for kind in kinds) or any(_fits(value, kind) for kind in kinds):
        return
    words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    raise UserError(f"{name}={told(value)} cannot be: {_advice(value, words, kinds)}")


def _check_list(name: str, value: object, kind: object) -> None:
    if get_origin(kind) is not Literal:
        return
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise UserError(f"{name}= takes a list: write {name}=[{told(value)}]")
    for one in value:
        if not _fits(one, kind):
            raise UserError(f"{name}= cannot hold {told(one)}: {_advice(one, get_args(kind), ())}")


def _kinds(hint: object) -> Iterator[object]:
    """The parts of a union, or the one kind that there is."""
    if get_origin(hint) in (Union, UnionType):
        for part in get_args(hint):
            yield from _kinds(part)
    else:
        yield hint


def _is_plain(kind: object) -> bool:
    return kind in (bool, NoneType, *_NUMBERS) or get_origin(kind) is Literal


def _fits(value: object, kind: object) -> bool:
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, bool) if kind is bool else value is None


def _advice(value: object, words: Sequence[object], kinds: Sequence[object]) -> str:
    """What to write: the word that is meant where that can be told, and everything that may stand there."""
    allowed = [repr(word) for word in words]
    allowed += [word for kind, word in _NUMBERS.items() if kind in kinds]
    allowed += ["True", "False"] if bool in kinds else []
    *others, last = allowed
    everything = f"{', '.join(others)} or {last}" if others else last
    near = get_close_matches(str(value).lower(), map(str, words), n=1, cutoff=_ALIKE)
    return f"write {near[0]!r}; it may be {everything}" if near else f"write {everything}"
