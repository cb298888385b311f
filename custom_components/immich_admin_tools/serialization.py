"""Dataclasses as the JSON that is stored, and back again. Pure.

Writing takes the fields as they are. Reading forgives: an older version or a hand may have
written it, and no set-up may fail because of it. A value that is missing, or of another
type than its field, is unreadable. Its field is then what `if_unreadable` says, else its
default, else None where it may be None. Where it can be none of these, the whole object is
unreadable, and is left out of the list or mapping that it stands in. Keys that have no field
are ignored. Nothing that is stored is negative: such a number is unreadable too.

Why not mashumaro: it takes "5" for 5 and "no" for True, and gives up a whole object for one
bad field, so everything would have to be cleaned before it. Home Assistant does not require
it itself, and importing it with a dozen classes takes 70 ms.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache, partial
from types import NoneType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from .bullmq.models import JsonValue

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

OMIT: Final[Mapping[str, object]] = {"omit": True}
"""Metadata of a field that is not stored, or only by one who knows how."""

INLINE: Final[Mapping[str, object]] = {"inline": True}
"""Metadata of a field whose own fields stand among those of the object it is in."""


def if_unreadable(value: object) -> Mapping[str, object]:
    """Return the metadata of a field that has no default but when it is read."""
    return {"unreadable": value}


def to_json(
    value: DataclassInstance, *, without_none: bool = False
) -> dict[str, JsonValue]:
    """Return a dataclass as JSON, all of its fields or only those that are not None."""
    written: dict[str, JsonValue] = {}
    for own in _stored_fields(type(value)):
        part = getattr(value, own.name)
        if type(part) in _PLAIN:
            # Most of them: a full history has 60,000 and is written in the event loop.
            written[own.name] = part
        elif own.inline:
            written |= to_json(part)
        elif part is not None or not without_none:
            written[own.name] = _written(part)
    return written


def from_json[T: DataclassInstance](
    kind: type[T], stored: JsonValue | Mapping[str, JsonValue]
) -> T | None:
    """Read a dataclass; None when it can't be without something that is unreadable."""
    if not isinstance(stored, dict):
        return None
    values: dict[str, object] = {}
    for own in _stored_fields(kind):
        value = own.read(stored if own.inline else stored.get(own.name))
        if value is None and own.otherwise is not None:
            value = own.otherwise()
        if value is None and not own.optional:
            return None
        values[own.name] = value
    return kind(**values)


def items_from_json[T: DataclassInstance](
    kind: type[T], stored: JsonValue
) -> tuple[T, ...]:
    """Read a list of dataclasses; leave out what is unreadable."""
    return _items(partial(from_json, kind), stored) or ()


def values_from_json[T: DataclassInstance](
    kind: type[T], stored: JsonValue
) -> dict[str, T]:
    """Read dataclasses by name; leave out what is unreadable."""
    return _values(partial(from_json, kind), stored) or {}


def stored_mapping(
    stored: Mapping[str, JsonValue], key: str
) -> Mapping[str, JsonValue]:
    """Return a mapping; empty when it is unreadable."""
    value = stored.get(key)
    return value if isinstance(value, dict) else {}


def stored_int(stored: Mapping[str, JsonValue], key: str) -> int | None:
    """Return a whole number of at least 0; None when it is unreadable."""
    return _whole_number(stored.get(key))


def stored_str(stored: Mapping[str, JsonValue], key: str) -> str | None:
    """Return a text; None when it is unreadable."""
    return _text(stored.get(key))


def stored_enum[E: StrEnum](kind: type[E], value: object) -> E | None:
    """Return a value of an enum; None when it is unreadable, or not known here."""
    return kind(value) if isinstance(value, str) and value in kind else None


type _Reader[T] = Callable[[JsonValue], T | None]
"""Returns None for what is unreadable."""


@dataclass(frozen=True, slots=True)
class _StoredField:
    """What is to be known of a field."""

    name: str
    read: _Reader[Any]
    otherwise: Callable[[], object] | None
    """Returns what an unreadable one is; None: that is not said."""
    optional: bool
    """Whether it may be None."""
    inline: bool


@cache
def _stored_fields(kind: type[DataclassInstance]) -> tuple[_StoredField, ...]:
    """Return the fields of a dataclass that are stored."""
    hints = get_type_hints(kind)
    found: list[_StoredField] = []
    for own in fields(kind):
        if "omit" in own.metadata:
            continue
        fixed = own.metadata.get("unreadable", own.default)
        otherwise: Callable[[], object] | None = None
        if own.default_factory is not MISSING:
            otherwise = own.default_factory
        if fixed is not MISSING:
            otherwise = partial(_same, fixed)
        hint = hints[own.name]
        optional = NoneType in get_args(hint)
        if optional and fixed not in (None, MISSING):
            raise TypeError(f"{kind}: None of {own.name} would come back as {fixed}")
        found.append(
            _StoredField(
                own.name, _reader(hint), otherwise, optional, "inline" in own.metadata
            )
        )
    return tuple(found)


def _same(value: object) -> object:
    return value


def _reader(hint: Any) -> _Reader[Any]:
    """Return what reads values of a type. Raises TypeError for one that is not stored."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Union:
        # None is what an unreadable value becomes anyway.
        (only,) = (kind for kind in arguments if kind is not NoneType)
        return _reader(only)
    if origin is tuple and arguments[1:] == (...,):
        return partial(_items, _reader(arguments[0]))
    if origin is Mapping and arguments[0] is str:
        return partial(_values, _reader(arguments[1]))
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return partial(stored_enum, hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return partial(from_json, hint)
    raise TypeError(f"{hint} can't be stored")


def _items[T](read: _Reader[T], value: JsonValue) -> tuple[T, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(part for item in value if (part := read(item)) is not None)


def _values[T](read: _Reader[T], value: JsonValue) -> dict[str, T] | None:
    if not isinstance(value, dict):
        return None
    return {
        key: part for key, item in value.items() if (part := read(item)) is not None
    }


def _flag(value: JsonValue) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole_number(value: JsonValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


_PLAIN: Final[Mapping[type, _Reader[Any]]] = {
    bool: _flag,
    int: _whole_number,
    str: _text,
}


def _written(value: object) -> JsonValue:
    """Return a value of a field as JSON."""
    if isinstance(value, StrEnum):
        return value.value
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _written(part) for key, part in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return to_json(value)
    raise TypeError(f"{type(value)} can't be stored")
