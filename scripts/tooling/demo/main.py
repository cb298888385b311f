"""Starts everything, prints where to look, and stops everything."""

from __future__ import annotations

from contextlib import redirect_stdout
import json
from pathlib import Path
import signal
import sys
import time
from typing import NoReturn, TextIO

from ..homeassistant_versions import NEWEST
from ..node import Node
from ..progress import duration, say, step, warn
from ..setup import set_up
from . import check, config_flow, dashboard, gpu_box, home_assistant, immich
from .children import Children
from .folder import USER, Connection, DemoFolder
from .home_assistant import HomeAssistant
from .http_json import Json
from .immich import Immich
from .options import Options
from .ports import port_to_use
from .traffic import Traffic


def run(options: Options) -> None:
    """Run the demo until it is interrupted (or, with `--check`, until it was seen to work)."""
    signal.signal(signal.SIGTERM, _interrupt)
    # With --json the one line on the output is for a program.
    output = sys.stdout
    with redirect_stdout(sys.stderr if options.json else output):
        folder = DemoFolder(options.folder)
        # Both before anything is started, or written over what a running demo writes.
        port = port_to_use(options.port, options.host)
        with folder.alone():
            tools = set_up((NEWEST,))
            if options.reset:
                folder.reset()
            with Children(folder.logs) as children:
                _run(options, port, folder, children, tools.node, output)
    say("Everything is stopped")


def _run(
    options: Options,
    port: int,
    folder: DemoFolder,
    children: Children,
    node: Node,
    output: TextIO,
) -> None:
    started = time.monotonic()
    with step("Starting Valkey and the simulated Immich"):
        server = immich.start(children, node, folder=folder.path)
        traffic = Traffic(server) if options.load else None
        if traffic:
            traffic.begin()
    with step("Starting Home Assistant"):
        password = folder.password(host=options.host)
        folder.prepare(host=options.host, port=port, time_zone=_time_zone())
        gpu_box.write(server, folder.config)
        child = home_assistant.start(children, folder)
        shown_host = "127.0.0.1" if options.host in ("0.0.0.0", "::") else options.host
        instance = HomeAssistant(f"http://{shown_host}:{port}", child)
        instance.wait_until_running()
    with step("Setting up the integration"):
        if folder.is_onboarded:
            instance.log_in(password)
        else:
            instance.make_user(password)
        instance.wait_until_started()
        _set_up_integration(instance, folder, server)
        problem = config_flow.problem(instance)
        if problem is not None:
            warn(
                f"    the integration is not loaded: {problem}\n{instance.child.tail()}"
            )
        dashboard.write(instance.render(dashboard.TEMPLATE), folder.config)
    if options.check:
        with step("Checking that queues are shown and move"):
            seen = check.check(instance)
            say(
                f"    {seen.entities} entities, {seen.with_value} with a value, "
                f"{seen.moving} moving"
            )
        return
    say(f"\nReady after {duration(time.monotonic() - started)}")
    _announce(instance, server, folder, password)
    ready = _ready(instance, server, folder, password)
    if options.json:
        output.write(json.dumps(ready) + "\n")
        output.flush()
    folder.remember_running(ready)
    try:
        _keep_running(children, instance, folder, traffic)
    finally:
        folder.forget_running()


def _set_up_integration(
    instance: HomeAssistant, folder: DemoFolder, server: Immich
) -> None:
    wanted = Connection(server.url, server.api_key, server.redis_url)
    if config_flow.is_set_up(instance):
        if folder.connection() == wanted:
            return
        # The simulator got other ports this time.
        config_flow.remove(instance)
    config_flow.set_up(instance, wanted)
    gpu_box.set_up(instance, server)
    folder.remember(wanted)


def _announce(
    instance: HomeAssistant, server: Immich, folder: DemoFolder, password: str
) -> None:
    say(
        f"""
  Queues           {instance.url}/{dashboard.PATH}
  User             {USER}
  Password         {password}

  Integration      {instance.url}/config/integrations/integration/immich_admin_tools
  Immich's API     {server.url}   key {server.api_key}
  Redis            {server.redis_url}
  Simulator        node simulator/src/cli.js --control {server.control_url} <command>
                   (commands: simulator/README.md; for example: hang queue=ocr count=1)
  Logs             {folder.logs}

Ctrl-C stops everything."""
    )


def _ready(
    instance: HomeAssistant, server: Immich, folder: DemoFolder, password: str
) -> dict[str, Json]:
    """Return what a program needs to use the demo."""
    return {
        "url": instance.url,
        "user": USER,
        "password": password,
        "tokens": instance.tokens(),
        "immich_url": server.url,
        "immich_api_key": server.api_key,
        "control_url": server.control_url,
        "redis_url": server.redis_url,
        "ml_url": server.ml_url,
        "logs": str(folder.logs),
    }


def _keep_running(
    children: Children,
    instance: HomeAssistant,
    folder: DemoFolder,
    traffic: Traffic | None,
) -> None:
    try:
        while True:
            if instance.child.exit_code == home_assistant.RESTART:
                say("Home Assistant restarts")
                children.forget(instance.child)
                instance.child = home_assistant.start(children, folder)
                instance.wait_until_running()
            children.must_run()
            if traffic:
                traffic.go_on()
            time.sleep(1)
    except KeyboardInterrupt:
        say("\nStopping")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _time_zone() -> str:
    """Return the machine's time zone as Home Assistant names it; UTC when that can't be told."""
    try:
        name = Path("/etc/timezone").read_text(encoding="utf-8").strip()
    except OSError:
        return "UTC"
    return name if "/" in name and not name.startswith("Etc/") else "UTC"
