"""Where this machine's apt gets its packages from, in both formats."""

from pathlib import Path

import pytest

from tooling.apt_sources import (
    Source,
    debian_archive,
    parse_deb822,
    parse_one_line,
    read_sources,
)

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "deb http://mirror.example/debian bookworm main contrib",
            [
                Source(
                    "http://mirror.example/debian",
                    ("bookworm",),
                    ("main", "contrib"),
                    None,
                )
            ],
            id="plain",
        ),
        pytest.param(
            f"deb [ arch=amd64 signed-by={KEYRING} ] http://mirror.example/debian trixie main",
            [Source("http://mirror.example/debian", ("trixie",), ("main",), KEYRING)],
            id="options",
        ),
        pytest.param(
            "# deb http://old.example/debian stretch main\n"
            "deb-src http://mirror.example/debian bookworm main\n\n",
            [],
            id="comments and sources of packages",
        ),
        pytest.param("deb http://mirror.example/debian", [], id="no suite"),
    ],
)
def test_one_line(text: str, expected: list[Source]) -> None:
    """The older format."""
    assert list(parse_one_line(text)) == expected


def test_deb822_as_debian_images_have_it() -> None:
    """Comments inside a stanza, several suites and a second stanza."""
    text = f"""\
Types: deb
# http://snapshot.example/archive/debian/20250520T000000Z
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: {KEYRING}

Types: deb deb-src
URIs: http://mirror.example/debian-security http://second.example/debian-security
Suites: bookworm-security
Components: main
"""
    assert list(parse_deb822(text)) == [
        Source(
            "http://mirror.example/debian",
            ("bookworm", "bookworm-updates"),
            ("main",),
            KEYRING,
        ),
        Source(
            "http://mirror.example/debian-security",
            ("bookworm-security",),
            ("main",),
            None,
        ),
        Source(
            "http://second.example/debian-security",
            ("bookworm-security",),
            ("main",),
            None,
        ),
    ]


def test_deb822_leaves_out_what_is_disabled() -> None:
    """`Enabled: no` and stanzas for source packages only."""
    text = """\
Types: deb
Enabled: no
URIs: http://mirror.example/debian
Suites: sid
Components: main

Types: deb-src
URIs: http://mirror.example/debian
Suites: sid
Components: main
"""
    assert list(parse_deb822(text)) == []


def test_deb822_with_a_key_written_into_it() -> None:
    """Such a key is no file name."""
    text = """\
Types: deb
URIs: http://mirror.example/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS
"""
    assert [source.signed_by for source in parse_deb822(text)] == [None]


def test_the_main_archive_is_found_among_others(tmp_path: Path) -> None:
    """Security and third parties are no mirror of the main archive; other files are not read."""
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (folder / "a-node.list").write_text(
        "deb http://node.example/node_22.x nodistro main"
    )
    (folder / "b-debian.sources").write_text(
        "Types: deb\nURIs: http://mirror.example/debian-security\n"
        "Suites: bookworm-security\nComponents: main\n\n"
        "Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm\nComponents: main\n"
    )
    (folder / "old.list.disabled").write_text("deb http://old.example/debian sid main")
    found = debian_archive(read_sources(tmp_path))
    assert found is not None
    assert found.uri == "http://mirror.example/debian/"


def test_no_debian_no_archive(tmp_path: Path) -> None:
    """A machine without apt, and one with another distribution."""
    assert debian_archive(read_sources(tmp_path)) is None
    (tmp_path / "sources.list").write_text(
        "deb http://mirror.example/ubuntu noble main"
    )
    assert debian_archive(read_sources(tmp_path)) is None
