"""The files of an entry, on a real disk."""

import asyncio
from datetime import timedelta
import json
from pathlib import Path
import threading
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import issue_registry as ir, storage
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.healing.errors import (
    EndedError,
    NotStoredError,
)
from custom_components.immich_admin_tools.storage import (
    COUNTERS_DELAY,
    HISTORY_DELAY,
    EntryStores,
    SafetyStore,
)


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test a disk of its own."""
    return hass_tmp_config_dir


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Leave Home Assistant's storage as it is, instead of one in memory."""
    return {}


@pytest.fixture
def folder(hass: HomeAssistant) -> Path:
    """Return where the files are."""
    path = Path(hass.config.path(".storage"))
    path.mkdir(exist_ok=True)
    return path


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob(f"{DOMAIN}.*")}


def _content(folder: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        (folder / f"{DOMAIN}.entry.{name}").read_text(encoding="utf-8")
    )
    return content


async def _loaded(hass: HomeAssistant) -> EntryStores:
    stores = EntryStores(hass, "entry")
    await stores.async_load()
    return stores


async def test_safety_is_on_the_disk_when_save_returns(
    hass: HomeAssistant, folder: Path
) -> None:
    """And comes back with the next start; nobody else may read it."""
    stores = await _loaded(hass)
    leases = stores.safety.section("leases")
    assert leases.data == {}
    await leases.save({"ocr": [1, 2]})
    await stores.safety.section("maintenance").save({"cookie": "secret"})
    assert _content(folder, "safety")["data"] == {
        "leases": {"ocr": [1, 2]},
        "maintenance": {"cookie": "secret"},
    }
    mode = (folder / f"{DOMAIN}.entry.safety").stat().st_mode
    assert mode & 0o077 == 0
    again = await _loaded(hass)
    assert again.safety.section("leases").data == {"ocr": [1, 2]}


async def test_an_unwritable_disk_is_said(
    hass: HomeAssistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home Assistant itself only logs it."""
    stores = await _loaded(hass)
    section = stores.safety.section("leases")
    await section.save({"n": 1})
    name = folder / f"{DOMAIN}.entry.safety"
    # Root may write anywhere, so a folder stands in the way of the file.
    name.rename(folder / "kept")
    name.mkdir()
    (name / "in the way").touch()
    with pytest.raises(NotStoredError):
        await section.save({"n": 2})
    assert section.data == {"n": 1}
    (name / "in the way").unlink()
    name.rmdir()
    await section.save({"n": 3})
    assert (await _loaded(hass)).safety.section("leases").data == {"n": 3}


async def test_nothing_is_begun_while_home_assistant_stops(
    hass: HomeAssistant, folder: Path
) -> None:
    """Writes are put off then: a refused one must not come back in the final write."""
    stores = await _loaded(hass)
    section = stores.safety.section("leases")
    await section.save({"n": 1})
    hass.set_state(CoreState.stopping)
    with pytest.raises(NotStoredError):
        await section.save({"n": 2})
    hass.set_state(CoreState.final_write)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert _content(folder, "safety")["data"] == {"leases": {"n": 1}}
    hass.set_state(CoreState.running)


async def test_counters_wait_for_their_delay(hass: HomeAssistant, folder: Path) -> None:
    """However often they are planned, they are written once, in time, as they are then."""
    stores = await _loaded(hass)
    counts = {"count": 0}
    start = dt_util.utcnow()
    for seconds in range(0, int(COUNTERS_DELAY), 5):
        async_fire_time_changed(hass, start + timedelta(seconds=seconds))
        await hass.async_block_till_done()
        counts["count"] += 1
        stores.counters.async_schedule(lambda: dict(counts))
        assert _files(folder) == set()
    async_fire_time_changed(hass, start + timedelta(seconds=COUNTERS_DELAY + 1))
    await hass.async_block_till_done()
    written = dict(counts)
    assert _content(folder, "counters")["data"] == written
    counts["count"] += 1
    async_fire_time_changed(hass, start + timedelta(seconds=COUNTERS_DELAY * 3))
    await hass.async_block_till_done()
    assert _content(folder, "counters")["data"] == written


async def test_what_waits_is_written_at_the_end(
    hass: HomeAssistant, folder: Path
) -> None:
    """When the entry is unloaded, and when Home Assistant ends."""
    stores = await _loaded(hass)
    stores.counters.async_schedule(lambda: {"count": 1})
    stores.history.async_schedule(lambda: {"records": [1]})
    await stores.async_flush()
    assert _content(folder, "counters")["data"] == {"count": 1}
    assert _content(folder, "history")["data"] == {"records": [1]}

    again = await _loaded(hass)
    assert again.counters.data == {"count": 1}
    assert again.history.data == {"records": [1]}
    again.history.async_schedule(lambda: {"records": [1, 2]})
    hass.set_state(CoreState.final_write)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert _content(folder, "history")["data"] == {"records": [1, 2]}
    hass.set_state(CoreState.running)


async def test_files_go_with_the_entry(hass: HomeAssistant, folder: Path) -> None:
    """And what was planned is not written afterwards."""
    stores = await _loaded(hass)
    await stores.safety.section("leases").save({"n": 1})
    stores.counters.async_schedule(lambda: {"count": 1})
    await stores.async_flush()
    stores.counters.async_schedule(lambda: {"count": 2})
    assert len(_files(folder)) == 2
    await stores.async_remove()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(hours=1))
    await hass.async_block_till_done()
    assert _files(folder) == set()
    await stores.async_remove()


@pytest.mark.parametrize(
    "content",
    [
        '{"version": 99, "minor_version": 1, "key": "x", "data": {"a": 1}}',
        '{"version": 1, "minor_version": 1, "key": "x", "data": [1]}',
        '{"version": 1}',
        '{"something": "else"}',
        "[1, 2]",
        '"text"',
        "not JSON",
        "",
        "\x00\xff",
    ],
)
async def test_an_unreadable_file_is_kept_and_a_new_one_begun(
    hass: HomeAssistant, folder: Path, content: str
) -> None:
    """From a newer version, from a hand, from a crash: never an error at the start."""
    for name in ("safety", "counters", "history"):
        (folder / f"{DOMAIN}.entry.{name}").write_text(content, encoding="latin-1")
    stores = await _loaded(hass)
    assert stores.counters.data == stores.history.data == {}
    section = stores.safety.section("leases")
    assert section.data == {}
    assert len(_files(folder)) == 3
    for path in folder.glob(f"{DOMAIN}.*"):
        assert path.read_text(encoding="latin-1") == content
    assert ir.async_get(hass).issues
    await section.save({"n": 1})
    assert (await _loaded(hass)).safety.section("leases").data == {"n": 1}
    await stores.async_remove()
    assert not [key for key in ir.async_get(hass).issues if key[0] == DOMAIN]


async def test_a_file_that_is_a_folder(hass: HomeAssistant, folder: Path) -> None:
    """What the system can't read is put aside just as well."""
    (folder / f"{DOMAIN}.entry.safety").mkdir()
    stores = await _loaded(hass)
    await stores.safety.section("leases").save({"n": 1})
    assert _content(folder, "safety")["data"] == {"leases": {"n": 1}}


async def test_sections_do_not_overwrite_each_other(hass: HomeAssistant) -> None:
    """Two savers at once: both arrive."""
    store = SafetyStore(hass, f"{DOMAIN}.entry.safety")
    await store.async_load()
    tasks = [
        hass.async_create_task(store.section(f"part{n}").save({"n": n}))
        for n in range(10)
    ]
    for task in tasks:
        await task
    again = SafetyStore(hass, f"{DOMAIN}.entry.safety")
    await again.async_load()
    assert [again.get(f"part{n}") for n in range(10)] == [{"n": n} for n in range(10)]


async def test_a_closed_store_refuses_writes(hass: HomeAssistant, folder: Path) -> None:
    """What an entry left behind after its end writes nothing, and is told so."""
    stores = await _loaded(hass)
    section = stores.safety.section("leases")
    await section.save({"n": 1})
    stores.counters.async_schedule(lambda: {"count": 1})
    await stores.async_close()
    assert _content(folder, "counters")["data"] == {"count": 1}
    with pytest.raises(EndedError):
        await section.save({"n": 2})
    with pytest.raises(EndedError):
        await section.keep({"n": 2})
    stores.counters.async_schedule(lambda: {"count": 2})
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(hours=1))
    await hass.async_block_till_done()
    assert _content(folder, "counters")["data"] == {"count": 1}
    assert _content(folder, "safety")["data"] == {"leases": {"n": 1}}


async def test_the_next_stores_close_those_before(
    hass: HomeAssistant, folder: Path
) -> None:
    """A reload never writes what is stale over what is newer, nor loses what waits."""
    before = await _loaded(hass)
    before.history.async_schedule(lambda: {"records": [1]})
    after = await _loaded(hass)
    assert after.history.data == {"records": [1]}
    before.history.async_schedule(lambda: {"records": ["stale"]})
    await after.safety.section("maintenance").save({"cookie": "secret"})
    with pytest.raises(EndedError):
        await before.safety.section("leases").save({"n": 1})
    later = dt_util.utcnow() + timedelta(seconds=HISTORY_DELAY + 1)
    async_fire_time_changed(hass, later)
    await hass.async_block_till_done()
    assert _content(folder, "history")["data"] == {"records": [1]}
    assert _content(folder, "safety")["data"] == {"maintenance": {"cookie": "secret"}}


async def test_a_deleted_entrys_files_never_come_back(
    hass: HomeAssistant, folder: Path
) -> None:
    """Not by the timers of the stores that it was loaded with, which are others."""
    loaded = await _loaded(hass)
    loaded.history.async_schedule(lambda: {"records": [1]})
    await (await _loaded(hass)).async_remove()
    loaded.history.async_schedule(lambda: {"records": [2]})
    with pytest.raises(EndedError):
        await loaded.safety.section("leases").save({"n": 1})
    later = dt_util.utcnow() + timedelta(seconds=HISTORY_DELAY + 1)
    async_fire_time_changed(hass, later)
    await hass.async_block_till_done()
    assert _files(folder) == set()


async def test_a_save_in_flight_ends_before_the_next_stores_read(
    hass: HomeAssistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its task is cancelled with the entry, while a thread is still writing."""
    stores = await _loaded(hass)
    writing, go_on = threading.Event(), threading.Event()
    write = storage.write_utf8_file_atomic

    def slow(*args: Any, **options: Any) -> None:
        writing.set()
        assert go_on.wait(10)
        write(*args, **options)

    # All releases of Home Assistant come by here.
    monkeypatch.setattr(storage, "write_utf8_file_atomic", slow)
    saving = hass.async_create_task(
        stores.safety.section("maintenance").save({"cookie": "secret"})
    )
    assert await hass.async_add_executor_job(writing.wait, 10)
    saving.cancel()
    loading = hass.async_create_task(_loaded(hass))
    await asyncio.sleep(0.1)
    assert not loading.done()
    go_on.set()
    again = await loading
    assert again.safety.section("maintenance").data == {"cookie": "secret"}
    with pytest.raises(asyncio.CancelledError):
        await saving


async def test_what_is_true_already_goes_with_the_final_write(
    hass: HomeAssistant, folder: Path
) -> None:
    """While Home Assistant stops nothing is begun, but what was done is not forgotten."""
    stores = await _loaded(hass)
    section = stores.safety.section("maintenance")
    await section.save({"at": 1})
    hass.set_state(CoreState.stopping)
    await section.keep({"at": 1, "cookie": "secret"})
    with pytest.raises(NotStoredError):
        await stores.safety.section("leases").save({"n": 1})
    hass.set_state(CoreState.final_write)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert _content(folder, "safety")["data"] == {
        "maintenance": {"at": 1, "cookie": "secret"}
    }
    hass.set_state(CoreState.running)
