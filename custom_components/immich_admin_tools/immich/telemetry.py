"""Immich's own counts of what became of its jobs, where its telemetry is switched on.

Redis can't tell success from failure: Immich's workers record both as completed. Only
the metrics of the worker process (`IMMICH_TELEMETRY_INCLUDE=job`, port 8082) count them
apart. Plain Prometheus text without login; the API process (port 8081) has none of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
import re
from urllib.parse import urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families

from .address import normalise_url
from .errors import InvalidAddressError, NoReplyError, UnexpectedReplyError
from .transport import transport_error

TIMEOUT = 10.0
"""Seconds for a whole request."""

_MAX_SIZE = 8 * 1024 * 1024
_JOBS = re.compile(r"immich_jobs_(\w+)_(success|failed|skipped)_total")
_ACTIVE = re.compile(r"immich_queues_(\w+)_active")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the jobs of one type."""

    success: int = 0
    failed: int = 0
    """Also those whose photo or machine learning was not there."""
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What one process of Immich counted since it was started."""

    process: str
    """Changes with a restart, as far as that can be told."""
    jobs: Mapping[str, Outcomes]
    """Per job name as in Redis; a name is missing until its first outcome."""
    active: Mapping[str, int]
    """Slots taken per queue, its name in snake_case: also those that hang on."""


def telemetry_urls(raw: str) -> tuple[str, ...]:
    """Return the addresses in a text, separated by blanks or commas.

    An address without a path gets `/metrics`. Raises InvalidAddressError.
    """
    urls = []
    for part in re.split(r"[\s,;]+", raw.strip()):
        if not part:
            continue
        url = normalise_url(part)
        urls.append(url if urlsplit(url).path else f"{url}/metrics")
    if not urls:
        raise InvalidAddressError("There is no address")
    return tuple(dict.fromkeys(urls))


async def read_telemetry(http: httpx.AsyncClient, url: str) -> Telemetry:
    """Ask one process. Raises an ImmichError, UnexpectedReplyError for other pages."""
    try:
        async with (
            asyncio.timeout(TIMEOUT),
            http.stream("GET", url, timeout=TIMEOUT, follow_redirects=False) as reply,
        ):
            if reply.status_code != 200:
                raise UnexpectedReplyError(f"Status {reply.status_code}")
            parts: list[bytes] = []
            size = 0
            async for part in reply.aiter_bytes():
                size += len(part)
                if size > _MAX_SIZE:
                    raise UnexpectedReplyError("The reply is too large")
                parts.append(part)
    except TimeoutError as error:
        raise NoReplyError("The server did not answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise transport_error(error) from error
    return parse_telemetry(b"".join(parts).decode(errors="replace"))


def parse_telemetry(text: str) -> Telemetry:
    """Read Prometheus text. Raises UnexpectedReplyError when it is something else."""
    process = ""
    jobs: defaultdict[str, Outcomes] = defaultdict(Outcomes)
    active: dict[str, int] = {}
    known = False
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                known = True
                if found := _JOBS.fullmatch(sample.name):
                    job = job_name(found[1])
                    jobs[job] = replace(jobs[job], **{found[2]: int(sample.value)})
                elif found := _ACTIVE.fullmatch(sample.name):
                    active[found[1]] = int(sample.value)
                elif sample.name == "target_info":
                    process = " ".join(
                        sample.labels.get(label, "")
                        for label in ("host_name", "process_pid", "service_version")
                    )
    except (ValueError, OverflowError) as error:
        raise UnexpectedReplyError("This is not Prometheus text") from error
    if not known:
        raise UnexpectedReplyError("There is no metric on this page")
    return Telemetry(process, dict(jobs), active)


def job_name(metric: str) -> str:
    """Turn `asset_detect_faces` into `AssetDetectFaces`, as jobs are called in Redis."""
    return "".join(part.capitalize() for part in metric.split("_"))
