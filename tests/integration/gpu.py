"""A GPU box for the tests: the simulator's machine learning with a magic packet and a plug."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.gpu_host.manager import GpuHost
from custom_components.immich_admin_tools.gpu_host.models import Connectivity
from tests.support.simulator import Simulator

MAC = "3c:52:82:1a:2b:3c"
MAGIC = b"\xff" * 6 + bytes.fromhex(MAC.replace(":", "")) * 16
OFF_ACTION = [{"action": "test.box_off"}]
ON_ACTION = [{"action": "test.box_on"}]
SECOND = {"hours": 0, "minutes": 0, "seconds": 1}
NOTHING = {"hours": 0, "minutes": 0, "seconds": 0}


@dataclass
class Box(asyncio.DatagramProtocol):
    """Hears magic packets, and has a plug."""

    simulator: Simulator
    port: int = 0
    packets: list[bytes] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    wakes: bool = True
    """Whether it does what it is told."""
    more: list[Simulator] = field(default_factory=list)
    """Other Immich servers that it works for."""

    def datagram_received(self, data: bytes, _address: object) -> None:
        """Boot, if it is meant."""
        self.packets.append(data)
        if data == MAGIC and self.wakes and len(self.packets) == 1:
            asyncio.get_running_loop().create_task(
                self.simulator.machine_learning("on")
            )

    async def acted(self, call: ServiceCall) -> None:
        """Do what an action of the user's says."""
        self.actions.append(call.service)
        if self.wakes:
            mode = "on" if call.service == "box_on" else "off"
            for simulator in (self.simulator, *self.more):
                await simulator.machine_learning(mode)  # type: ignore[arg-type]  # two of them

    @property
    def wakened(self) -> bool:
        """Return whether a right packet came."""
        return MAGIC in self.packets


@asynccontextmanager
async def box(hass: HomeAssistant, simulator: Simulator) -> AsyncIterator[Box]:
    """Put a box on the loopback network."""
    own = Box(simulator)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: own, local_addr=("127.0.0.1", 0)
    )
    own.port = transport.get_extra_info("sockname")[1]
    for service in ("box_off", "box_on"):
        hass.services.async_register("test", service, own.acted)
    try:
        yield own
    finally:
        transport.close()


def host_data(simulator: Simulator, own: Box, **more: object) -> ConfigSubentryData:
    """Return a subentry of a host with short times."""
    return ConfigSubentryData(
        subentry_type="gpu_host",
        title="Box",
        unique_id=None,
        data={
            "name": "Box",
            "ml_url": simulator.ml_url,
            "mac": MAC,
            "broadcast_address": "127.0.0.1",
            "broadcast_port": own.port,
            "off_action": OFF_ACTION,
            "wake_backlog": 10,
            "idle_time": SECOND,
            "minimum_on": NOTHING,
            "cool_down": NOTHING,
            **more,
        },
    )


def with_hosts(entry: MockConfigEntry, *hosts: ConfigSubentryData) -> MockConfigEntry:
    """Return an entry with subentries."""
    return MockConfigEntry(
        domain=entry.domain,
        title=entry.title,
        unique_id=entry.unique_id,
        data=entry.data,
        options=entry.options,
        subentries_data=hosts,
    )


def host_of(entry: MockConfigEntry, number: int = 0) -> GpuHost:
    """Return a host of a loaded entry."""
    host: GpuHost = list(entry.runtime_data.gpu_hosts.hosts.values())[number]
    return host


def device_of(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    """Return the device of the first host of a loaded entry."""
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, host_of(entry).host_id), entry.entry_id
    )
    assert device is not None
    return device


def gpu_entity_id(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> str:
    """Return the id of a host's entity, such as `sensor.state`."""
    domain, _, key = name.partition(".")
    unique_id = f"{host_of(entry).settings.host_id}_{key}"
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, unique_id)
    assert found is not None, unique_id
    return found


def gpu_state(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> str:
    """Return the state of a host's entity."""
    state = hass.states.get(gpu_entity_id(hass, entry, name))
    assert state is not None
    return state.state


async def all_paused(entry: MockConfigEntry, *, timeout: float = 30) -> None:
    """Wait until all queues of a host that is off are certainly paused."""
    controller = host_of(entry).controller
    leases, queues = controller.leases, entry.runtime_data.queues
    await reach(
        entry,
        "off",
        timeout,
        also=lambda: (
            bool(leases.holding)
            and leases.all_held(queues.data)
            and controller.contact.reach is Connectivity.OFFLINE
        ),
    )


async def reach(
    entry: MockConfigEntry,
    state: str,
    timeout: float = 30,
    *,
    also: Callable[[], bool] = lambda: True,
) -> None:
    """Poll until the host is in a state."""
    last = "?"
    try:
        async with asyncio.timeout(timeout):
            while True:
                await entry.runtime_data.queues.async_refresh()
                last = host_of(entry).controller.power.state
                if last == state and also():
                    return
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        error.add_note(f"wanted {state}, was {last}")
        raise
