"""Names and numbers that the whole integration shares."""

from datetime import timedelta
import logging
from typing import Final

DOMAIN: Final = "immich_admin_tools"
LOGGER = logging.getLogger(__package__)

CONF_VERIFY_SSL: Final = "verify_ssl"
CONF_REDIS_URL: Final = "redis_url"
CONF_REDIS_USERNAME: Final = "redis_username"
CONF_REDIS_PASSWORD: Final = "redis_password"
CONF_REDIS_VERIFY_SSL: Final = "redis_verify_ssl"
CONF_REDIS_CA: Final = "redis_ca"
CONF_REDIS_PREFIX: Final = "redis_prefix"

CONF_POLL_INTERVAL: Final = "poll_interval"
CONF_THRESHOLDS: Final = "thresholds"
CONF_JOB_THRESHOLDS: Final = "job_thresholds"
CONF_EXTERNAL_URL: Final = "external_url"
CONF_TELEMETRY_URL: Final = "telemetry_url"
CONF_HISTORY_DAYS: Final = "history_days"
CONF_RESTART_ACTION: Final = "restart_action"
CONF_AUTO_HEAL: Final = "auto_heal"
CONF_HEAL_LIMITS: Final = "heal_limits"

DEFAULT_POLL_INTERVAL: Final = 5
MIN_POLL_INTERVAL: Final = 5
MAX_POLL_INTERVAL: Final = 300
DEFAULT_HISTORY_DAYS: Final = 90

SERVER_INTERVAL: Final = timedelta(seconds=30)
"""How often Immich is asked for its queues, version and settings."""

POLLS_BEFORE_REMOVAL: Final = 10
"""Good replies without a queue before its device is removed."""

THUMBNAIL_URL: Final = f"/api/{DOMAIN}/{{entry_id}}/thumbnail/{{asset_id}}"
"""Where Home Assistant serves the picture of an asset."""
