"""Makes the test plugin fit a Home Assistant for which it has no release yet (loaded by pyproject.toml).

Take it out when a release of the plugin pins that Home Assistant.
"""

import importlib.util
import sys
from types import SimpleNamespace

if importlib.util.find_spec("respx") is None:
    # respx needs httpx, and this Home Assistant has httpx2 in its place. Our tests don't use
    # respx; the plugin only looks whether a test has cleaned up after itself.
    sys.modules["respx"] = SimpleNamespace(  # type: ignore[assignment]
        mock=SimpleNamespace(routes=(), clear=lambda: None)
    )

    from homeassistant.components import logger
    from homeassistant.components.logger import helpers

    # The component no longer exports it.
    if not hasattr(logger, "_clear_logger_overwrites"):
        logger._clear_logger_overwrites = helpers._clear_logger_overwrites
