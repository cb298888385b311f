"""Into maintenance mode and out of it."""

import httpx
import pytest

from custom_components.immich_admin_tools.immich import errors
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import MaintenanceCookie

from .conftest import API_KEY
from .http_server import Answer, HttpServer, json_answer
from .recordings import recording

PATH = "/api/admin/maintenance"
NORMAL = recording("3.1.0", "server-config-normal").answer()
IN_MAINTENANCE = recording("3.1.0", "maint-config").answer()
COOKIE = MaintenanceCookie("ey.J0-x_y")
SET_COOKIE = "immich_maintenance_token=ey.J0-x_y; Path=/; Max-Age=34560000; HttpOnly"


class Clients:
    """Makes HTTP clients and keeps them, to look at them afterwards."""

    def __init__(self) -> None:
        """Begin without one."""
        self.made: list[httpx.AsyncClient] = []

    def __call__(self) -> httpx.AsyncClient:
        """Return a new one."""
        self.made.append(httpx.AsyncClient())
        return self.made[-1]


@pytest.fixture
def clients() -> Clients:
    """Return a factory whose clients are checked to be closed."""
    return Clients()


async def test_start(
    server: HttpServer, client: ImmichClient, http: httpx.AsyncClient, clients: Clients
) -> None:
    """The cookie is returned, and stays out of the shared client."""
    started = json_answer(None, 201, set_cookie=SET_COOKIE)
    server.answer("POST", PATH, started)
    assert await client.start_maintenance(clients) == COOKIE
    [asked] = server.asked
    assert asked.json() == {"action": "start"}
    assert asked.headers["x-api-key"] == API_KEY
    assert not http.cookies
    assert [one.is_closed for one in clients.made] == [True]


@pytest.mark.parametrize("attributes", ["", "; Path=/; SomethingNew", "; Odd/=1, x"])
async def test_attributes_of_the_cookie(
    attributes: str, server: HttpServer, client: ImmichClient, clients: Clients
) -> None:
    """The cookie is never lost for what stands behind it."""
    header = f"immich_maintenance_token={COOKIE.value}{attributes}"
    server.answer("POST", PATH, Answer(201, headers={"set-cookie": header}))
    assert await client.start_maintenance(clients) == COOKIE


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"set-cookie": "other=1"},
        {"set-cookie": "immich_maintenance_token=; Path=/"},
        {"set-cookie": "immich_maintenance_token"},
    ],
)
async def test_start_without_a_cookie(
    headers: dict[str, str], server: HttpServer, client: ImmichClient, clients: Clients
) -> None:
    """That is an error, as nothing ends it then."""
    server.answer("POST", PATH, Answer(201, headers=headers))
    with pytest.raises(errors.UnexpectedReplyError, match="without a way to end it"):
        await client.start_maintenance(clients)


async def test_start_of_what_has_begun(
    server: HttpServer, client: ImmichClient, clients: Clients
) -> None:
    """Immich asks for the cookie then, not for the key."""
    server.answer("POST", PATH, json_answer({"message": "Missing JWT Token"}, 401))
    with pytest.raises(errors.MaintenanceModeError):
        await client.start_maintenance(clients)


async def test_start_without_permission(
    server: HttpServer, client: ImmichClient, clients: Clients
) -> None:
    """The missing permission is named, and the client closed all the same."""
    words = "Missing required permission: maintenance"
    server.answer("POST", PATH, json_answer({"message": words}, 403))
    with pytest.raises(errors.MissingPermissionError) as caught:
        await client.start_maintenance(clients)
    assert caught.value.permissions == ("maintenance",)
    assert [one.is_closed for one in clients.made] == [True]


async def test_end(
    server: HttpServer, client: ImmichClient, http: httpx.AsyncClient, clients: Clients
) -> None:
    """With the cookie in place of the key."""
    server.answer("GET", "/api/server/config", IN_MAINTENANCE)
    server.answer("POST", PATH, Answer(201))
    await client.end_maintenance(COOKIE, clients)
    asked = server.asked[-1]
    assert asked.json() == {"action": "end"}
    assert asked.headers["cookie"] == "immich_maintenance_token=ey.J0-x_y"
    assert "x-api-key" not in asked.headers
    assert not http.cookies
    assert [one.is_closed for one in clients.made] == [True]


async def test_end_of_what_has_ended(
    server: HttpServer, client: ImmichClient, clients: Clients
) -> None:
    """Nothing is sent."""
    server.answer("GET", "/api/server/config", NORMAL)
    await client.end_maintenance(COOKIE, clients)
    assert [asked.method for asked in server.asked] == ["GET"]


async def test_end_in_a_race(
    server: HttpServer, client: ImmichClient, clients: Clients
) -> None:
    """Someone else ended it just then."""
    server.answer("GET", "/api/server/config", IN_MAINTENANCE, NORMAL)
    words = json_answer({"message": "Authentication required"}, 401)
    server.answer("POST", PATH, words)
    await client.end_maintenance(COOKIE, clients)


@pytest.mark.parametrize("words", ["Invalid JWT Token", "Authentication required"])
async def test_end_with_an_old_cookie(
    words: str, server: HttpServer, client: ImmichClient, clients: Clients
) -> None:
    """It is valid for four hours."""
    server.answer("GET", "/api/server/config", IN_MAINTENANCE)
    server.answer("POST", PATH, json_answer({"message": words}, 401))
    with pytest.raises(errors.MaintenanceTokenError):
        await client.end_maintenance(COOKIE, clients)


@pytest.mark.parametrize("value", ["a\r\nx: y", "ü", "a b"])
async def test_cookie_that_is_none(
    value: str, server: HttpServer, client: ImmichClient, clients: Clients
) -> None:
    """A damaged store does not damage the request."""
    with pytest.raises(errors.MaintenanceTokenError):
        await client.end_maintenance(MaintenanceCookie(value), clients)
    assert not server.asked


@pytest.mark.parametrize(
    ("answer", "expected"), [(NORMAL, False), (IN_MAINTENANCE, True)]
)
async def test_in_maintenance(
    answer: Answer, expected: bool, server: HttpServer, client: ImmichClient
) -> None:
    """Known without a key, of every version."""
    server.answer("GET", "/api/server/config", answer)
    assert await client.in_maintenance() is expected
