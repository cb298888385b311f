"""Whether machine learning answers, asked through Immich."""

import pytest

from custom_components.immich_admin_tools.immich import errors
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import MachineLearning

from .http_server import Answer, HttpServer, json_answer

PATH = "/api/search/smart"
FOUND = json_answer({"assets": {"items": [], "total": 0}, "albums": {}})
FAILED = json_answer({"message": "Failed to search smart"}, 500)


async def test_it_answers(server: HttpServer, client: ImmichClient) -> None:
    """Each probe has another text, as a repeated one is answered from a cache."""
    server.answer("POST", PATH, FOUND)
    for _ in range(3):
        assert await client.probe_machine_learning() is MachineLearning.ANSWERS
    bodies = [asked.json() for asked in server.asked]
    assert all(isinstance(body, dict) and body["size"] == 1 for body in bodies)
    assert len({str(body) for body in bodies}) == 3


async def test_it_fails(server: HttpServer, client: ImmichClient) -> None:
    """Refused connections and errors of the service look alike."""
    server.answer("POST", PATH, FAILED)
    assert await client.probe_machine_learning() is MachineLearning.FAILS


async def test_it_hangs(server: HttpServer, client: ImmichClient) -> None:
    """No reply within the time given."""
    server.answer("POST", PATH, Answer(delay=20))
    found = await client.probe_machine_learning(timeout=0.2)
    assert found is MachineLearning.HANGS


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (json_answer({"message": "Internal server error"}, 500), errors.ServerError),
        (
            json_answer({"message": "Smart search is not enabled"}, 400),
            errors.RequestRefusedError,
        ),
        (
            json_answer({"message": "Missing required permission: asset.read"}, 403),
            errors.MissingPermissionError,
        ),
    ],
)
async def test_it_was_not_asked(
    answer: Answer,
    expected: type[errors.ImmichError],
    server: HttpServer,
    client: ImmichClient,
) -> None:
    """Failures of Immich itself say nothing about machine learning."""
    server.answer("POST", PATH, answer)
    with pytest.raises(expected):
        await client.probe_machine_learning()
