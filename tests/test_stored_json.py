"""What is stored stays as it is, and what is damaged costs no more than it did.

`stores-0.1.0` are files that 0.1.0 made. `stored/full.json` has a value in every
field that is stored now. `stored/again.json` tells what is different in each of them
once it was read and written again, and `stored/damaged.json` the same for a damage to
each value of `full.json`. Both were written by the code of before there was a codec;
`python -m tests.test_stored_json` writes them anew, to be read as a diff.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
import copy
import json
from pathlib import Path
from typing import Any, cast

import pytest

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.skipped_ledger import (
    ledger_from,
    ledger_to,
)
from custom_components.immich_admin_tools.analysis.statistics import OutcomeCounts
from custom_components.immich_admin_tools.bullmq.models import JsonValue
from custom_components.immich_admin_tools.gpu_host.clocks import Clocks
from custom_components.immich_admin_tools.gpu_host.concurrency import ConcurrencyKeeper
from custom_components.immich_admin_tools.gpu_host.record import HostRecord
from custom_components.immich_admin_tools.healing.journal import JournalEntries
from custom_components.immich_admin_tools.healing.safety import Stored
from custom_components.immich_admin_tools.history.history import History
from custom_components.immich_admin_tools.history.strikes import StrikeCounts
from custom_components.immich_admin_tools.pauses.leases import LeaseBook
from tests.support.fake_immich import FakeSection

FIXTURES = Path(__file__).parent / "fixtures"
FULL = FIXTURES / "stored" / "full.json"
AGAIN = FIXTURES / "stored" / "again.json"
DAMAGED = FIXTURES / "stored" / "damaged.json"

WALL = 1_795_400_000_000
"""After all times of the files, but for those that are yet to come."""
CLOCKS = Clocks(now=lambda: 10**12, wall=lambda: WALL)

GONE = "(gone)"

DAMAGES: Mapping[str, JsonValue] = {
    "null": None,
    "true": True,
    "false": False,
    "-1": -1,
    "0": 0,
    "7": 7,
    "2.5": 2.5,
    "text": "?",
    "list": [],
    "list of odd": [None, 7, "?", [], {}],
    "object": {},
    "object of odd": {"a": None, "b": -7, "c": "?", "d": [], "e": {}},
}


class _NoApi:
    """Nobody is asked."""

    async def concurrency(self) -> Mapping[str, int]:
        """Know nothing."""
        return {}

    async def set_concurrency(self, name: str, jobs: int) -> None:
        """Set nothing."""


def _concurrency(stored: Stored) -> Stored:
    section = FakeSection(stored)
    keeper = ConcurrencyKeeper(_NoApi(), section, lambda: 0, {})
    assert asyncio.run(keeper.save())
    return section.data


def _leases(stored: Stored) -> Stored:
    book = stored.get("book")
    return {
        "book": LeaseBook.from_dict(book if isinstance(book, dict) else {}).to_dict()
    }


def _history(stored: Stored) -> Stored:
    strikes = stored.get("strikes")
    book = StrikeCounts.from_dict(strikes if isinstance(strikes, dict) else {})
    return {**History.from_dict(stored).to_dict(), "strikes": book.to_dict(WALL)}


def _counters(stored: Stored) -> Stored:
    outcomes = stored.get("telemetry")
    counts = OutcomeCounts.from_dict(outcomes if isinstance(outcomes, dict) else {})
    return {**Analyst.from_dict(stored).to_dict(), "telemetry": counts.to_dict()}


SECTIONS: Mapping[str, Callable[[Stored], Stored]] = {
    "acts": lambda stored: JournalEntries.from_dict(stored).to_dict(),
    "leases": _leases,
    "gpu_host": lambda stored: HostRecord.from_dict(stored, CLOCKS).to_dict(CLOCKS),
    "concurrency": _concurrency,
    "skipped_jobs": lambda stored: ledger_to(ledger_from(stored)),
    "history": _history,
    "counters": _counters,
}
"""What reads and writes each; restarts and maintenance keep a number or two."""


def _again(name: str, stored: JsonValue) -> JsonValue:
    """Return a section read and written again, as it comes from the disk."""
    section = SECTIONS["gpu_host" if name.startswith("gpu_host") else name]
    again = section(cast("Stored", stored))
    return cast("JsonValue", json.loads(json.dumps(again)))


def _stored() -> Iterator[tuple[str, str, JsonValue]]:
    """Yield file, section and content of all that there is."""
    for path in (*sorted((FIXTURES / "stores-0.1.0").glob("*.json")), FULL):
        made = json.loads(path.read_text(encoding="utf-8"))
        stores = made.get("stores", {"safety": {"data": made}})
        for key, store in stores.items():
            content = store["data"] if key == "safety" else {key: store["data"]}
            for name, section in content.items():
                if name not in ("restart", "maintenance"):
                    yield path.stem, name, section


def _parts(value: JsonValue) -> dict[str, JsonValue]:
    """Return what is inside a value."""
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    return value if isinstance(value, dict) else {}


def _paths(value: JsonValue, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all values inside one."""
    for key, part in _parts(value).items():
        yield (*path, key)
        yield from _paths(part, (*path, key))


def _damaged(stored: JsonValue, path: tuple[str, ...], damage: str) -> JsonValue:
    """Return it with one value replaced, or taken out."""
    spoilt = copy.deepcopy(stored)
    node: Any = spoilt
    for key in path[:-1]:
        node = node[int(key) if isinstance(node, list) else key]
    last = int(path[-1]) if isinstance(node, list) else path[-1]
    if damage == "missing":
        del node[last]
    else:
        node[last] = DAMAGES[damage]
    return spoilt


def _differences(
    before: JsonValue, after: JsonValue, path: tuple[str, ...] = ()
) -> dict[str, JsonValue]:
    """Return the values that are not the same, by their paths."""
    # 1 and True, or 1.0, are not the same in JSON.
    if json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True):
        return {}
    old, new = _parts(before), _parts(after)
    if not (old and new) or type(before) is not type(after):
        return {"/".join(path): after}
    found: dict[str, JsonValue] = {}
    for key in {**old, **new}:
        inside = (*path, key)
        if key in new:
            found |= _differences(old.get(key, GONE), new[key], inside)
        else:
            found["/".join(inside)] = GONE
    return found


def _changes(name: str, stored: JsonValue) -> dict[str, JsonValue]:
    """Return what each damage to a section changes of what is read."""
    whole = _again(name, stored)
    found: dict[str, JsonValue] = {}
    for path in _paths(stored):
        by_change: dict[str, list[str]] = {}
        for damage in ("missing", *DAMAGES):
            now = _again(name, _damaged(stored, path, damage))
            change = json.dumps(_differences(whole, now))
            by_change.setdefault(change, []).append(damage)
        found["/".join(map(str, path))] = {
            ", ".join(damages): json.loads(change)
            for change, damages in by_change.items()
        }
    return found


def _fixture(path: Path) -> dict[str, dict[str, JsonValue]]:
    return cast(
        "dict[str, dict[str, JsonValue]]", json.loads(path.read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize(("file", "name", "stored"), [*_stored()])
def test_it_is_written_as_before(file: str, name: str, stored: JsonValue) -> None:
    """To the byte, but for the order of the keys; and a second time as the first."""
    again = _again(name, stored)
    assert _differences(stored, again) == _fixture(AGAIN)[file][name]
    assert _differences(again, _again(name, again)) == {}


def test_what_is_complete_comes_back_whole() -> None:
    """Every field that is stored is read."""
    assert not any(_fixture(AGAIN)["full"].values())


@pytest.mark.parametrize("name", SECTIONS)
def test_a_damage_costs_what_it_did(name: str) -> None:
    """One value or one item, never the whole; and it is never an error."""
    now = _changes(name, _fixture(FULL)[name])
    assert _differences(_fixture(DAMAGED)[name], now) == {}


def _write() -> None:
    """Write down what the code does now."""
    again: dict[str, dict[str, JsonValue]] = {}
    for file, name, stored in _stored():
        differences = _differences(stored, _again(name, stored))
        again.setdefault(file, {})[name] = differences
    damaged = {name: _changes(name, own) for name, own in _fixture(FULL).items()}
    for path, content in ((AGAIN, again), (DAMAGED, damaged)):
        # A line for each path, so that a diff can be read.
        sections = (
            f"{json.dumps(name)}: {{\n"
            + ",\n".join(f" {json.dumps(key)}: {json.dumps(own[key])}" for key in own)
            + "\n}"
            for name, own in content.items()
        )
        path.write_text("{\n" + ",\n".join(sections) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
