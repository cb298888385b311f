"""The dialogs, against real servers: every way through, and every failure named."""

from collections.abc import Mapping
from typing import Any, cast

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.immich_admin_tools.bullmq.connection import RedisSettings
from custom_components.immich_admin_tools.config_flow import (
    RedisFound,
    reads_same_queues,
)
from custom_components.immich_admin_tools.const import (
    CONF_EXTERNAL_URL,
    CONF_POLL_INTERVAL,
    CONF_REDIS_PASSWORD,
    CONF_REDIS_PREFIX,
    CONF_REDIS_URL,
    CONF_REDIS_USERNAME,
    CONF_VERIFY_SSL,
    DOMAIN,
)
from custom_components.immich_admin_tools.immich.permissions import REQUIRED
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entry_for, set_up

READ_ONLY_USER = "ha_ro"
READ_RULES = (
    "+ping +info +time +llen +zcard +lrange +lindex +hget +hmget +get +pttl +xread "
    "+xinfo|stream +zrevrange +multi +exec"
)


def _immich(simulator: Simulator, **changes: object) -> dict[str, object]:
    return {
        CONF_URL: simulator.url,
        CONF_API_KEY: simulator.api_key,
        CONF_VERIFY_SSL: True,
        **changes,
    }


def _redis(url: str, **changes: object) -> dict[str, object]:
    more = {key: changes.pop(key) for key in (CONF_REDIS_PREFIX,) if key in changes}
    return {CONF_REDIS_URL: url, "more": more, **changes}


async def _start(hass: HomeAssistant) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )


async def _answer(
    hass: HomeAssistant, result: ConfigFlowResult, user_input: Mapping[str, object]
) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(
        result["flow_id"], dict(user_input)
    )


async def _up_to_menu(hass: HomeAssistant, simulator: Simulator) -> ConfigFlowResult:
    result = await _start(hass)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    result = await _answer(hass, result, _immich(simulator))
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["redis", "api_only"]
    return result


async def _up_to_redis(hass: HomeAssistant, simulator: Simulator) -> ConfigFlowResult:
    result = await _up_to_menu(hass, simulator)
    result = await _answer(hass, result, {"next_step_id": "redis"})
    assert result["step_id"] == "redis"
    assert not result["errors"]
    assert "+lrem" in (result["description_placeholders"] or {})["acl"]
    return result


async def test_immich_and_redis(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """The recommended way."""
    result = await _up_to_redis(hass, simulator)
    result = await _answer(hass, result, _redis(valkey.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Immich"
    assert result["result"].unique_id == simulator.user_id
    assert result["data"][CONF_REDIS_URL] == valkey.url.removesuffix("/0")
    assert result["data"][CONF_REDIS_PREFIX] == "immich_bull"
    assert "more" not in result["data"]
    await hass.async_block_till_done()
    assert result["result"].runtime_data.queues.redis.connected


async def test_immich_only(hass: HomeAssistant, simulator: Simulator) -> None:
    """Without Redis."""
    result = await _up_to_menu(hass, simulator)
    result = await _answer(hass, result, {"next_step_id": "api_only"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(result["data"]) == _immich(simulator)
    assert (result["description_placeholders"] or {})["queues"] == "19"
    await hass.async_block_till_done()


@pytest.mark.parametrize("spelling", ["{}/", "{}/api", " {}/api/ ", "{}/?x=1"])
async def test_spellings_of_an_address(
    hass: HomeAssistant, simulator: Simulator, spelling: str
) -> None:
    """What people paste is understood."""
    result = await _start(hass)
    user_input = _immich(
        simulator,
        url=spelling.format(simulator.url),
        api_key=f"  {simulator.api_key}\n",
    )
    result = await _answer(hass, result, user_input)
    assert result["type"] is FlowResultType.MENU
    result = await _answer(hass, result, {"next_step_id": "api_only"})
    assert dict(result["data"]) == _immich(simulator)


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({CONF_URL: "192.168.1.20"}, CONF_URL, "immich_invalid_address"),
        ({CONF_URL: "ftp://immich"}, CONF_URL, "immich_invalid_address"),
        ({CONF_URL: "http://127.0.0.1:1"}, "base", "immich_cannot_connect"),
        ({CONF_API_KEY: "wrong"}, "base", "immich_invalid_api_key"),
        ({CONF_API_KEY: "  "}, "base", "immich_invalid_api_key"),
    ],
)
async def test_wrong_address_or_key(
    hass: HomeAssistant,
    simulator: Simulator,
    changes: dict[str, str],
    field: str,
    error: str,
) -> None:
    """The mistake is named, and can be mended in place."""
    result = await _start(hass)
    result = await _answer(hass, result, _immich(simulator, **changes))
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {field: error}
    result = await _answer(hass, result, _immich(simulator))
    assert result["type"] is FlowResultType.MENU


async def test_https_where_http_is_spoken(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """It is said that Immich answers there by http, and what that means."""
    result = await _start(hass)
    url = simulator.url.replace("http://", "https://")
    result = await _answer(hass, result, _immich(simulator, url=url))
    assert result["errors"] == {"base": "immich_only_plain_http"}


async def test_something_else_answers(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Another web server is not taken for Immich."""
    result = await _start(hass)
    result = await _answer(hass, result, _immich(simulator, url=simulator.ml_url))
    assert result["errors"] == {"base": "immich_not_immich"}


@pytest.mark.parametrize("scope", sorted(REQUIRED))
async def test_missing_right_is_named(
    hass: HomeAssistant, simulator: Simulator, scope: str
) -> None:
    """Each right that is needed is named when it is missing."""
    key = await simulator.add_key(*(REQUIRED.keys() - {scope}))
    result = await _start(hass)
    result = await _answer(hass, result, _immich(simulator, api_key=key))
    assert result["errors"] == {"base": "immich_missing_permission"}
    assert (result["description_placeholders"] or {})["missing"] == scope


async def test_key_of_somebody_who_is_no_admin(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Only an administrator's key sees the queues."""
    key = await simulator.add_key("all", admin=False)
    result = await _start(hass)
    result = await _answer(hass, result, _immich(simulator, api_key=key))
    assert result["errors"] == {"base": "immich_not_admin"}


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("500", "immich_server_error"),
        ("garbage", "immich_unexpected_reply"),
    ],
)
async def test_immich_in_trouble(
    hass: HomeAssistant, simulator: Simulator, mode: Any, error: str
) -> None:
    """A server that fails is not a wrong key."""
    await simulator.api(mode)
    result = await _start(hass)
    result = await _answer(hass, result, _immich(simulator))
    assert result["errors"] == {"base": error}


async def test_same_immich_twice(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """One entry per Immich."""
    result = await _start(hass)
    result = await _answer(hass, result, _immich(simulator))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1", "redis_invalid_address"),
        ("127.0.0.1:6379", "redis_invalid_address"),
        ("redis://127.0.0.1:1", "redis_cannot_connect"),
        ("unix:///nowhere.sock", "redis_cannot_connect"),
    ],
)
async def test_wrong_address_of_redis(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, url: str, error: str
) -> None:
    """The mistake is named, and can be mended in place."""
    result = await _up_to_redis(hass, simulator)
    result = await _answer(hass, result, _redis(url))
    assert result["errors"] == {"base": error}
    result = await _answer(hass, result, _redis(valkey.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_wrong_prefix_or_database(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """A Redis without Immich's queues is told from one that does not answer."""
    result = await _up_to_redis(hass, simulator)
    result = await _answer(hass, result, _redis(valkey.url, redis_prefix="bull"))
    assert result["errors"] == {"base": "redis_no_queues"}
    assert (result["description_placeholders"] or {})["prefix"] == "bull"
    result = await _answer(hass, result, _redis(f"{valkey.url[:-2]}/3"))
    assert result["errors"] == {"base": "redis_no_queues"}


async def _acl(valkey: Valkey, *rules: str) -> None:
    """Make the user anew with these rules."""
    async with valkey.client() as client:
        await client.execute_command(  # type: ignore[no-untyped-call] # redis-py's
            "ACL",
            "SETUSER",
            READ_ONLY_USER,
            "reset",
            "on",
            ">secret",
            "~immich_bull:*",
            "resetchannels",
            "-@all",
            *rules,
        )


async def test_login_to_redis(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """A wrong password is told; a user in the address moves to its fields."""
    await _acl(valkey, *READ_RULES.split(), "+@all")
    result = await _up_to_redis(hass, simulator)
    result = await _answer(
        hass,
        result,
        _redis(valkey.url, redis_username=READ_ONLY_USER, redis_password="wrong"),
    )
    assert result["errors"] == {"base": "redis_authentication"}
    pasted = valkey.url.replace("redis://", f"redis://{READ_ONLY_USER}:secret@")
    result = await _answer(hass, result, _redis(pasted))
    assert result["type"] is FlowResultType.CREATE_ENTRY, result["errors"]
    data = result["data"]
    assert data[CONF_REDIS_USERNAME] == READ_ONLY_USER
    assert data[CONF_REDIS_PASSWORD] == "secret"
    assert "secret" not in data[CONF_REDIS_URL]
    await hass.async_block_till_done()


async def test_right_to_read_is_missing(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """The command is named."""
    await _acl(valkey, *(rule for rule in READ_RULES.split() if rule != "+lrange"))
    result = await _up_to_redis(hass, simulator)
    result = await _answer(
        hass,
        result,
        _redis(valkey.url, redis_username=READ_ONLY_USER, redis_password="secret"),
    )
    assert result["errors"] == {"base": "redis_missing_rights"}
    assert (result["description_placeholders"] or {})["missing"] == "+lrange"


async def test_user_who_may_only_read(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """It is said what is missing to heal; going on without is a choice."""
    await _acl(valkey, *READ_RULES.split())
    login = {CONF_REDIS_USERNAME: READ_ONLY_USER, CONF_REDIS_PASSWORD: "secret"}
    result = await _up_to_redis(hass, simulator)
    result = await _answer(hass, result, _redis(valkey.url, **login))
    assert result["errors"] == {"base": "redis_cannot_heal"}
    placeholders = result["description_placeholders"] or {}
    assert "+lrem" in placeholders["missing"]
    assert placeholders["acl"].startswith(f"ACL SETUSER {READ_ONLY_USER} ")
    result = await _answer(hass, result, _redis(valkey.url, **login, read_only=True))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "read_only" not in result["data"]
    await hass.async_block_till_done()
    assert result["result"].runtime_data.queues.redis.connected


async def test_same_redis_twice(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """Two entries that read the same queues would heal twice."""
    other = entry_for(simulator, valkey.url, unique_id="somebody-else")
    await set_up(hass, other)
    # As if it had been set up by another address of the same server.
    moved = {**other.data, CONF_URL: "http://immich.lan"}
    other.runtime_data.set_up_with = (moved, {}, {})
    hass.config_entries.async_update_entry(other, data=moved)
    result = await _up_to_redis(hass, simulator)
    result = await _answer(hass, result, _redis(valkey.url))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "same_redis"
    await hass.config_entries.async_unload(other.entry_id)


async def test_new_key_after_the_old_one_was_deleted(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Immich forgets the key, the user is asked, and all goes on."""
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_API_KEY: "deleted"}
    )
    await hass.async_block_till_done()
    flows = hass.config_entries.flow.async_progress()
    assert [flow["step_id"] for flow in flows] == ["reauth_confirm"]
    result = await hass.config_entries.flow.async_configure(
        flows[0]["flow_id"], {CONF_API_KEY: "wrong too"}
    )
    assert result["errors"] == {"base": "immich_invalid_api_key"}
    result = await _answer(hass, result, {CONF_API_KEY: simulator.api_key})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.data[CONF_API_KEY] == simulator.api_key
    assert entry.state.recoverable
    assert entry.runtime_data.server.last_update_success


async def test_new_key_of_another_user(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Another user's key would be another entry."""
    hass.config_entries.async_update_entry(entry, unique_id="another-user")
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    result = await _answer(hass, result, {CONF_API_KEY: simulator.api_key})
    assert result["reason"] == "wrong_user"


async def test_add_redis_later(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    api_only_entry: MockConfigEntry,
) -> None:
    """Reconfigure starts from what is there and reloads once."""
    result = await api_only_entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    result = await _answer(hass, result, _immich(simulator))
    assert result["type"] is FlowResultType.MENU
    result = await _answer(hass, result, {"next_step_id": "redis"})
    result = await _answer(hass, result, _redis(valkey.url))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert api_only_entry.runtime_data.queues.redis.connected


async def test_take_redis_away(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, entry: MockConfigEntry
) -> None:
    """Nothing of Redis is left in the data; its form knew what was set up."""
    result = await entry.start_reconfigure_flow(hass)
    result = await _answer(hass, result, _immich(simulator))
    result = await _answer(hass, result, {"next_step_id": "redis"})
    suggested = {
        str(key): key.description["suggested_value"]
        for key in result["data_schema"].schema  # type: ignore[union-attr] # a form has one
        if key.description
    }
    assert suggested[CONF_REDIS_URL] == valkey.url
    hass.config_entries.flow.async_abort(result["flow_id"])

    result = await entry.start_reconfigure_flow(hass)
    result = await _answer(hass, result, _immich(simulator))
    result = await _answer(hass, result, {"next_step_id": "api_only"})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert dict(entry.data) == _immich(simulator)
    assert entry.runtime_data.queues.redis is None


async def test_reconfigure_with_another_users_key(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The entry stays what it is."""
    hass.config_entries.async_update_entry(entry, unique_id="another-user")
    result = await entry.start_reconfigure_flow(hass)
    result = await _answer(hass, result, _immich(simulator))
    assert result["reason"] == "wrong_user"


async def test_options(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The pace changes at once; what entities keep in the options stays."""
    hass.config_entries.async_update_entry(entry, options={"thresholds": {"ocr": 60}})
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["step_id"] == "init"
    rest = {"healing": {}, "restart": {"cool_down": {"minutes": 30}, "per_day": 3}}
    bad = {CONF_POLL_INTERVAL: 20, CONF_EXTERNAL_URL: "photos.example.com", **rest}
    result = await hass.config_entries.options.async_configure(result["flow_id"], bad)
    assert result["errors"] == {CONF_EXTERNAL_URL: "immich_invalid_address"}
    good = {**bad, CONF_EXTERNAL_URL: "https://photos.example.com/"}
    result = await hass.config_entries.options.async_configure(result["flow_id"], good)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert dict(entry.options) == {
        "thresholds": {"ocr": 60},
        CONF_POLL_INTERVAL: 20,
        CONF_EXTERNAL_URL: "https://photos.example.com",
    }
    assert entry.runtime_data.queues.update_interval.total_seconds() == 20


@pytest.mark.parametrize(
    "options",
    [
        {},
        {
            CONF_POLL_INTERVAL: 20,
            "thresholds": {"ocr": 60},
            "auto_heal": "clear_and_log",
            "job_thresholds": {"Ocr": 7},
            "heal_limits": {"strikes": 3, "restarts_per_day": 9},
            "restart_action": {"ways": ["maintenance"]},
        },
    ],
)
async def test_options_submitted_untouched_change_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, options: dict[str, Any]
) -> None:
    """Filled in as a browser does: with what is shown, sections included."""
    hass.config_entries.async_update_entry(entry, options=options)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], _as_shown(result["data_schema"])
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == options


def _as_shown(form: vol.Schema | None) -> dict[str, Any]:
    """Return what Home Assistant's page sends when nobody touches a form.

    A section that has a default of its own is sent as that, whatever its fields say.
    """
    shown: dict[str, Any] = {}
    assert form is not None
    for marker, field in form.schema.items():
        described = marker.description or {}
        if "suggested_value" in described:
            shown[str(marker)] = described["suggested_value"]
        elif callable(marker.default):
            shown[str(marker)] = marker.default()
        elif isinstance(field, section) and isinstance(marker, vol.Required):
            shown[str(marker)] = _as_shown(field.schema)
    return shown


def test_an_entry_that_is_not_loaded_reads_no_queues() -> None:
    """Nobody knows which Redis it would find: it is no reason to refuse another one."""
    entry = MockConfigEntry(domain=DOMAIN)
    settings = RedisSettings("redis://redis:6379")
    assert not reads_same_queues(entry, settings, cast("RedisFound", None))
