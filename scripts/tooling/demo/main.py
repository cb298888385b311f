"""Starts everything, prints where to look, and stops everything."""

from __future__ import annotations

from argparse import Namespace
from contextlib import redirect_stdout, suppress
from dataclasses import asdict
import json
from pathlib import Path
import signal
import sys
import time
from typing import Any, TextIO

from ..bootstrap import Program
from ..common import REPOSITORY, ToolingError, duration, say, step
from ..environments import ALL, HomeAssistantVersion, set_up
from . import home_assistant, immich
from .folder import DASHBOARD, USER, DemoFolder
from .home_assistant import HomeAssistant
from .immich import Immich, Traffic
from .processes import Children, port_to_use

FOLDER = REPOSITORY / ".demo"
"""Where the demo keeps its things, unless it is told another place."""

_CHECK_TIMEOUT = 90.0
_MOVING = 3
"""So many sensors must have changed: one could be a clock."""


def run(options: Namespace) -> None:
    """Run the demo until it is interrupted (or, with `--check`, until it was seen to work)."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    (version,) = (version for version in ALL if version.version == options.release)
    # With --json the one line on the output is for a program.
    output = sys.stdout
    with redirect_stdout(sys.stderr if options.json else output):
        folder = DemoFolder(options.folder.resolve())
        # Both before anything is started, or written over what a running demo writes.
        options.port = port_to_use(options.port, options.host)
        with folder.alone():
            node = set_up((version,))
            if options.reset:
                folder.reset()
            with Children(folder.path / "logs") as children:
                _Demo(options, version, folder, children).run(node, output)
    say("Everything is stopped")


class _Demo:
    """What runs."""

    def __init__(
        self,
        options: Namespace,
        version: HomeAssistantVersion,
        folder: DemoFolder,
        children: Children,
    ) -> None:
        self._options = options
        self._python = version.python
        self._folder = folder
        self._children = children

    def run(self, node: Program, output: TextIO) -> None:
        started = time.monotonic()
        options, folder = self._options, self._folder
        with step("Starting Valkey and the simulated Immich"):
            server = immich.start(self._children, node, self._python, folder.path)
            traffic = None if options.no_load else Traffic(server)
        with step("Starting Home Assistant"):
            password = folder.password(host=options.host)
            folder.prepare(
                self._python,
                host=options.host,
                port=options.port,
                time_zone=_time_zone(),
                control_url=server.control_url,
            )
            child = home_assistant.start(self._children, self._python, folder.config)
            everywhere = options.host in ("0.0.0.0", "::")
            host = "127.0.0.1" if everywhere else options.host
            instance = HomeAssistant(f"http://{host}:{options.port}", child)
            instance.wait_until_running()
        with step("Setting up the integration"):
            if folder.is_onboarded:
                instance.log_in(password)
            else:
                instance.make_user(password)
            instance.wait_until_started()
            self._set_up_integration(instance, server)
        if options.check:
            with step("Checking that queues are shown and move"):
                _check(instance)
            return
        say(f"\nReady after {duration(time.monotonic() - started)}")
        ready = {
            "url": instance.url,
            "user": USER,
            "password": password,
            "tokens": instance.tokens(),
            "immich_url": server.url,
            "immich_api_key": server.api_key,
            "control_url": server.control_url,
            "redis_url": server.redis_url,
            "ml_url": server.ml_url,
            "logs": str(folder.path / "logs"),
        }
        _announce(ready)
        if options.json:
            print(json.dumps(ready), file=output, flush=True)
        folder.remember_running(ready)
        try:
            self._keep_running(instance, traffic)
        except KeyboardInterrupt:
            say("\nStopping")

    def _set_up_integration(self, instance: HomeAssistant, server: Immich) -> None:
        wanted = asdict(server)
        set_up_before = bool(instance.entries())
        if not set_up_before or self._folder.connection() != wanted:
            # The simulator may have got other ports this time.
            instance.remove_entries()
            instance.set_up_integration(wanted)
            instance.set_up_gpu_box(server.ml_url)
            self._folder.remember(wanted)
        if problem := instance.problem():
            say(
                f"    the integration is not loaded: {problem}\n{instance.child.tail()}"
            )

    def _keep_running(self, instance: HomeAssistant, traffic: Traffic | None) -> None:
        while True:
            if instance.child.exit_code == home_assistant.RESTART:
                say("Home Assistant restarts")
                self._children.forget(instance.child)
                instance.child = home_assistant.start(
                    self._children, self._python, self._folder.config
                )
                instance.wait_until_running()
            self._children.must_run()
            if traffic:
                traffic.go_on()
            time.sleep(1)


def _check(instance: HomeAssistant) -> None:
    """Wait until most entities have a value and some change; raises `ToolingError` if not."""
    deadline = time.monotonic() + _CHECK_TIMEOUT
    seen: dict[str, set[float]] = {}
    while True:
        instance.child.must_run()
        states = instance.states()
        for entity_id, state in states.items():
            with suppress(ValueError):
                seen.setdefault(entity_id, set()).add(float(state))
        valued = [s for s in states.values() if s not in ("unavailable", "unknown")]
        moving = sum(len(values) > 1 for values in seen.values())
        told = f"{len(states)} entities, {len(valued)} with a value, {moving} moving"
        if len(valued) * 2 > len(states) and moving >= _MOVING:
            say(f"    {told}")
            return
        if time.monotonic() > deadline:
            raise ToolingError(
                f"After {_CHECK_TIMEOUT:.0f} s: {told}.\n{instance.child.tail()}"
            )
        time.sleep(1)


def _announce(ready: dict[str, Any]) -> None:
    say(
        f"""
  Dashboard        {ready["url"]}/{DASHBOARD}
  User             {ready["user"]}
  Password         {ready["password"]}

  Integration      {ready["url"]}/config/integrations/integration/immich_admin_tools
  Immich's API     {ready["immich_url"]}   key {ready["immich_api_key"]}
  Redis            {ready["redis_url"]}
  Simulator        node simulator/src/cli.js --control {ready["control_url"]} <command>
                   (commands: simulator/README.md; for example: hang queue=ocr count=1)
  Logs             {ready["logs"]}

Ctrl-C stops everything."""
    )


def _time_zone() -> str:
    """Return the machine's time zone as Home Assistant names it; UTC when that can't be told."""
    try:
        name = Path("/etc/timezone").read_text(encoding="utf-8").strip()
    except OSError:
        return "UTC"
    return name if "/" in name and not name.startswith("Etc/") else "UTC"
