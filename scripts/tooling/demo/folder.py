"""The demo's folder: Home Assistant's configuration and what a second start needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
import fcntl
import json
import os
from pathlib import Path
import secrets
import shutil

from ..commands import run
from ..errors import ToolingError
from ..homeassistant_versions import NEWEST
from ..paths import INTEGRATION
from . import dashboard, gpu_box
from .http_json import Json

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
"""

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

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

USER = "demo"
"""Who logs in."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What the integration was last set up with."""

    url: str
    api_key: str
    redis_url: str


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Where the demo keeps its things."""

    path: Path

    @property
    def config(self) -> Path:
        """Home Assistant's configuration folder."""
        return self.path / "config"

    @property
    def logs(self) -> Path:
        """Logs of all programs."""
        return self.path / "logs"

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
                raise ToolingError(
                    f"A demo runs in {self.path} already{self._where()}. Use that one, "
                    "stop it with Ctrl-C in its terminal, or start with another --folder."
                ) from error
            self.forget_running()
            yield
        finally:
            os.close(descriptor)

    def _where(self) -> str:
        try:
            return f", at {self.running()['url']}"
        except ToolingError:
            return ""

    def reset(self) -> None:
        """Forget everything. The folder itself stays: it is what is locked."""
        if not self.path.is_dir():
            return
        for item in self.path.iterdir():
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item, ignore_errors=True)
            else:
                item.unlink(missing_ok=True)

    def prepare(self, *, host: str, port: int, time_zone: str) -> None:
        """Write what Home Assistant has to find before its first start, and the address before each."""
        storage = self.config / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        configuration = self.config / "configuration.yaml"
        if not configuration.is_file():
            configuration.write_text(
                _CONFIGURATION.format(time_zone=time_zone)
                + dashboard.CONFIGURATION
                + gpu_box.CONFIGURATION
            )
            (self.config / dashboard.FILE).write_text("views: []\n")
            for name, empty in (
                ("automations", "[]"),
                ("scripts", "{}"),
                ("scenes", "[]"),
            ):
                (self.config / f"{name}.yaml").write_text(f"{empty}\n")
        self._link_integration()
        # In YAML the address would be a trial that the user has to confirm within minutes.
        settings = run([NEWEST.python, "-c", _HTTP_SETTINGS, host, str(port)])
        (storage / "http").write_text(settings)
        if not (storage / "onboarding").is_file():
            # What is left is making the user, which is done over the API.
            done = ["core_config", "analytics", "integration"]
            content = {"version": 4, "minor_version": 1, "key": "onboarding"}
            (storage / "onboarding").write_text(
                json.dumps({**content, "data": {"done": done}})
            )

    def password(self, *, host: str) -> str:
        """Return the user's password, choosing one the first time.

        On this machine only, it is as simple as the user's name. Where others can reach the demo,
        it is a random one.
        """
        local = host in _LOOPBACK
        if not self._login.is_file():
            chosen = USER if local else secrets.token_urlsafe(9)
            self._login.parent.mkdir(parents=True, exist_ok=True)
            self._login.touch(mode=0o600)
            self._login.write_text(json.dumps({"password": chosen}))
        password = str(json.loads(self._login.read_text())["password"])
        if not local and password == USER:
            raise ToolingError(
                f"The password of this demo is {USER!r}, too simple for {host}. "
                "Add --reset once, so that it gets a random one."
            )
        return password

    def connection(self) -> Connection | None:
        """Return what the integration was set up with, if it was."""
        file = self.path / "connection.json"
        return Connection(**json.loads(file.read_text())) if file.is_file() else None

    def remember(self, connection: Connection) -> None:
        """Keep what the integration was set up with."""
        file = self.path / "connection.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(connection)))

    def remember_running(self, ready: Mapping[str, Json]) -> None:
        """Let `scripts/screenshot` find the running demo and log in."""
        self._running.touch(mode=0o600)
        self._running.write_text(json.dumps(ready))

    def forget_running(self) -> None:
        """Say that the demo has ended."""
        self._running.unlink(missing_ok=True)

    def running(self) -> Mapping[str, Json]:
        """Return how to reach the running demo; raises `ToolingError` when none runs."""
        try:
            ready: Mapping[str, Json] = json.loads(self._running.read_text())
        except FileNotFoundError as error:
            raise ToolingError(
                "No demo is running: start `scripts/develop` in another terminal."
            ) from error
        return ready

    @property
    def _running(self) -> Path:
        return self.path / "running.json"

    @property
    def _login(self) -> Path:
        return self.path / "login.json"

    def _link_integration(self) -> None:
        link = self.config / "custom_components" / INTEGRATION.name
        link.parent.mkdir(exist_ok=True)
        if link.is_symlink():
            link.unlink()
        link.symlink_to(INTEGRATION)
