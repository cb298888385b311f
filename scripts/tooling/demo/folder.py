"""The demo's folder: Home Assistant's configuration and what a second start needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
import fcntl
import json
import os
from pathlib import Path
import secrets
import shutil
from typing import Any

from ..common import INTEGRATION, ToolingError, run

DASHBOARD = "dashboard-immich"
"""Where the dashboard is found, below Home Assistant's address; also its start page."""

_CONFIGURATION = """\
# The demo's Home Assistant. Written once; change it as you like, `scripts/develop --reset` starts anew.
homeassistant:
  name: Immich demo
  unit_system: metric
  currency: EUR
  country: DE
  time_zone: {time_zone}

frontend:
history:
logbook:
recorder:
  commit_interval: 1
  purge_keep_days: 3

logger:
  default: warning
  logs:
    custom_components.immich_admin_tools: info

automation: !include automations.yaml
script: !include scripts.yaml
scene: !include scenes.yaml

# What the actions of the GPU box call: the simulated machine learning goes on and off.
rest_command: !include gpu_box.yaml

lovelace:
  dashboards:
    {dashboard}:
      mode: yaml
      filename: immich.yaml
      title: Immich
      icon: mdi:image-multiple
      show_in_sidebar: true
"""

_GPU_BOX = """\
# Written at each start of the demo.
gpu_box:
  url: "{url}/ml"
  method: post
  content_type: application/json
  payload: '{{"mode": "{{{{ mode }}}}"}}'
"""

_FILES = {
    "automations": "[]",
    "scripts": "{}",
    "scenes": "[]",
    "immich": "strategy:\n  type: custom:immich-admin-tools",
}

_HTTP_SETTINGS = """
import json, sys
from homeassistant.components.http import config
settings = config.HTTP_STORAGE_SCHEMA(
    {"server_host": [sys.argv[1]], "server_port": int(sys.argv[2])}
)
print(json.dumps({
    "version": config.STORAGE_VERSION,
    "minor_version": config.STORAGE_MINOR_VERSION,
    "key": config.STORAGE_KEY,
    "data": {
        "stable": {**config._DEFAULT_CONFIG, **settings},
        "pending": None,
        "yaml_migration_done": True,
    },
}))
"""
"""Home Assistant reads its stored settings without filling in defaults, so it writes them itself."""

USER = "demo"
"""Who logs in."""


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Where the demo keeps its things."""

    path: Path

    @property
    def config(self) -> Path:
        """Home Assistant's configuration folder."""
        return self.path / "config"

    @property
    def is_onboarded(self) -> bool:
        """Whether the user was made before."""
        return (self.config / ".storage" / "auth").is_file() and self._login.is_file()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other demos out of the folder; raises `ToolingError` when one is in it.

        However this program ends, the lock ends with it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                known = _read(self._running)
                where = f", at {known['url']}" if known else ""
                raise ToolingError(
                    f"A demo runs in {self.path} already{where}. Use that one, "
                    "stop it with Ctrl-C in its terminal, or start with another --folder."
                ) from error
            self.remember_running(None)
            try:
                yield
            finally:
                self.remember_running(None)
        finally:
            os.close(descriptor)

    def reset(self) -> None:
        """Forget everything. The folder itself stays: it is what is locked."""
        for item in self.path.iterdir():
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item, ignore_errors=True)
            else:
                item.unlink(missing_ok=True)

    def prepare(
        self, python: Path, *, host: str, port: int, time_zone: str, control_url: str
    ) -> None:
        """Write what Home Assistant has to find before its first start, and addresses before each."""
        storage = self.config / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        configuration = self.config / "configuration.yaml"
        if not configuration.is_file():
            text = _CONFIGURATION.format(time_zone=time_zone, dashboard=DASHBOARD)
            configuration.write_text(text)
            for name, content in _FILES.items():
                (self.config / f"{name}.yaml").write_text(f"{content}\n")
        (self.config / "gpu_box.yaml").write_text(_GPU_BOX.format(url=control_url))
        link = self.config / "custom_components" / INTEGRATION.name
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(INTEGRATION)
        # In YAML the address would be a trial that the user has to confirm within minutes.
        settings = run([python, "-c", _HTTP_SETTINGS, host, str(port)])
        (storage / "http").write_text(settings)
        if not (storage / "onboarding").is_file():
            # What is left is making the user, which is done over the API.
            done = {"done": ["core_config", "analytics", "integration"]}
            _store(storage, "onboarding", done, version=4)
            start_page = {"core": {"default_panel": DASHBOARD}}
            _store(storage, "frontend.system_data", start_page)

    def password(self, *, host: str) -> str:
        """Return the user's password, choosing one the first time.

        On this machine only, it is as simple as the user's name. Where others can reach the demo,
        it is a random one.
        """
        local = host in ("127.0.0.1", "::1", "localhost")
        if not self._login.is_file():
            chosen = USER if local else secrets.token_urlsafe(9)
            _write(self._login, {"password": chosen})
        password = str(_read(self._login)["password"])
        if not local and password == USER:
            raise ToolingError(
                f"The password of this demo is {USER!r}, too simple for {host}. "
                "Add --reset once, so that it gets a random one."
            )
        return password

    def connection(self) -> Mapping[str, str]:
        """Return what the integration was set up with, if it was."""
        return _read(self._connection)

    def remember(self, connection: Mapping[str, str]) -> None:
        """Keep what the integration was set up with."""
        _write(self._connection, connection)

    def remember_running(self, ready: Mapping[str, Any] | None) -> None:
        """Let `scripts/screenshot` find the running demo and log in; None when it ends."""
        if ready is None:
            self._running.unlink(missing_ok=True)
        else:
            _write(self._running, ready)

    def running(self) -> Mapping[str, Any]:
        """Return how to reach the running demo; raises `ToolingError` when none runs."""
        if not (ready := _read(self._running)):
            raise ToolingError(
                "No demo is running: start `scripts/develop` in another terminal."
            )
        return ready

    @property
    def _running(self) -> Path:
        return self.path / "running.json"

    @property
    def _login(self) -> Path:
        return self.path / "login.json"

    @property
    def _connection(self) -> Path:
        return self.path / "connection.json"


def _store(
    folder: Path, key: str, data: Mapping[str, Any], *, version: int = 1
) -> None:
    """Write a file as Home Assistant stores its own."""
    content = {"version": version, "minor_version": 1, "key": key, "data": data}
    (folder / key).write_text(json.dumps(content))


def _read(file: Path) -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    return content


def _write(file: Path, content: Mapping[str, Any]) -> None:
    """Write for this user's eyes only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(content))
