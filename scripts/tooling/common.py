"""What all scripts share: where things are, how programs are run, and what is said meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
import hashlib
import os
from pathlib import Path
import re
import shlex
import subprocess
import sys
import time

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "requirements"
SIMULATOR = REPOSITORY / "simulator"
FRONTEND = REPOSITORY / "frontend"
INTEGRATION = REPOSITORY / "custom_components" / "immich_admin_tools"
REPORTS = REPOSITORY / ".reports"
"""Logs, coverage and times of the last run of the tests."""


class ToolingError(Exception):
    """Something the user has to know or to do; the message says what."""


def cache_dir() -> Path:
    """Return the folder of the downloaded tools, shared by every checkout of this user."""
    explicit = os.environ.get("IMMICH_ADMIN_TOOLS_CACHE")
    if explicit:
        return Path(explicit).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base).expanduser() if base else Path.home() / ".cache"
    return root.resolve() / "immich-admin-tools"


def say(text: str) -> None:
    """Print a line at once, also when the output is a pipe."""
    print(text, flush=True)


def duration(seconds: float) -> str:
    """Return seconds as people read them, for example `4.2 s` or `3 min 05 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step before it runs and say how long it took."""
    say(f"==> {title}")
    started = time.monotonic()
    yield
    say(f"    done in {duration(time.monotonic() - started)}")


@contextmanager
def friendly_errors() -> Iterator[None]:
    """Show what the user can do something about without a traceback."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this runs on whatever the machine has)
        sys.exit("The scripts need Python 3.11 or newer as `python3`.")
    try:
        yield
    except ToolingError as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        sys.exit(130)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 900,
) -> str:
    """Run a program quietly, with `env` on top of this one's, and return its output.

    Raises `ToolingError` with an excerpt of its output when it fails or takes too long.
    """
    shown = shlex.join(str(part) for part in command)
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise ToolingError(f"Program not found: {command[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise ToolingError(f"Gave up after {timeout:.0f} s: {shown}") from error
    if done.returncode != 0:
        lines = done.stdout.strip().splitlines()
        if len(lines) > 40:
            # The cause may stand at either end.
            lines = [*lines[:15], "[…]", *lines[-20:]]
        excerpt = "\n".join(lines)
        raise ToolingError(f"Failed ({done.returncode}): {shown}\n{excerpt}")
    return done.stdout


def works(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> bool:
    """Whether a program runs on this machine."""
    try:
        run(command, env=env, timeout=30)
    except ToolingError:
        return False
    return True


def version_tuple(text: str) -> tuple[int, ...]:
    """Return the numbers of a version: `v20.20.2` → (20, 20, 2), `3.14.5~rc1-2` → (3, 14, 5)."""
    match = re.match(r"v?(?:\d+:)?(\d+(?:\.\d+)*)", text.strip())
    return tuple(int(number) for number in match[1].split(".")) if match else ()


def finished(file: Path, inputs: Iterable[str | Path], *, now: bool = False) -> bool:
    """Whether a step finished before with exactly these inputs; with `now`, remember that it did.

    Of a path its content counts, and that it is missing.
    """
    total = hashlib.sha256()
    for part in inputs:
        text = part.read_text() if isinstance(part, Path) and part.is_file() else ""
        total.update(f"{part}\0{len(text)}\0{text}\0".encode())
    if now:
        file.write_text(total.hexdigest())
    return file.is_file() and file.read_text() == total.hexdigest()
