"""For all tests: Home Assistant goes first, as it puts its own httpx and voluptuous in place."""

import homeassistant  # noqa: F401  # isort: skip

import logging

import custom_components.immich_admin_tools  # noqa: F401

# The test plugin lets it tell every statement: 19,000 lines for one failure.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
