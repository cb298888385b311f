"""From the errors of the packages to the messages that a user reads.

Each error type has one translation key. The same keys serve the config flow
(`config.error`) and everything else (`exceptions`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .bullmq import errors as bullmq
from .const import DOMAIN
from .gpu_host import errors as gpu_host
from .healing import errors as healing
from .immich import errors as immich
from .texts import plain_placeholders

type _Error = (
    immich.ImmichError
    | bullmq.BullMQError
    | healing.HealingError
    | gpu_host.GpuHostError
)

# Ordered: a more special type stands before its base.
_KEYS: tuple[tuple[type[_Error], str], ...] = (
    (immich.CertificateError, "immich_certificate"),
    (immich.NoReplyError, "immich_no_reply"),
    (immich.ConnectionLostError, "immich_connection_lost"),
    (immich.TlsNotSpokenError, "immich_not_immich"),
    (immich.CannotConnectError, "immich_cannot_connect"),
    (immich.InvalidAddressError, "immich_invalid_address"),
    (immich.OnlyPlainHttpError, "immich_only_plain_http"),
    (immich.WrongSchemeError, "immich_wrong_scheme"),
    (immich.RedirectedError, "immich_redirected"),
    (immich.NotImmichError, "immich_not_immich"),
    (immich.InvalidApiKeyError, "immich_invalid_api_key"),
    (immich.NotAdminError, "immich_not_admin"),
    (immich.MissingPermissionError, "immich_missing_permission"),
    (immich.UnsupportedVersionError, "immich_unsupported_version"),
    (immich.MaintenanceModeError, "immich_maintenance"),
    (immich.ServerError, "immich_server_error"),
    (immich.UnexpectedReplyError, "immich_unexpected_reply"),
    (immich.JobAlreadyRunningError, "immich_already_running"),
    (immich.ConfigFileError, "immich_config_file"),
    (immich.ConfigConflictError, "immich_config_conflict"),
    (immich.FixedConcurrencyError, "immich_fixed_concurrency"),
    (immich.NotStartableError, "immich_not_startable"),
    (immich.UnknownQueueError, "immich_unknown_queue"),
    (immich.UnknownAssetError, "immich_unknown_asset"),
    (immich.MaintenanceTokenError, "immich_maintenance_token"),
    (immich.RequestRefusedError, "immich_refused"),
    (bullmq.RedisCertificateError, "redis_certificate"),
    (bullmq.RedisCannotConnectError, "redis_cannot_connect"),
    (bullmq.RedisAddressError, "redis_invalid_address"),
    (bullmq.AuthenticationError, "redis_authentication"),
    (bullmq.MissingRightsError, "redis_missing_rights"),
    (bullmq.WritesRefusedError, "redis_takes_no_changes"),
    (bullmq.NoQueuesError, "redis_no_queues"),
    (bullmq.VersionMissingError, "redis_version_missing"),
    (bullmq.UnknownLayoutError, "redis_unknown_layout"),
    (healing.EndedError, "entry_unloaded"),
    (healing.NotStoredError, "not_stored"),
    (healing.RestartingError, "restart_running"),
    (healing.NoRestartMethodError, "restart_no_way"),
    (healing.RestartLimitError, "restart_limit"),
    (healing.OthersOnRedisError, "restart_others_on_redis"),
    (healing.NobodyListensError, "restart_nobody_listens"),
    (healing.OwnActionsError, "restart_actions_failed"),
    (healing.OldWorkersError, "restart_old_workers"),
    (healing.NoWorkerBackError, "restart_no_worker"),
    (healing.MaintenanceTimeoutError, "maintenance_timeout"),
    (healing.LockedOutError, "maintenance_locked"),
    (healing.RestartFailedError, "restart_failed"),
    (gpu_host.NoWakeMethodError, "gpu_no_wake_way"),
    (gpu_host.NoOffActionError, "gpu_no_off_action"),
    (gpu_host.NoRestartActionError, "gpu_no_restart_action"),
    (gpu_host.ServiceRestartError, "gpu_restart_failed"),
    (gpu_host.ServiceRestartInterruptedError, "gpu_restart_interrupted"),
)


def message_of(err: _Error) -> tuple[str, dict[str, str]]:
    """Return the translation key of an error and the placeholders of its text.

    The placeholders are plain characters: what a server says is in some of them.
    """
    key = next((key for kind, key in _KEYS if isinstance(err, kind)), "unknown_error")
    return key, plain_placeholders({"error": err, **_details(err)})


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn errors of the packages into one that Home Assistant shows translated."""
    try:
        yield
    except (
        immich.ImmichError,
        bullmq.BullMQError,
        healing.HealingError,
        gpu_host.GpuHostError,
    ) as err:
        key, placeholders = message_of(err)
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders=placeholders,
        ) from err


def _details(err: _Error) -> dict[str, str]:
    """Return what an error names beyond its message."""
    match err:
        case immich.MissingPermissionError(permissions=permissions):
            return {"missing": ", ".join(permissions)}
        case immich.UnsupportedVersionError(version=version):
            return {"version": version}
        case immich.RedirectedError(location=location):
            # The scheme behind the rest, or the text would be taken for a link.
            scheme, _, rest = location.rpartition("://")
            return {"location": f"{rest} ({scheme})" if scheme else rest}
        case bullmq.MissingRightsError(commands=commands):
            return {"missing": " ".join(commands)}
        case bullmq.NoQueuesError(prefix=prefix):
            return {"prefix": prefix}
        case bullmq.UnknownLayoutError(queue=queue, version=version):
            return {"queue": queue, "version": version or "?"}
        case (
            gpu_host.NoWakeMethodError()
            | gpu_host.NoOffActionError()
            | gpu_host.NoRestartActionError()
            | gpu_host.ServiceRestartInterruptedError()
        ):
            return {"host": str(err)}
        case healing.RestartLimitError(next_at=next_at):
            at = dt_util.as_local(dt_util.utc_from_timestamp(next_at / 1000))
            return {"next": at.isoformat(" ", "minutes")[:16]}
        case healing.OthersOnRedisError(others=others):
            return {"others": ", ".join(others)}
    return {}
