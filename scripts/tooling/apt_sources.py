"""Reads where this machine's own apt gets its packages from.

A machine may use a mirror, so no host name is written down in this project: the mirror and the
keyring are taken from the machine. Both formats of sources.list(5) are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re

_DEBIAN_ARCHIVE = re.compile(r"/debian/?$")
"""The main archive ends so on every mirror; `debian-security` and third parties do not."""


@dataclass(frozen=True, slots=True)
class Source:
    """One place for packages."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None
    """Keyring file, or None for the keys the whole machine trusts."""


def parse_one_line(text: str) -> Iterator[Source]:
    """Yield the `deb` lines of a `.list` file."""
    for raw in text.splitlines():
        line = raw.split("#", 1)[0].strip()
        match = re.match(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<rest>\S.*)", line)
        if not match:
            continue
        uri, *suite_and_components = match["rest"].split()
        if not suite_and_components:
            continue
        options = dict(
            option.split("=", 1)
            for option in (match["options"] or "").split()
            if "=" in option
        )
        yield Source(
            uri=uri,
            suites=(suite_and_components[0],),
            components=tuple(suite_and_components[1:]),
            signed_by=options.get("signed-by"),
        )


def parse_deb822(text: str) -> Iterator[Source]:
    """Yield the enabled `deb` stanzas of a `.sources` file, one per URI."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1] in (" ", "\t"):
                if name:
                    fields[name] += "\n" + line.strip()
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" not in fields.get("types", "").split():
            continue
        if fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        signed_by = fields.get("signed-by") or None
        for uri in fields.get("uris", "").split():
            yield Source(
                uri=uri,
                suites=tuple(fields.get("suites", "").split()),
                components=tuple(fields.get("components", "").split()),
                # A key written into the stanza itself is kept by apt only, so it is of no use here.
                signed_by=None if signed_by and "\n" in signed_by else signed_by,
            )


def read_sources(etc_apt: Path = Path("/etc/apt")) -> list[Source]:
    """Return every enabled binary source of this machine, in apt's order."""
    sources: list[Source] = []
    main = etc_apt / "sources.list"
    if main.is_file():
        sources.extend(parse_one_line(main.read_text(errors="replace")))
    folder = etc_apt / "sources.list.d"
    for file in sorted(folder.glob("*")) if folder.is_dir() else []:
        if file.suffix == ".list":
            sources.extend(parse_one_line(file.read_text(errors="replace")))
        elif file.suffix == ".sources":
            sources.extend(parse_deb822(file.read_text(errors="replace")))
    return sources


def debian_archive(sources: list[Source]) -> Source | None:
    """Return the first source that is a mirror of Debian's main archive."""
    for source in sources:
        if _DEBIAN_ARCHIVE.search(source.uri) and "main" in source.components:
            return source
    return None
