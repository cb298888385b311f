"""Dataclasses as the JSON that is stored, and back again. Pure.

Writing takes the fields as they are. Reading forgives, as an older version or a hand may
have written it, and a set-up must not fail by that: a value that is missing or of another
type than its field is unreadable. Then the field is what `if_unreadable` says, else its
default, else None if it may be; a field that can be none of these makes its whole object
unreadable, which is left out of the list or mapping that it is in. Keys without a field
are left out too. A whole number is never negative: nothing that is stored here is.

mashumaro would do the half of it. It takes "5" for 5 and "no" for True, and gives up an
object for one bad field, so that each would have to be cleaned before; Home Assistant
itself does not require it, and a dozen classes with it take 70 ms to import.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
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
    """Return a dataclass as JSON, on demand without its fields that are None."""
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
    items = stored if isinstance(stored, list) else []
    found = (from_json(kind, item) for item in items)
    return tuple(item for item in found if item is not None)


def values_from_json[T: DataclassInstance](
    kind: type[T], stored: JsonValue
) -> dict[str, T]:
    """Read dataclasses by name; leave out what is unreadable."""
    values = stored if isinstance(stored, dict) else {}
    found = {name: from_json(kind, value) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


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


type _Reader = Callable[[JsonValue], object]
"""Returns None for what is unreadable."""


@dataclass(frozen=True, slots=True)
class _StoredField:
    """What is to be known of a field."""

    name: str
    read: _Reader
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
        otherwise: Callable[[], object] | None = None
        if own.default_factory is not MISSING:
            otherwise = own.default_factory
        fixed = own.metadata.get("unreadable", own.default)
        if fixed is not MISSING:
            otherwise = _always(fixed)
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


def _always(value: object) -> Callable[[], object]:
    return lambda: value


def _reader(hint: Any) -> _Reader:
    """Return what reads values of a type. Raises TypeError for one that is not stored."""
    arguments = get_args(hint)
    match get_origin(hint):
        case origin if origin is Union:
            # None is what an unreadable value becomes anyway.
            (only,) = (kind for kind in arguments if kind is not NoneType)
            return _reader(only)
        case origin if origin is tuple and arguments[1:] == (...,):
            return _tuple_reader(_reader(arguments[0]))
        case origin if origin is Mapping and arguments[0] is str:
            return _mapping_reader(_reader(arguments[1]))
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return lambda value: stored_enum(hint, value)
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda value: from_json(hint, value)
    raise TypeError(f"{hint} can't be stored")


def _tuple_reader(read: _Reader) -> _Reader:
    def read_all(value: JsonValue) -> object:
        if not isinstance(value, list):
            return None
        return tuple(part for item in value if (part := read(item)) is not None)

    return read_all


def _mapping_reader(read: _Reader) -> _Reader:
    def read_all(value: JsonValue) -> object:
        if not isinstance(value, dict):
            return None
        return {
            key: part for key, item in value.items() if (part := read(item)) is not None
        }

    return read_all


def _flag(value: JsonValue) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole_number(value: JsonValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


_PLAIN: Final[Mapping[type, _Reader]] = {bool: _flag, int: _whole_number, str: _text}


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
