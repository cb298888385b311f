"""Replays each recorded request against the simulator in the same state: same status, same shape."""

from collections.abc import Iterator, Mapping
import re
from typing import Literal, cast

import pytest

from tests.immich.recordings import Recording, names, recording
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .queues import FAST_STALLS
from .scenarios import SCENARIOS
from .shapes import Json, differences

type Version = Literal["3.1.0", "2.7.5"]

RECORDED_ASSET = "fa1ce28a-f37f-40e4-bef2-2edb31513834"

NOT_REPLAYED: Mapping[str, str] = {
    "websocket-events": "what a websocket sent; the simulator has none, and no queue events come that way",
}
"""Recordings without a request that could be replayed."""

OTHER_CONTENT_TYPE: Mapping[str, str] = {
    "asset-thumbnail": "image/webp in Immich; the simulator draws JPEG only",
}

OTHER_SHAPE: Mapping[str, Mapping[str, str]] = {
    "asset-get": {
        "$.exifInfo.model": "the recorded picture was made without a camera model",
    },
}
"""Differences in the shape that are meant, per recording, with the reason."""


def _known(version: str) -> set[str]:
    replayed = {
        name for scenario in SCENARIOS[version].values() for name in scenario.recordings
    }
    return replayed | (set(NOT_REPLAYED) if version == "3.1.0" else set())


@pytest.mark.parametrize("version", SCENARIOS)
def test_every_recording_has_a_scenario(version: str) -> None:
    """No recording is forgotten, and none is named that isn't there."""
    assert _known(version) == set(names(version))


def _problems(
    name: str, wanted: Recording, status: int, content_type: str, answer: object
) -> Iterator[str]:
    if status != wanted.status:
        yield f"{name}: status {wanted.status} was recorded, answered was {status} {answer}"
        return
    if content_type != wanted.content_type and name not in OTHER_CONTENT_TYPE:
        yield f"{name}: {wanted.content_type} was recorded, answered was {content_type}"
    if wanted.content_type.startswith("image/"):
        return
    if wanted.status >= 400:
        expected, got = dict(wanted.response), dict(cast("dict[str, Json]", answer))
        for body in (expected, got):
            body.pop("correlationId", None)
        if expected != got:
            yield f"{name}: {expected} was recorded, answered was {got}"
    found = list(differences(wanted.response, cast("Json", answer)))
    meant = OTHER_SHAPE.get(name, {})
    for path in meant:
        if not any(difference.startswith(path) for difference in found):
            yield f"{name}: {path} is as recorded, its exception can go"
    for difference in found:
        if not any(difference.startswith(path) for path in meant):
            yield f"{name}: {difference}"


@pytest.mark.parametrize(
    ("version", "title"),
    [
        (version, title)
        for version, scenarios in SCENARIOS.items()
        for title in scenarios
    ],
)
async def test_answers_as_recorded(
    valkey: Valkey, version: Version, title: str
) -> None:
    """Status, content type and shape are those of the real server; error texts are the same to the letter."""
    scenario = SCENARIOS[version][title]
    options = FAST_STALLS if "stalled" in title else ()
    problems: list[str] = []
    async with Simulator(
        valkey.url, immich=version, time_scale=0.05, options=options
    ) as immich:
        key = await scenario.prepare(immich)
        asset = (await immich.asset_ids())[0]
        for name in scenario.recordings:
            wanted = recording(version, name)
            async with immich.session.request(
                wanted.method,
                immich.url + wanted.target.replace(RECORDED_ASSET, asset),
                json=wanted.body,
                headers={"x-api-key": immich.api_key if key is None else key}
                if key != ""
                else {},
            ) as response:
                content_type = response.headers.get("Content-Type", "")
                answer: object = (
                    await response.json()
                    if "json" in content_type
                    else (await response.read()).decode(errors="replace")
                )
                problems += _problems(
                    name, wanted, response.status, content_type, answer
                )
    assert not problems, "\n" + "\n".join(problems)


def test_shapes_differ() -> None:
    """The comparison finds what it is there to find."""
    recorded: Json = {"a": [{"b": 1}, {"b": None}], "c": "x", "d": []}
    assert not list(differences(recorded, {"a": [{"b": 2.5}], "c": "", "d": []}))
    found = list(
        differences(recorded, {"a": [{"b": True}, {}], "c": None, "d": [1], "e": 0})
    )
    assert [re.split(r"[: ]", text)[0] for text in found] == [
        "$.e",
        "$.a[0].b",
        "$.a[1].b",
        "$.c",
        "$.d",
    ]
