"""The box behind a real nginx, as in the recommended set-up."""

from collections.abc import AsyncIterator
from pathlib import Path
import subprocess
import sys
from time import monotonic
from urllib.parse import urlsplit

import httpx
import pytest

from custom_components.immich_admin_tools.gpu_host.probe import (
    Availability,
    PingProbe,
    Probe,
)
from custom_components.immich_admin_tools.immich.models import MachineLearning
from tests.support.nginx import start_nginx
from tests.support.simulator import Simulator

FIND = "from tooling.bootstrap import nginx; print(nginx().executable)"


@pytest.fixture(scope="module")
def nginx() -> Path:
    """Return the program, as the scripts find or unpack it."""
    found = subprocess.run(
        [sys.executable, "-c", FIND],
        cwd=Path(__file__).parents[2] / "scripts",
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return Path(found.stdout.splitlines()[-1])


@pytest.fixture
async def probe(simulator: Simulator, nginx: Path) -> AsyncIterator[PingProbe]:
    """Return a probe that asks the box through nginx."""

    async def never() -> MachineLearning:
        raise AssertionError("Immich was asked")

    port = urlsplit(simulator.ml_url).port
    assert port
    async with start_nginx(nginx, port) as url, httpx.AsyncClient() as http:
        yield PingProbe(http, url, never)


async def test_well(probe: PingProbe) -> None:
    """A box that is on answers through the proxy."""
    assert await probe() is Probe.ANSWERS


@pytest.mark.parametrize("mode", ["off", "silent"])
async def test_not_well(simulator: Simulator, probe: PingProbe, mode: str) -> None:
    """502, 504 and a slow connect are a box that is not there, within seconds."""
    assert await probe() is Probe.ANSWERS
    await simulator.machine_learning(mode)  # type: ignore[arg-type]  # one of them
    known = Availability(safe=True).after(Probe.ANSWERS, 0)
    begin = monotonic()
    while known.safe:
        known = known.after(await probe(), round((monotonic() - begin) * 1000) + 1)
    assert monotonic() - begin < 8
    assert not probe.indirect


async def test_back_again(simulator: Simulator, probe: PingProbe) -> None:
    """Nginx has given the box up after some failures, and finds it again."""
    await simulator.machine_learning("off")
    for _ in range(5):
        assert await probe() is Probe.GONE
    await simulator.machine_learning("on")
    assert await probe() is Probe.ANSWERS
