"""Dataclasses to JSON and back: whole where it is whole, and never an error."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
import json
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from hypothesis import given, strategies as st
import pytest

from custom_components.immich_admin_tools.analysis.skipped_ledger import SkippedJobs
from custom_components.immich_admin_tools.analysis.throughput import (
    QueueCounters,
    Tally,
)
from custom_components.immich_admin_tools.bullmq.models import JsonValue
from custom_components.immich_admin_tools.gpu_host.models import Power
from custom_components.immich_admin_tools.gpu_host.record import (
    ConcurrencyOverride,
    HostRecord,
)
from custom_components.immich_admin_tools.healing.journal import Recent
from custom_components.immich_admin_tools.healing.models import HealAction
from custom_components.immich_admin_tools.history.events import Event
from custom_components.immich_admin_tools.history.strikes import Strikes
from custom_components.immich_admin_tools.pauses.leases import Lease, Pause
from custom_components.immich_admin_tools.serialization import (
    INLINE,
    OMIT,
    from_json,
    if_unreadable,
    items_from_json,
    to_json,
    values_from_json,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

STORED = (
    *(
        Event,
        HealAction,
        HostRecord,
        Lease,
        QueueCounters,
        ConcurrencyOverride,
        Pause,
        Power,
    ),
    *(Recent, SkippedJobs, Strikes, Tally),
)
"""All that is stored as it is."""

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.text(max_size=5), inside, max_size=3)
    ),
    max_leaves=5,
)


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Return values that a field of this type may have."""
    arguments = get_args(hint)
    if NoneType in arguments:
        (kind,) = set(arguments) - {NoneType}
        return st.none() | _values(kind)
    if get_origin(hint) is tuple:
        return st.lists(_values(arguments[0]), max_size=3).map(tuple)
    if get_origin(hint) is Mapping:
        return st.dictionaries(st.text(max_size=5), _values(arguments[1]), max_size=3)
    if issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    simple = {bool: st.booleans(), int: st.integers(0, 1 << 53), str: st.text()}
    return simple[hint] if hint in simple else _objects(hint)


def _objects(kind: type[DataclassInstance]) -> st.SearchStrategy[DataclassInstance]:
    """Return objects with a value in every field that is stored."""
    hints = get_type_hints(kind)
    stored = [own.name for own in fields(kind) if own.metadata != OMIT]
    return st.builds(kind, **{name: _values(hints[name]) for name in stored})


def _on_disk(value: object) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("kind", STORED)
@given(st.data())
def test_comes_back_as_it_was(
    kind: type[DataclassInstance], data: st.DataObject
) -> None:
    """Through JSON text, as on the disk; also without what does not apply."""
    value = data.draw(_objects(kind))
    assert from_json(kind, _on_disk(to_json(value))) == value
    assert from_json(kind, _on_disk(to_json(value, without_none=True))) == value


@pytest.mark.parametrize("kind", STORED)
@given(st.data())
def test_anything_is_read(kind: type[DataclassInstance], data: st.DataObject) -> None:
    """As nothing, or as something that may be stored again; never as an error."""
    stored = _on_disk(to_json(data.draw(_objects(kind))))
    for key in data.draw(st.sets(st.sampled_from(sorted(stored)))):
        if data.draw(st.booleans()):
            del stored[key]
        else:
            stored[key] = data.draw(json_values)
    value = from_json(kind, stored)
    if value is not None:
        assert from_json(kind, _on_disk(to_json(value))) == value


@pytest.mark.parametrize("kind", STORED)
@given(stored=json_values)
def test_nonsense_is_read(kind: type[DataclassInstance], stored: JsonValue) -> None:
    """The same where nothing of it is right."""
    value = from_json(kind, stored)
    if not isinstance(stored, dict):
        assert value is None
    items_from_json(kind, stored)
    values_from_json(kind, stored)


class Colour(StrEnum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Point:
    """An object inside of others."""

    x: int
    y: int = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """A field of each sort."""

    name: str
    own: Point = field(metadata=INLINE)
    maybe: int | None
    colour: Colour = field(metadata=if_unreadable(Colour.BLUE))
    flag: bool = True
    points: tuple[Point, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    apart: object = field(default=None, metadata=OMIT)


WHOLE = Sample(
    "a", Point(1), 2, Colour.RED, False, (Point(4, 5), Point(6)), {"b": 7}, apart=8
)
WRITTEN: dict[str, JsonValue] = {
    "name": "a",
    "x": 1,
    "y": 3,
    "maybe": 2,
    "colour": "red",
    "flag": False,
    "points": [{"x": 4, "y": 5}, {"x": 6, "y": 3}],
    "counts": {"b": 7},
}


def test_what_is_written() -> None:
    """Plain values only: an enum's name in Python is nobody else's."""
    written = to_json(WHOLE)
    assert written == WRITTEN
    assert type(written["colour"]) is str
    assert "maybe" not in to_json(
        Sample("a", Point(1), None, Colour.RED), without_none=True
    )


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ({"maybe": "2"}, {"maybe": None}),
        ({"maybe": True}, {"maybe": None}),
        ({"maybe": -1}, {"maybe": None}),
        ({"maybe": 2.0}, {"maybe": None}),
        ({"colour": "green"}, {"colour": "blue"}),
        ({"colour": ["red"]}, {"colour": "blue"}),
        ({"flag": 0}, {"flag": True}),
        ({"flag": "no"}, {"flag": True}),
        ({"y": None}, {"y": 3}),
        ({"points": [{"x": 4}, {"y": 5}, 6, None]}, {"points": [{"x": 4, "y": 3}]}),
        ({"points": {"x": 4}}, {"points": []}),
        ({"counts": {"b": 7, "c": "8", "d": -1}}, {"counts": {"b": 7}}),
        ({"counts": []}, {"counts": {}}),
        ({"of a newer version": 1}, {}),
    ],
)
def test_a_damage_costs_one_value(
    damage: dict[str, JsonValue], expected: dict[str, JsonValue]
) -> None:
    """Or one item."""
    read = from_json(Sample, {**WRITTEN, **damage})
    assert read is not None
    assert to_json(read) == {**WRITTEN, **expected}


@pytest.mark.parametrize("name", ["name", "x"])
def test_some_values_nothing_is_without(name: str) -> None:
    """Then the object is left out where it is one of several."""
    missing = {key: value for key, value in WRITTEN.items() if key != name}
    wrong = {**WRITTEN, name: []}
    assert from_json(Sample, missing) is None
    assert from_json(Sample, wrong) is None
    assert len(items_from_json(Sample, [missing, WRITTEN, wrong])) == 1
    assert list(values_from_json(Sample, {"a": missing, "b": WRITTEN})) == ["b"]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Of a type that JSON has no word for."""

    one: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trap:
    """Where unknown would become a number."""

    one: int | None = 0


@pytest.mark.parametrize("kind", [Unknown, Trap])
def test_what_can_not_be_stored_is_said(kind: type[DataclassInstance]) -> None:
    """To who writes the code, with the first test."""
    with pytest.raises(TypeError):
        from_json(kind, {})


def test_no_other_value_is_written() -> None:
    """Where a field holds another type than it says."""
    odd: Any = {1, 2}
    with pytest.raises(TypeError):
        to_json(Point(odd))
