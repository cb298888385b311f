"""For all tests: Home Assistant goes first, as it puts its own httpx and voluptuous in place."""

import homeassistant  # noqa: F401  # isort: skip

import custom_components.immich_admin_tools  # noqa: F401
