"""HTTP requests that send and receive JSON."""

from __future__ import annotations

from collections.abc import Mapping
import json
from typing import Any
import urllib.error
import urllib.parse
import urllib.request

from ..errors import ToolingError

Json = Any  # what json.loads returns

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""The demo is on this machine: no proxy of the environment is asked."""


class RequestError(ToolingError):
    """A request that was refused; `status` is None when nothing answered."""

    def __init__(self, message: str, status: int | None) -> None:
        """Keep the HTTP status."""
        super().__init__(message)
        self.status = status


def request(
    method: str,
    url: str,
    body: Mapping[str, Json] | None = None,
    *,
    form: bool = False,
    token: str | None = None,
    timeout: float = 30,
) -> Json:
    """Send a request and return the JSON of its answer (None when it is empty)."""
    headers = {"Accept": "application/json"}
    data = None
    if body is not None and form:
        data = urllib.parse.urlencode(body).encode()
    elif body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    if token:
        headers["Authorization"] = f"Bearer {token}"
    message = urllib.request.Request(url, data, headers, method=method)
    try:
        with _DIRECT.open(message, timeout=timeout) as answer:
            text = answer.read().decode()
    except urllib.error.HTTPError as error:
        detail = error.read().decode(errors="replace")[:500]
        raise RequestError(
            f"{method} {url}: {error.code} {detail}", error.code
        ) from error
    except OSError as error:
        raise RequestError(f"{method} {url}: {error}", None) from error
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
