"""For all tests: Home Assistant goes first, as it puts its own httpx and voluptuous in place."""

import homeassistant  # noqa: F401  # isort: skip

import logging
import os

from hypothesis import settings

import custom_components.immich_admin_tools  # noqa: F401

# The same examples in every run: what a new one finds is not the fault of the change
# under test. `HYPOTHESIS_PROFILE=default scripts/test` searches anew.
settings.register_profile("same", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# The test plugin lets it tell every statement: 19,000 lines for one failure.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)

# A fixture that several conftest.py import is made once for each of them.
pytest_plugins = ("tests.support.servers",)
