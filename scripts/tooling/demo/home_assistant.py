"""Home Assistant's process and its API."""

from __future__ import annotations

import time

from ..errors import ToolingError
from ..homeassistant_versions import NEWEST
from ..paths import REPOSITORY
from .children import Child, Children
from .folder import USER, DemoFolder
from .http_json import Json, RequestError, request

_START_TIMEOUT = 180.0
"""Seconds: a first start on a slow machine also makes the database."""

RESTART = 100
"""Exit code when a user asked for a restart."""


def start(children: Children, folder: DemoFolder) -> Child:
    """Start Home Assistant."""
    return children.start(
        "home-assistant",
        # Everything it needs is in the lock file, so it never has to look for packages.
        [NEWEST.python, "-m", "homeassistant", "--config", folder.config, "--skip-pip"],
        cwd=REPOSITORY,
        env={"PYTHONDONTWRITEBYTECODE": ""},
    )


class HomeAssistant:
    """What the demo asks of Home Assistant."""

    def __init__(self, url: str, child: Child) -> None:
        """Talk to the instance at `url`."""
        self.url = url
        self.child = child
        self._token: str | None = None
        self._expires = 0.0
        self._refresh_token: str | None = None

    @property
    def client_id(self) -> str:
        """Who asks for a login; the browser's login page uses the same."""
        return f"{self.url}/"

    def wait_until_running(self) -> None:
        """Wait until it answers; raises `ToolingError` when it ends or takes too long."""
        deadline = time.monotonic() + _START_TIMEOUT
        while time.monotonic() < deadline:
            self.child.must_run()
            try:
                request("GET", f"{self.url}/manifest.json", timeout=5)
            except RequestError:
                time.sleep(0.25)
            else:
                return
        raise ToolingError(f"Home Assistant didn't answer:\n{self.child.tail()}")

    def wait_until_started(self) -> None:
        """Wait until everything is loaded."""
        deadline = time.monotonic() + _START_TIMEOUT
        while time.monotonic() < deadline:
            self.child.must_run()
            if self.get("/api/config")["state"] == "RUNNING":
                return
            time.sleep(0.25)
        raise ToolingError(
            f"Home Assistant didn't finish its start:\n{self.child.tail()}"
        )

    def make_user(self, password: str) -> None:
        """Do the first step of the welcome page: the owner's account."""
        answer = request(
            "POST",
            f"{self.url}/api/onboarding/users",
            {
                "client_id": self.client_id,
                "name": USER.capitalize(),
                "username": USER,
                "password": password,
                "language": "en",
            },
        )
        self._fetch_tokens(
            {"grant_type": "authorization_code", "code": answer["auth_code"]}
        )

    def log_in(self, password: str) -> None:
        """Log in as the login page does."""
        begun = request(
            "POST",
            f"{self.url}/auth/login_flow",
            {
                "client_id": self.client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": self.client_id,
            },
        )
        done = request(
            "POST",
            f"{self.url}/auth/login_flow/{begun['flow_id']}",
            {"client_id": self.client_id, "username": USER, "password": password},
        )
        if done["type"] != "create_entry":
            raise ToolingError(
                "The login failed: the password was changed. `scripts/develop --reset` starts anew."
            )
        self._fetch_tokens({"grant_type": "authorization_code", "code": done["result"]})

    def tokens(self) -> Json:
        """Return the login as the browser keeps it in `localStorage.hassTokens`."""
        self._renew()
        return {
            "hassUrl": self.url,
            "clientId": self.client_id,
            "access_token": self._token,
            "refresh_token": self._refresh_token,
            "token_type": "Bearer",
            "expires_in": 1800,
            "expires": int((time.time() + self._expires - time.monotonic()) * 1000),
        }

    def get(self, path: str) -> Json:
        """Send a GET request."""
        return self._request("GET", path)

    def post(self, path: str, body: Json) -> Json:
        """Send a POST request."""
        return self._request("POST", path, body)

    def delete(self, path: str) -> Json:
        """Send a DELETE request."""
        return self._request("DELETE", path)

    def render(self, template: str) -> Json:
        """Return what a template gives, read as JSON."""
        return self.post("/api/template", {"template": template})

    def _request(self, method: str, path: str, body: Json = None) -> Json:
        self._renew()
        return request(method, f"{self.url}{path}", body, token=self._token)

    def _renew(self) -> None:
        if self._refresh_token is None:
            raise ToolingError("Nobody has logged in yet")
        if time.monotonic() > self._expires - 60:
            self._fetch_tokens(
                {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
            )

    def _fetch_tokens(self, grant: dict[str, str]) -> None:
        answer = request(
            "POST",
            f"{self.url}/auth/token",
            {**grant, "client_id": self.client_id},
            form=True,
        )
        self._token = answer["access_token"]
        self._expires = time.monotonic() + answer["expires_in"]
        self._refresh_token = answer.get("refresh_token", self._refresh_token)
