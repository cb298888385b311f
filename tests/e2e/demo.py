"""What the tests do with the running demo."""

from collections.abc import Iterator, Mapping
import contextlib
from dataclasses import dataclass, replace
import json
from pathlib import Path
from typing import Any
import urllib.request

from playwright.sync_api import Browser, Page

from scripts.tooling.browser import load, logged_in
from scripts.tooling.demo.home_assistant import request

DOMAIN = "immich_admin_tools"
INTEGRATION = f"/config/integrations/integration/{DOMAIN}"

OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

REQUEST_TIMEOUT = 180
"""Seconds: an action that restarts the workers answers when they are back."""

PATIENCE = 90_000
"""ms: the first page of a fresh browser on a busy machine, and a restart of the workers."""

SETTLE = 800
"""ms that a dialog gets to move to its place."""


_CREATE_USER = """
async (name) => {
  const { hass } = document.querySelector("home-assistant");
  const { user } = await hass.callWS({ type: "config/auth/create", name, group_ids: ["system-users"] });
  await hass.callWS({ type: "config/auth_provider/homeassistant/create", user_id: user.id, username: name, password: name });
}
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """The running demo."""

    ready: Mapping[str, Any]
    """What `scripts/develop --json` says."""

    browser: Browser

    pictures: Path
    """Where pictures go."""

    @contextlib.contextmanager
    def visit(
        self,
        address: str,
        picture: str,
        *,
        width: int = 1280,
        height: int = 800,
        language: str = "en",
        **context: Any,
    ) -> Iterator[Page]:
        """Open a page as the logged-in user, and take a picture at the end, also of a failure.

        `context` goes to the browser: `color_scheme`, `device_scale_factor`, `reduced_motion`.
        """
        with logged_in(
            self.browser,
            self.ready,
            width=width,
            height=height,
            language=language,
            **context,
        ) as page:
            page.set_default_timeout(PATIENCE)
            try:
                load(page, address)
                yield page
            finally:
                self.take(page, picture)

    def another_user(self, name: str) -> Demo:
        """Return the demo as somebody sees it who is no administrator."""
        with logged_in(self.browser, self.ready) as page:
            load(page, "/profile")
            page.wait_for_function(
                "document.querySelector('home-assistant').hass?.states"
            )
            page.evaluate(_CREATE_USER, name)
        url = self.ready["url"]
        me = {"client_id": f"{url}/"}
        how = {"handler": ["homeassistant", None], "redirect_uri": f"{url}/"}
        flow = request("POST", f"{url}/auth/login_flow", {**me, **how})["flow_id"]
        login = {**me, "username": name, "password": name}
        code = request("POST", f"{url}/auth/login_flow/{flow}", login)["result"]
        grant = {**me, "grant_type": "authorization_code", "code": code}
        tokens = request("POST", f"{url}/auth/token", grant, form=True)
        return replace(
            self,
            ready={**self.ready, "tokens": {**self.ready["tokens"], **tokens}},
        )

    def take(self, page: Page, picture: str) -> None:
        """Take a picture."""
        page.screenshot(path=self.pictures / f"{picture}.png")

    def control(self, command: str, **body: Any) -> Any:
        """Send a command to the simulated Immich, see simulator/README.md."""
        return self._send(f"{self.ready['control_url']}/{command}", body, {})

    def control_get(self, what: str) -> Any:
        """Ask the simulated Immich: `truth`, `state`."""
        return self._send(f"{self.ready['control_url']}/{what}", None, {})

    def api(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        method: str | None = None,
    ) -> Any:
        """Ask Home Assistant's REST API."""
        headers = {
            "Authorization": f"Bearer {self.ready['tokens']['access_token']}",
            "Content-Type": "application/json",
        }
        return self._send(f"{self.ready['url']}{path}", body, headers, method)

    @staticmethod
    def _send(
        url: str,
        body: Mapping[str, Any] | None,
        headers: dict[str, str],
        method: str | None = None,
    ) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, headers, method=method)
        with OPEN(request, timeout=REQUEST_TIMEOUT) as answer:
            return json.load(answer)
