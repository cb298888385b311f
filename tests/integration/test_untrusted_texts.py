"""What servers and their clients say, where a user or a log could meet it."""

from collections.abc import Mapping
import json
import logging
import traceback

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.bullmq import errors as bullmq
from custom_components.immich_admin_tools.const import (
    CONF_REDIS_PASSWORD,
    CONF_REDIS_URL,
    CONF_REDIS_USERNAME,
    CONF_VERIFY_SSL,
    DOMAIN,
)
from custom_components.immich_admin_tools.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.immich_admin_tools.errors import message_of
from custom_components.immich_admin_tools.healing import errors as healing
from custom_components.immich_admin_tools.immich import errors as immich
from custom_components.immich_admin_tools.texts import MAX_LENGTH, plain
from tests.bullmq.echo_server import COMPLAINTS, Complain, echo_server
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import enable_all, entry_for, poll, set_up

USER = "user-that-nobody-needs-to-see"
PASSWORD = "password-that-must-never-be-seen"
LINK = "[Click](https://evil.example/x) <a href='//evil.example'>x</a> **now**"


async def _login_dialog(
    hass: HomeAssistant, simulator: Simulator, url: str
) -> Mapping[str, object]:
    """Answer the dialogs with a password; return the last one."""
    flow = hass.config_entries.flow
    result = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    for answer in (
        {
            CONF_URL: simulator.url,
            CONF_API_KEY: simulator.api_key,
            CONF_VERIFY_SSL: True,
        },
        {"next_step_id": "redis"},
        {
            CONF_REDIS_URL: url,
            CONF_REDIS_USERNAME: USER,
            CONF_REDIS_PASSWORD: PASSWORD,
            "more": {},
        },
    ):
        result = await flow.async_configure(result["flow_id"], answer)
    assert result["errors"]
    flow.async_abort(result["flow_id"])
    return {
        "errors": result["errors"],
        "placeholders": result["description_placeholders"],
    }


@pytest.mark.parametrize("complain", COMPLAINTS)
async def test_password_that_a_redis_repeats(
    hass: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    complain: Complain,
) -> None:
    """It is in no log, issue, state, dialog, diagnostics or error of an action."""
    caplog.set_level(logging.DEBUG)
    for loud in ("asyncio", "sqlalchemy", "homeassistant"):
        caplog.set_level(logging.INFO, loud)
    async with echo_server(complain) as port:
        url = f"redis://127.0.0.1:{port}"
        shown: list[object] = [await _login_dialog(hass, simulator, url)]
        login = {CONF_REDIS_USERNAME: USER, CONF_REDIS_PASSWORD: PASSWORD}
        entry = entry_for(simulator, url, **login)
        await set_up(hass, entry)
        await enable_all(hass, entry)
        await poll(hass, entry)
        for action in ("clear_stuck", "clear_failed", "get_jobs", "restart_workers"):
            try:
                answer = await hass.services.async_call(
                    DOMAIN,
                    action,
                    {"config_entry_id": entry.entry_id}
                    | ({} if action == "restart_workers" else {"queue": "ocr"}),
                    blocking=True,
                    return_response=True,
                )
            except HomeAssistantError as error:
                shown += [
                    "".join(traceback.format_exception(error)),
                    error.translation_placeholders,
                ]
            else:
                shown.append(answer)
        shown += [
            [issue.to_json() for issue in ir.async_get(hass).issues.values()],
            [
                (issue.translation_key, issue.translation_placeholders)
                for issue in ir.async_get(hass).issues.values()
            ],
            [state.as_dict() for state in hass.states.async_all()],
            await async_get_config_entry_diagnostics(hass, entry),
            entry.reason,
        ]
        await hass.config_entries.async_unload(entry.entry_id)
    text = json.dumps(shown, default=repr)
    assert "redis" in text
    for secret in (PASSWORD, USER):
        assert secret not in text
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LINK, "Click (https: //evil.example/x) a href='//evil.example' x /a now"),
        ("![x](//evil.example/x.png)", "x (//evil.example/x.png)"),
        (
            "http://evil.example www.evil.example",
            "http: //evil.example www evil.example",
        ),
        ("me@evil.example", "me evil.example"),
        ("a\n\n# Head\n- item\n> quote", "a # Head - item quote"),
        ("# Head", "Head"),
        ("`code` ~~gone~~ *a* __b__ _c_", "code ~gone~ a b c"),
        ("&lt;b&gt;", "&lt;b&gt;"),
        ("a\u202eb\u200b\x00c", "a b c"),
        # What has to be told exactly.
        ("+xinfo|stream ~immich_bull:*", "+xinfo|stream ~immich_bull:*"),
        ("&socket.io-request#/#", "&socket.io-request#/#"),
        ("bullmq:5.80.5, Größe 10 %, हिन्दी", "bullmq:5.80.5, Größe 10 %, हिन्दी"),
        (
            "/config/.storage/immich_admin_tools.x",
            "/config/.storage/immich_admin_tools.x",
        ),
    ],
)
def test_plain_characters(text: str, expected: str) -> None:
    """No link, no Markdown, no HTML; the words stay readable."""
    assert plain(text) == expected
    assert plain(plain(text)) == expected


def test_bounded() -> None:
    """However long the text of a server is."""
    assert len(plain("x" * 100_000)) == MAX_LENGTH
    assert plain("x" * 100_000).endswith("x…")


@pytest.mark.parametrize(
    "error",
    [
        bullmq.BullMQError(LINK),
        bullmq.UnknownLayoutError(LINK, LINK),
        bullmq.NoQueuesError(LINK),
        healing.OthersOnRedisError((f"prefix {LINK}",)),
        healing.RestartFailedError((("redis", Exception(LINK)),)),
        immich.RequestRefusedError(LINK),
        immich.RedirectedError("https://evil.example/x"),
        immich.MissingPermissionError((LINK,)),
        immich.UnsupportedVersionError(LINK),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_link_in_any_error(error: Exception) -> None:
    """Whatever a server, or a client of Redis, calls itself."""
    _, placeholders = message_of(error)  # type: ignore[arg-type]  # of all kinds
    for text in placeholders.values():
        assert not set("[]<>`@") & set(text)
        assert "://" not in text
        assert "**" not in text
        assert len(text) <= MAX_LENGTH


async def test_no_link_in_an_issue(
    hass: HomeAssistant, valkey: Valkey, entry: MockConfigEntry
) -> None:
    """The names of queues and whatever stands in Redis are plain there."""
    hass.config_entries.async_update_entry(entry, title=LINK)
    redis = entry.runtime_data.queues.redis
    async with valkey.client() as client:
        version = await client.hget("immich_bull:ocr:meta", "version")
        await client.hset("immich_bull:ocr:meta", "version", LINK)
        redis.error = None
        await poll(hass, entry)
        await client.hset("immich_bull:ocr:meta", "version", version or b"")
    issues = [
        issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN
    ]
    assert issues
    for issue in issues:
        for text in (issue.translation_placeholders or {}).values():
            assert not set("[]<>`@") & set(text)
            assert "://" not in text
