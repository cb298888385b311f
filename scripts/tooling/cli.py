"""Command lines of the scripts."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
import sys

from .errors import ToolingError
from .progress import warn

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
