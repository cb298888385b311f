"""Whether machine learning answers, asked through Immich.

Its address may be known only inside Immich's own network.
"""

from secrets import token_hex

from .api import ImmichApi
from .errors import NoReplyError, ServerError
from .models import MachineLearning
from .requests import Request

_PROBE_TIMEOUT = 15.0
"""Seconds; Immich itself gives up on a silent host after 10."""


class MachineLearningApi(ImmichApi):
    """A search that finds nothing but has to ask the machine learning."""

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
