"""The client of Immich's API: everything that is asked of the server."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from secrets import token_hex
from urllib.parse import quote

import httpx

from .errors import (
    ConfigConflictError,
    FixedConcurrencyError,
    ImmichError,
    InvalidApiKeyError,
    MaintenanceModeError,
    MaintenanceTokenError,
    NoReplyError,
    NotImmichError,
    ServerError,
    UnexpectedReplyError,
    UnknownAssetError,
    UnsupportedVersionError,
)
from .models import (
    MINIMUM_VERSION,
    About,
    Asset,
    Image,
    ListedJob,
    MachineLearning,
    MaintenanceCookie,
    MaintenanceStatus,
    QueueCounts,
    ServerConfig,
    SystemConfig,
    ThumbnailSize,
    User,
    Version,
    about_of,
    asset_of,
    job_of,
    legacy_queue_counts_of,
    maintenance_status_of,
    queue_counts_of,
    server_config_of,
    system_config_of,
    user_of,
    version_of,
)
from .permissions import Permission
from .queues import QueueName, is_uuid
from .replies import JsonObject, Reply
from .requests import TIMEOUT, HttpFactory, Request, Requests


def _path_segment(value: str) -> str:
    """Return a value in the form that it has inside a path.

    A lone dot or two would change the path instead of naming something in it.
    """
    return quote(value, safe="").replace(".", "%2E")


def _queue_path(name: str) -> str:
    """Return the path of a queue."""
    return f"/queues/{_path_segment(name)}"


_SYSTEM_CONFIG = "/system-config"


def _with_concurrency(config: JsonObject, name: str, jobs: int) -> dict[str, object]:
    """Return the config with one number changed and all else as it was."""
    queues = config.section("job")
    setting = {**queues.section(name).values, "concurrency": jobs}
    return {**config.values, "job": {**queues.values, name: setting}}


_THUMBNAIL_TIMEOUT = 20.0

_IMAGE_TYPES = frozenset(
    {"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"}
)

"""Passed on to browsers, so nothing in it that could hold a script, such as SVG."""


def _asset_path(asset_id: str) -> str:
    """Return the path of an asset."""
    if not is_uuid(asset_id):
        raise UnknownAssetError("The id of an asset is a UUID")
    return f"/assets/{_path_segment(asset_id)}"


_PROBE_TIMEOUT = 15.0

"""Seconds; Immich itself gives up on a silent host after 10."""

_COOKIE = "immich_maintenance_token"

_MAINTENANCE = "/admin/maintenance"


def _cookie_of(reply: Reply) -> MaintenanceCookie:
    """Return the cookie that a reply sets.

    Its attributes are not looked at: one that is unknown must not lose the cookie.
    """
    for header in reply.set_cookies:
        name, _, value = header.partition(";")[0].partition("=")
        if name.strip() == _COOKIE and value.strip():
            return MaintenanceCookie(value.strip())
    raise UnexpectedReplyError("Maintenance mode began without a way to end it")


class ImmichClient:
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
        self._requests = Requests(http, url, api_key, timeout, fresh_http)
        self._writing = asyncio.Lock()
        """One change of the settings ends before the next begins."""

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

    async def ping(self) -> None:
        """Raise NotImmichError unless Immich answers. Works in maintenance mode."""
        reply = await self._requests.send(Request("GET", "/server/ping"))
        try:
            answer = reply.as_object().optional_text("res")
        except UnexpectedReplyError:
            answer = None
        if answer != "pong":
            raise NotImmichError("Something else than Immich answers")

    async def version(self) -> Version:
        """Return Immich's version. Needs no key; works in maintenance mode."""
        reply = await self._requests.send(Request("GET", "/server/version"))
        return version_of(reply.as_object())

    async def check_version(self) -> Version:
        """Return the version, or raise UnsupportedVersionError for one before 2.4."""
        version = await self.version()
        if version < MINIMUM_VERSION:
            raise UnsupportedVersionError(str(version))
        return version

    async def about(self) -> About:
        """Return the versions of Immich's parts (`server.about`, about 90 ms)."""
        reply = await self._requests.send(Request("GET", "/server/about"))
        return about_of(reply.as_object())

    async def server_config(self) -> ServerConfig:
        """Return what anybody may know. Needs no key; works in maintenance mode."""
        reply = await self._requests.send(Request("GET", "/server/config"))
        return server_config_of(reply.as_object())

    async def me(self) -> User:
        """Return the owner of the API key (`user.read`)."""
        reply = await self._requests.send(Request("GET", "/users/me"))
        return user_of(reply.as_object())

    async def permissions(self, timeout: float | None = None) -> frozenset[str]:
        """Return the permissions of the key itself, perhaps just `all`."""
        request = Request("GET", "/api-keys/me", timeout=timeout)
        reply = await self._requests.send(request)
        return frozenset(reply.as_object().texts("permissions"))

    async def missing_permissions(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """Return which of the wanted permissions the key lacks, in their order."""
        granted = await self.permissions()
        if Permission.ALL in granted:
            return ()
        return tuple(str(name) for name in wanted if name not in granted)

    async def queues(self, timeout: float | None = None) -> tuple[QueueCounts, ...]:
        """Return all queues that the server has, known here or not (`queue.read`)."""
        reply = await self._requests.send(Request("GET", "/queues", timeout=timeout))
        return tuple(queue_counts_of(fields) for fields in reply.as_list())

    async def queue(self, name: str) -> QueueCounts:
        """Return one queue (`queue.read`)."""
        reply = await self._requests.send(Request("GET", _queue_path(name)))
        return queue_counts_of(reply.as_object())

    async def jobs(
        self, name: str, statuses: Collection[str] = ()
    ) -> tuple[ListedJob, ...]:
        """Return jobs in any of the `JobStatus`es, all without one (`queueJob.read`).

        At most about 1,000 a state, of the waiting ones the newest. Prioritized
        jobs are missing. Jobs without an id are left out.
        """
        # Immich 3.1 filters only when the key stands there more than once.
        wanted = [("status", status) for status in statuses]
        reply = await self._requests.send(
            Request(
                "GET",
                f"{_queue_path(name)}/jobs",
                params=wanted * 2 if len(wanted) == 1 else wanted,
            )
        )
        jobs: dict[str, ListedJob] = {}
        for fields in reply.as_list():
            if (job := job_of(fields)) is not None:
                jobs.setdefault(job.job_id, job)
        return tuple(jobs.values())

    async def pause(self, name: str) -> QueueCounts:
        """Pause a queue; jobs that run go on (`queue.update`)."""
        return await self._set_paused(name, True)

    async def resume(self, name: str) -> QueueCounts:
        """Let a queue go on (`queue.update`)."""
        return await self._set_paused(name, False)

    async def _set_paused(self, name: str, paused: bool) -> QueueCounts:
        """Pause or resume; the background tasks only by the older path."""
        if name == QueueName.BACKGROUND_TASK:
            return await self._command(name, "pause" if paused else "resume")
        reply = await self._requests.send(
            Request("PUT", _queue_path(name), body={"isPaused": paused})
        )
        return queue_counts_of(reply.as_object())

    async def clear_waiting(self, name: str) -> int:
        """Remove all jobs that wait, prioritized ones too (`queueJob.delete`).

        Active, delayed and failed jobs stay. Returns how many jobs waited just
        before, without the prioritized ones, which Immich does not count.
        """
        before = (await self.queue(name)).backlog
        await self._requests.send(
            Request("DELETE", f"{_queue_path(name)}/jobs", body={})
        )
        return before

    async def clear_failed(self, name: str) -> int:
        """Remove all failed jobs and nothing else (`job.create`); return how many.

        Not by `DELETE /queues/{name}/jobs` with `failed`, as that removes all
        waiting jobs as well.
        """
        before = left = (await self.queue(name)).failed
        while left > 0:
            # Immich removes at most 1,000 at a time.
            previous, left = left, (await self._command(name, "clear-failed")).failed
            if left >= previous:
                break
        return max(0, before - left)

    async def start(self, name: str, *, force: bool) -> QueueCounts:
        """Queue all missing work, or with `force` all work anew (`job.create`).

        Raises JobAlreadyRunningError when a job of the queue is active, and
        NotStartableError for queues without such a command. With `force` smart
        search drops what it knows before it begins.
        """
        return await self._command(name, "start", force=force)

    async def _command(
        self, name: str, command: str, *, force: bool | None = None
    ) -> QueueCounts:
        """Send a command by the older path, which alone knows some of them."""
        body: dict[str, object] = {"command": command}
        if force is not None:
            body["force"] = force
        reply = await self._requests.send(
            Request(
                "PUT",
                f"/jobs/{_path_segment(name)}",
                body=body,
            )
        )
        return legacy_queue_counts_of(name, reply.as_object())

    async def system_config(self) -> SystemConfig:
        """Return the settings that are used here (`systemConfig.read`)."""
        return system_config_of(await self._read())

    async def concurrency(self) -> Mapping[str, int]:
        """Return how many jobs a queue runs at once (`systemConfig.read`).

        Queues that always run one at a time are missing.
        """
        return (await self.system_config()).concurrency

    async def machine_learning_urls(self) -> tuple[str, ...]:
        """Return where Immich finds its machine learning (`systemConfig.read`)."""
        return (await self.system_config()).machine_learning_urls

    async def set_concurrency(self, name: str, jobs: int) -> None:
        """Let a queue run so many jobs at once (`systemConfig.update`).

        Takes effect when a running job ends. Immich takes the whole config only
        and locks nothing, so it is read just before and checked after: a
        ConfigConflictError says that someone else wrote at the same time. Raises
        FixedConcurrencyError for a queue without the setting, ConfigFileError
        when the server reads its config from a file, ValueError below 1.
        """
        if jobs < 1:
            raise ValueError("A queue runs at least one job at a time")
        async with self._writing:
            config = await self._read()
            current = system_config_of(config).concurrency.get(name)
            if current is None:
                raise FixedConcurrencyError(f"{name} runs one job at a time")
            if current == jobs:
                return
            await self._requests.send(
                Request(
                    "PUT", _SYSTEM_CONFIG, body=_with_concurrency(config, name, jobs)
                )
            )
            if (await self.concurrency()).get(name) != jobs:
                raise ConfigConflictError("Someone else changed Immich's settings")

    async def _read(self) -> JsonObject:
        """Return the whole config."""
        return (await self._requests.send(Request("GET", _SYSTEM_CONFIG))).as_object()

    async def asset(self, asset_id: str) -> Asset:
        """Return one asset (`asset.read`). Admins see their own assets only."""
        reply = await self._requests.send(Request("GET", _asset_path(asset_id)))
        return asset_of(reply.as_object())

    async def thumbnail(
        self, asset_id: str, size: ThumbnailSize = ThumbnailSize.THUMBNAIL
    ) -> Image:
        """Return the picture of an asset (`asset.view`)."""
        reply = await self._requests.send(
            Request(
                "GET",
                f"{_asset_path(asset_id)}/thumbnail",
                params=[("size", size)],
                timeout=_THUMBNAIL_TIMEOUT,
            )
        )
        if reply.content_type not in _IMAGE_TYPES or not reply.content:
            raise UnexpectedReplyError("The thumbnail is not an image")
        return Image(reply.content, reply.content_type)

    async def probe_machine_learning(
        self, timeout: float = _PROBE_TIMEOUT
    ) -> MachineLearning:
        """Let machine learning encode a text (`asset.read`).

        Raises RequestRefusedError when smart search is switched off, ServerError
        when Immich fails for another reason.
        """
        # Random, as a repeated text is answered from Immich's cache.
        body = {"query": token_hex(8), "size": 1}
        request = Request(
            "POST", "/search/smart", body=body, timeout=timeout, tells_health=False
        )
        try:
            await self._requests.send(request)
        except NoReplyError:
            return MachineLearning.HANGS
        except ServerError as error:
            if str(error) != "Failed to search smart":
                raise
            return MachineLearning.FAILS
        return MachineLearning.ANSWERS

    async def maintenance_status(self) -> MaintenanceStatus:
        """Return the state of maintenance mode (Immich 2.5 or newer)."""
        reply = await self._requests.send(Request("GET", f"{_MAINTENANCE}/status"))
        return maintenance_status_of(reply.as_object())

    async def in_maintenance(self) -> bool:
        """Return whether Immich is in maintenance mode. Needs no key."""
        reply = await self._requests.send(Request("GET", "/server/config"))
        return server_config_of(reply.as_object()).in_maintenance

    async def start_maintenance(self, http_factory: HttpFactory) -> MaintenanceCookie:
        """Begin maintenance mode and return what ends it (`maintenance`).

        Store the cookie before anything else: without it only the server's own
        shell, or the link in its log, gets out of maintenance mode again. Raises
        MaintenanceModeError when it has begun already.
        """
        request = Request("POST", _MAINTENANCE, body={"action": "start"})
        try:
            reply = await self._send_alone(request, http_factory)
        except MaintenanceTokenError as error:
            raise MaintenanceModeError("Immich is in maintenance mode") from error
        return _cookie_of(reply)

    async def end_maintenance(
        self, cookie: MaintenanceCookie, http_factory: HttpFactory
    ) -> None:
        """End maintenance mode. Does nothing when it has ended already.

        Raises MaintenanceTokenError when Immich does not accept the cookie.
        Immich stops answering for about 4 s afterwards.
        """
        if not all("!" <= character <= "~" for character in cookie.value):
            raise MaintenanceTokenError("The cookie holds odd characters")
        if not await self.in_maintenance():
            return
        request = Request(
            "POST",
            _MAINTENANCE,
            body={"action": "end"},
            cookie=f"{_COOKIE}={cookie.value}",
        )
        try:
            await self._send_alone(request, http_factory)
        except InvalidApiKeyError as error:
            # The answer out of maintenance mode: someone else may have ended it.
            if await self.in_maintenance():
                raise MaintenanceTokenError(str(error)) from error

    async def _send_alone(self, request: Request, http_factory: HttpFactory) -> Reply:
        """Send a request with a client of its own."""
        http = http_factory()
        try:
            return await self._requests.send(request, http)
        finally:
            await http.aclose()
