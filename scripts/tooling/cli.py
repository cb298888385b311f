"""Command lines of the scripts."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import sys

from .errors import ToolingError
from .paths import REPOSITORY
from .progress import say, warn

_OLDEST_PYTHON = (3, 11)


@contextmanager
def _friendly_errors() -> Iterator[None]:
    """Show what the user can do something about without a traceback."""
    if sys.version_info < _OLDEST_PYTHON:
        sys.exit("The scripts need Python 3.11 or newer as `python3`.")
    try:
        yield
    except ToolingError as error:
        warn(f"\n{error}")
        sys.exit(1)
    except KeyboardInterrupt:
        warn("\nStopped.")
        sys.exit(130)


def setup() -> None:
    """Get everything this project needs into place."""
    from .setup import set_up  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="scripts/setup", description=set_up.__doc__)
    parser.parse_args()
    with _friendly_errors():
        set_up()


def lock() -> None:
    """Compile the lock files."""
    from .lock import compile_all  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="scripts/lock", description=compile_all.__doc__
    )
    parser.add_argument(
        "--upgrade", action="store_true", help="take the newest releases"
    )
    arguments = parser.parse_args()
    with _friendly_errors():
        compile_all(upgrade=arguments.upgrade)


def lint() -> None:
    """Check the code without running it."""
    from .checks import static_checks  # noqa: PLC0415
    from .setup import set_up  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="scripts/lint", description=lint.__doc__)
    parser.add_argument(
        "--fix", action="store_true", help="repair what can be repaired"
    )
    arguments = parser.parse_args()
    with _friendly_errors():
        set_up()
        failed = []
        for check in static_checks(fix=arguments.fix):
            say(f"==> {check.title}")
            if not check.passes():
                failed.append(check.title)
        say(f"Not clean: {', '.join(failed)}" if failed else "All clean")
        sys.exit(1 if failed else 0)


def test() -> None:
    """Run the tests: everything, the fast first."""
    from .run_stages import list_stages, run_stages  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="scripts/test",
        description=test.__doc__,
        epilog="Other arguments go to pytest, for example: scripts/test --stage unit -k eta",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--fast",
        action="store_true",
        help="only what needs no other program, in a few minutes",
    )
    parser.add_argument(
        "--stage",
        action="append",
        default=[],
        metavar="NAME",
        help="only this stage (repeatable)",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="also real queues in every release of Home Assistant",
    )
    parser.add_argument("--list", action="store_true", help="show the stages and stop")
    arguments, extra = parser.parse_known_args()
    with _friendly_errors():
        if arguments.list:
            list_stages()
            return
        good = run_stages(
            arguments.stage, fast=arguments.fast, every=arguments.all, extra=extra
        )
        sys.exit(0 if good else 1)


def release() -> None:
    """Check that the versions agree and pack the integration."""
    from .release import check, pack  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="scripts/release", description=release.__doc__
    )
    parser.add_argument("--tag", help="the tag of the release, for example v1.2.0")
    arguments = parser.parse_args()
    with _friendly_errors():
        check(arguments.tag)
        pack()


def develop() -> None:
    """Run the demo: Home Assistant with this integration beside a simulated Immich."""
    from .demo.main import run  # noqa: PLC0415
    from .demo.options import Options  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="scripts/develop", description=develop.__doc__
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: this machine only)",
    )
    parser.add_argument(
        "--port",
        type=int,
        help="port (default 8123, or a free one when that is taken; 0 for any)",
    )
    parser.add_argument("--no-load", action="store_true", help="leave the queues empty")
    parser.add_argument("--reset", action="store_true", help="forget the last demo")
    parser.add_argument(
        "--check", action="store_true", help="stop when entities have values that move"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=REPOSITORY / ".demo",
        help="where the demo keeps its things",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one line of JSON when it is ready, for programs",
    )
    arguments = parser.parse_args()
    options = Options(
        folder=arguments.folder.resolve(),
        host=arguments.host,
        port=arguments.port,
        load=not arguments.no_load,
        reset=arguments.reset,
        check=arguments.check,
        json=arguments.json,
    )
    with _friendly_errors():
        run(options)


def screenshot() -> None:
    """Take a picture of a page of the running demo."""
    from .browser import View  # noqa: PLC0415
    from .screenshot import take  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="scripts/screenshot", description=screenshot.__doc__
    )
    parser.add_argument("page", help="path, for example /config/devices/dashboard")
    parser.add_argument("picture", type=Path, help="PNG file to write")
    parser.add_argument(
        "--see", action="append", default=[], metavar="TEXT", help="wait for it"
    )
    parser.add_argument(
        "--click", action="append", default=[], metavar="TEXT", help="in turn"
    )
    parser.add_argument("--size", default="1280x800", metavar="WxH")
    parser.add_argument(
        "--scale", type=float, default=1, help="2 for a sharper picture"
    )
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--language", default="en")
    parser.add_argument(
        "--whole", action="store_true", help="also what is below the window"
    )
    parser.add_argument("--wait", type=int, default=1500, metavar="MS")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / ".demo")
    arguments = parser.parse_args()
    width, _, height = arguments.size.partition("x")
    with _friendly_errors():
        take(
            arguments.page,
            arguments.picture,
            folder=arguments.folder.resolve(),
            view=View(
                width=int(width),
                height=int(height),
                scale=arguments.scale,
                dark=arguments.dark,
                language=arguments.language,
            ),
            see=arguments.see,
            click=arguments.click,
            wait=arguments.wait,
            whole=arguments.whole,
        )
