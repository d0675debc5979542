"""Records that cost next to nothing to define.

`@dataclass(frozen=True, slots=True)` writes and compiles source text for every class, close to a
millisecond each: forty of the fifty-six that the pytest plugin took to load. Here the methods are
written once and inherited; `dataclasses.fields`, `replace` and `is_dataclass` work as they do there.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, ClassVar, NoReturn, dataclass_transform


class _Fields:
    """`__dataclass_fields__` of a record, made when `dataclasses` first asks; nothing else needs them."""

    def __get__(self, _: object, cls: type) -> dict[str, dataclasses.Field[Any]]:
        dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)(cls)
        made: dict[str, dataclasses.Field[Any]] = cls.__dict__["__dataclass_fields__"]
        return made


_FIELDS = _Fields()


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
class Record:
    """A frozen dataclass by inheritance: the annotations are the fields, in order, with their defaults.

    Records are equal when class and values are; `class Row(Record, eq=False)` compares by identity, for
    the rows of a table of truth, and `class Sums(Record, frozen=False)` can be changed and has no hash. What
    is made a thousand times a second is better a real dataclass.
    """

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    _names: ClassVar[tuple[str, ...]]
    _defaults: ClassVar[dict[str, Any]]
    _factories: ClassVar[dict[str, Any]]

    def __init_subclass__(cls, *, eq: bool = True, frozen: bool = True) -> None:
        names: dict[str, None] = {}
        cls._defaults, cls._factories = {}, {}
        for base in reversed(cls.__mro__[1:]):
            names.update(dict.fromkeys(base.__dict__.get("_names", ())))
            cls._defaults.update(base.__dict__.get("_defaults", {}))
            cls._factories.update(base.__dict__.get("_factories", {}))
        for name, annotation in inspect.get_annotations(cls).items():
            if not str(annotation).removeprefix("typing.").startswith("ClassVar"):
                names[name] = None
                cls._take_default(name)
        cls._names = tuple(names)
        cls.__dataclass_fields__ = _FIELDS  # type: ignore[assignment]  # a descriptor that gives them
        if not frozen:
            cls.__setattr__ = object.__setattr__  # type: ignore[assignment]
            cls.__delattr__ = object.__delattr__  # type: ignore[assignment]
            cls.__hash__ = None  # type: ignore[assignment]
        if not eq:
            cls.__eq__ = object.__eq__  # type: ignore[method-assign]
            cls.__hash__ = object.__hash__  # type: ignore[method-assign]

    @classmethod
    def _take_default(cls, name: str) -> None:
        missing = dataclasses.MISSING
        stated = cls.__dict__.get(name, missing)
        default = stated.default if isinstance(stated, dataclasses.Field) else stated
        if default is not missing:
            cls._defaults[name] = default
        elif isinstance(stated, dataclasses.Field) and stated.default_factory is not missing:
            cls._factories[name] = stated.default_factory

    def __init__(self, *values: Any, **named: Any) -> None:
        names = self._names
        own = self.__dict__
        own.update(self._defaults)
        own.update(zip(names, values, strict=False))
        own.update(named)
        for name, factory in self._factories.items():
            if name not in own:
                own[name] = factory()
        twice = named.keys() & names[: len(values)]
        if twice or len(values) > len(names) or own.keys() != set(names):
            raise TypeError(
                f"{type(self).__name__}({', '.join(names)}) got {len(values)} values by position"
                f" and by name {', '.join(named) or 'none'}"
            )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        own = self.__dict__
        return hash((type(self), *(own[name] for name in self._names)))

    def __repr__(self) -> str:
        values = (f"{name}={self.__dict__[name]!r}" for name in self._names)
        return f"{type(self).__qualname__}({', '.join(values)})"
