"""What all parts of the client share."""

from urllib.parse import quote

from .requests import Requests


class ImmichApi:
    """Base of the parts that the client is put together from."""

    def __init__(self, requests: Requests) -> None:
        """Send everything through `requests`."""
        self._requests = requests


def path_segment(value: str) -> str:
    """Return a value in the form that it has inside a path.

    A lone dot or two would change the path instead of naming something in it.
    """
    return quote(value, safe="").replace(".", "%2E")
