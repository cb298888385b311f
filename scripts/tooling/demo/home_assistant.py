"""Home Assistant's process and its API, and the integration's dialogs as a user answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
from pathlib import Path
import time
from typing import Any
import urllib.error
import urllib.parse
import urllib.request

from ..common import INTEGRATION, ToolingError
from .folder import USER
from .processes import Child, Children

Json = Any  # what json.loads returns

_START_TIMEOUT = 180.0
"""Seconds: a first start on a slow machine also makes the database."""

_LOAD_TIMEOUT = 20.0

_MOST_STEPS = 10
"""Of the dialogs that set the integration up."""

RESTART = 100
"""Exit code when a user asked for a restart."""

_FLOWS = "/api/config/config_entries"
_ENTRIES = f"{_FLOWS}/entry?domain={INTEGRATION.name}"

_STATES = (
    "{% set found = namespace(states={}) %}"
    "{% for id in integration_entities('" + INTEGRATION.name + "') %}"
    "{% set found.states = dict(found.states, **{id: states(id)}) %}"
    "{% endfor %}{{ found.states | to_json }}"
)

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""The demo is on this machine: no proxy of the environment is asked."""


class RequestError(ToolingError):
    """A request that was refused or that nothing answered."""


def request(
    method: str,
    url: str,
    body: Mapping[str, Json] | None = None,
    *,
    form: bool = False,
    token: str | None = None,
) -> Json:
    """Send a request and return the JSON of its answer (or its text; None when it is empty)."""
    headers = {"Accept": "application/json"}
    data = None
    if body is not None:
        text = urllib.parse.urlencode(body) if form else json.dumps(body)
        kind = "x-www-form-urlencoded" if form else "json"
        headers["Content-Type"] = f"application/{kind}"
        data = text.encode()
    if token:
        headers["Authorization"] = f"Bearer {token}"
    message = urllib.request.Request(url, data, headers, method=method)
    try:
        with _OPENER.open(message, timeout=30) as answer:
            said = answer.read().decode()
    except urllib.error.HTTPError as error:
        detail = error.read().decode(errors="replace")[:500]
        raise RequestError(f"{method} {url}: {error.code} {detail}") from error
    except OSError as error:
        raise RequestError(f"{method} {url}: {error}") from error
    try:
        return json.loads(said) if said else None
    except ValueError:
        return said


def start(children: Children, python: Path, config: Path) -> Child:
    """Start Home Assistant."""
    return children.start(
        "home-assistant",
        # Everything it needs is in the lock file, so it never has to look for packages.
        [python, "-m", "homeassistant", "--config", config, "--skip-pip"],
        env={
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPATH": str(Path(__file__).parent / "without_voice"),
        },
    )


class HomeAssistant:
    """What the demo asks of Home Assistant."""

    def __init__(self, url: str, child: Child) -> None:
        """Talk to the instance at `url`."""
        self.url = url
        self.child = child
        # The browser's login page says the same.
        self._client_id = f"{url}/"
        self._token = ""
        self._refresh_token = ""
        self._expires = 0.0

    def wait_until_running(self) -> None:
        """Wait until it answers; raises `ToolingError` when it ends or takes too long."""
        deadline = time.monotonic() + _START_TIMEOUT
        while True:
            self.child.must_run()
            try:
                request("GET", f"{self.url}/manifest.json")
            except RequestError as error:
                if time.monotonic() > deadline:
                    raise ToolingError(f"{error}\n{self.child.tail()}") from error
                time.sleep(0.25)
            else:
                return

    def wait_until_started(self) -> None:
        """Wait until everything is loaded."""
        deadline = time.monotonic() + _START_TIMEOUT
        while self.call("GET", "/api/config")["state"] != "RUNNING":
            self.child.must_run()
            if time.monotonic() > deadline:
                raise ToolingError(f"It doesn't get ready:\n{self.child.tail()}")
            time.sleep(0.25)

    def make_user(self, password: str) -> None:
        """Do the first step of the welcome page: the owner's account."""
        user = {"name": USER.capitalize(), "username": USER, "password": password}
        body = {"client_id": self._client_id, "language": "en", **user}
        answer = request("POST", f"{self.url}/api/onboarding/users", body)
        self._fetch_tokens(grant_type="authorization_code", code=answer["auth_code"])

    def log_in(self, password: str) -> None:
        """Log in as the login page does."""
        page, me = f"{self.url}/auth/login_flow", {"client_id": self._client_id}
        how = {"handler": ["homeassistant", None], "redirect_uri": self._client_id}
        flow = request("POST", page, {**me, **how})["flow_id"]
        login = {**me, "username": USER, "password": password}
        done = request("POST", f"{page}/{flow}", login)
        if done["type"] != "create_entry":
            raise ToolingError(
                "The login failed: the password was changed. `scripts/develop --reset` starts anew."
            )
        self._fetch_tokens(grant_type="authorization_code", code=done["result"])

    def tokens(self) -> Json:
        """Return the login as the browser keeps it in `localStorage.hassTokens`."""
        self._renew()
        return {
            "hassUrl": self.url,
            "clientId": self._client_id,
            "access_token": self._token,
            "refresh_token": self._refresh_token,
            "token_type": "Bearer",
            "expires_in": 1800,
            "expires": int((time.time() + self._expires - time.monotonic()) * 1000),
        }

    def call(self, method: str, path: str, body: Json = None) -> Json:
        """Send a request as the user."""
        self._renew()
        return request(method, f"{self.url}{path}", body, token=self._token)

    def states(self) -> Mapping[str, str]:
        """Return the states of the integration's entities."""
        found: Mapping[str, str] = self.call(
            "POST", "/api/template", {"template": _STATES}
        )
        return found

    def _renew(self) -> None:
        if time.monotonic() > self._expires - 60:
            token = self._refresh_token
            self._fetch_tokens(grant_type="refresh_token", refresh_token=token)

    def _fetch_tokens(self, **grant: str) -> None:
        body = {**grant, "client_id": self._client_id}
        answer = request("POST", f"{self.url}/auth/token", body, form=True)
        self._token = answer["access_token"]
        self._expires = time.monotonic() + answer["expires_in"]
        self._refresh_token = answer.get("refresh_token", self._refresh_token)

    def entries(self) -> Sequence[Mapping[str, Json]]:
        """Return the integration's entries."""
        found: Sequence[Mapping[str, Json]] = self.call("GET", _ENTRIES)
        return found

    def remove_entries(self) -> None:
        """Remove every entry of the integration."""
        for entry in self.entries():
            self.call("DELETE", f"{_FLOWS}/entry/{entry['entry_id']}")

    def problem(self) -> str | None:
        """Return why the integration isn't loaded, after giving it time; None when it is."""
        deadline = time.monotonic() + _LOAD_TIMEOUT
        while True:
            entries = self.entries()
            waiting = [entry for entry in entries if entry["state"] != "loaded"]
            if entries and not waiting:
                return None
            if time.monotonic() > deadline:
                said = [
                    f"{entry['state']} {entry['reason'] or ''}" for entry in waiting
                ]
                return "; ".join(said)
            time.sleep(0.5)

    def set_up_integration(self, answers: Mapping[str, str]) -> None:
        """Add the integration by its dialogs; of its data sources, choose Redis."""
        flow = f"{_FLOWS}/flow"
        step = self.call("POST", flow, {"handler": INTEGRATION.name})
        for _ in range(_MOST_STEPS):
            if step["type"] == "create_entry":
                return
            reply: Mapping[str, Json]
            if step["type"] == "menu":
                reply = {"next_step_id": "redis"}
            elif step["type"] == "form" and not step.get("errors"):
                reply = fill_in(step["data_schema"], answers)
            else:
                raise ToolingError(f"The set-up doesn't go on: {step}")
            step = self.call("POST", f"{flow}/{step['flow_id']}", reply)
        raise ToolingError("The set-up asks for more and more")

    def set_up_gpu_box(self, ml_url: str) -> None:
        """Add a GPU box by its dialog: the simulated machine learning, with a slow start.

        It is on at first, and its switch "Automatic power" is left to the user.
        """
        answers = {
            "name": "GPU box",
            "ml_url": ml_url,
            "wake": {"on_action": _switch("on", seconds=8)},
            "sleep": {
                "off_action": _switch("off", seconds=4),
                "idle_time": {"seconds": 30},
                "minimum_on": {"seconds": 30},
                "cool_down": {"seconds": 30},
            },
            "automatic": {"wake_backlog": 20},
            "work": {},
        }
        flows = f"{_FLOWS}/subentries/flow"
        for entry in self.entries():
            handler = {"handler": [entry["entry_id"], "gpu_host"]}
            form = self.call("POST", flows, handler)
            self.call("POST", f"{flows}/{form['flow_id']}", answers)


def fill_in(
    schema: Sequence[Mapping[str, Json]], answers: Mapping[str, Json]
) -> dict[str, Json]:
    """Answer a form as a user does who fills in what he knows and leaves the rest as it is."""
    reply: dict[str, Json] = {}
    for field in schema:
        name = field["name"]
        if field.get("type") == "expandable":
            reply[name] = fill_in(field["schema"], answers)
        elif name in answers:
            reply[name] = answers[name]
        elif "suggested_value" in (field.get("description") or {}):
            reply[name] = field["description"]["suggested_value"]
        elif "default" in field:
            reply[name] = field["default"]
        elif field.get("required"):
            raise ToolingError(
                f"The set-up asks for {name}, which the demo doesn't know"
            )
    return reply


def _switch(mode: str, *, seconds: int) -> Json:
    """Return the actions that let the box go on or off after a while."""
    call = {"action": "rest_command.gpu_box", "data": {"mode": mode}}
    return [{"delay": {"seconds": seconds}}, call]
