"""More workers while a box is on; what was there before belongs to the queue."""

from dataclasses import dataclass, field

from custom_components.immich_admin_tools.gpu_host.concurrency import (
    AGAIN,
    ConcurrencyKeeper,
    adopted,
)
from custom_components.immich_admin_tools.gpu_host.record import ConcurrencyOverride
from tests.support.fake_immich import FakeSection

from .fake_installation import FakeConcurrency, FakeInstallation


@dataclass
class Two:
    """Two boxes for one queue."""

    installation: FakeInstallation = field(default_factory=FakeInstallation)
    section: FakeSection = field(default_factory=FakeSection)
    now: int = 0

    def keeper(self, *hosts: str) -> ConcurrencyKeeper:
        """Begin anew with these boxes, as after a restart."""
        wanted = {"a": {"smartSearch": 8}, "b": {"smartSearch": 5}}
        return ConcurrencyKeeper(
            FakeConcurrency(self.installation),
            self.section,
            self.clock,
            {host: wanted[host] for host in hosts},
        )

    def clock(self) -> int:
        """Return a time at which the next try is due."""
        self.now += AGAIN
        return self.now

    @property
    def jobs(self) -> int:
        """Return the number in Immich's settings."""
        return self.installation.concurrency["smartSearch"]


async def test_two_boxes_leave_the_number_of_before() -> None:
    """In whatever order they come and go."""
    two = Two()
    keeper = two.keeper("a", "b")
    steps = (("a", True, 8), ("b", True, 8), ("a", False, 5), ("b", False, 2))
    for host, is_on, expected in (*steps, *steps):
        await keeper.keep(host, is_on)
        assert two.jobs == expected
    assert keeper.overrides == {}


async def test_not_known_stays_as_it_is() -> None:
    """After a restart nothing is set back before the box was asked."""
    two = Two()
    await two.keeper("a", "b").keep("a", True)
    keeper = two.keeper("a", "b")
    await keeper.keep("b", False)
    await keeper.keep("a", None)
    assert two.jobs == 8
    await keeper.keep("a", False)
    assert two.jobs == 2


async def test_undone_when_the_box_is_removed() -> None:
    """With the box its number goes, the last one's and another's."""
    two = Two()
    await two.keeper("a", "b").keep("a", True)
    await two.keeper("b").keep("b", False)
    assert two.jobs == 2
    await two.keeper("a").keep("a", True)
    await two.keeper().apply()
    assert two.jobs == 2
    await two.keeper("a").keep("a", True)
    await two.keeper("a").undo()
    assert two.jobs == 2


async def test_what_the_user_changed_stays() -> None:
    """A number that is not ours is nobody's to set back."""
    two = Two()
    keeper = two.keeper("a")
    await keeper.keep("a", True)
    two.installation.concurrency["smartSearch"] = 6
    await keeper.keep("a", False)
    assert (two.jobs, keeper.overrides) == (6, {})


def test_records_of_0_1_0() -> None:
    """Of two boxes the second took the first one's number for the user's."""
    of_hosts = {
        "a": {"smartSearch": ConcurrencyOverride(2, 8)},
        "b": {
            "smartSearch": ConcurrencyOverride(8, 5),
            "ocr": ConcurrencyOverride(1, 3),
        },
    }
    for hosts in (of_hosts, dict(reversed(of_hosts.items()))):
        assert adopted({}, hosts) == {
            "smartSearch": ConcurrencyOverride(2, 5),
            "ocr": ConcurrencyOverride(1, 3),
        }
    known = {"ocr": ConcurrencyOverride(1, 4)}
    assert adopted(known, {"b": {"ocr": ConcurrencyOverride(4, 9)}}) == known
