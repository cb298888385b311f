"""The client of Immich's API: everything that is asked of the server."""

from collections.abc import Callable

import httpx

from .asset_api import AssetApi
from .errors import ImmichError
from .machine_learning_api import MachineLearningApi
from .maintenance_api import MaintenanceApi
from .queue_api import QueueApi
from .requests import TIMEOUT, HttpFactory, Requests
from .server_api import ServerApi
from .system_config_api import SystemConfigApi


class ImmichClient(
    ServerApi, QueueApi, AssetApi, SystemConfigApi, MachineLearningApi, MaintenanceApi
):
    """Typed access to one Immich with one API key.

    Every method raises an ImmichError when it fails, of one type per case, and
    gives up after 10 s (a picture 20 s). In brackets behind a method's subject: the
    permission that the key needs for it.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        api_key: str,
        timeout: float = TIMEOUT,
        fresh_http: HttpFactory | None = None,
    ) -> None:
        """Use a client that others may share, which is left as it is.

        `timeout`: seconds for a request where a method names no other. `fresh_http`
        makes a client for each change, so that none meets a kept connection that the
        server just closes. Raises InvalidAddressError and InvalidApiKeyError.
        """
        super().__init__(Requests(http, url, api_key, timeout, fresh_http))

    @property
    def url(self) -> str:
        """Return the address in its normal form, without `/api`."""
        return self._requests.url

    @property
    def failure(self) -> ImmichError | None:
        """Return why the last request was not answered; None when it was."""
        return self._requests.failure

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Tell somebody when Immich begins or ceases to answer; return what ends that."""
        self._requests.listeners.add(listener)
        return lambda: self._requests.listeners.discard(listener)
