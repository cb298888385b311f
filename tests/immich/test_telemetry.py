"""Immich's metrics, as recorded from real servers."""

from pathlib import Path

import httpx
import pytest

from custom_components.immich_admin_tools.immich.errors import (
    CannotConnectError,
    InvalidAddressError,
    UnexpectedReplyError,
)
from custom_components.immich_admin_tools.immich.telemetry import (
    Outcomes,
    parse_telemetry,
    read_telemetry,
    telemetry_urls,
)

RECORDINGS = Path("tests/fixtures/telemetry")


def _recorded(version: str) -> str:
    return (RECORDINGS / f"immich-{version}.txt").read_text(encoding="utf-8")


def test_immich_3() -> None:
    """Each job type has its outcomes; types and outcomes that never came are zero."""
    telemetry = parse_telemetry(_recorded("3.1.0"))
    assert telemetry.jobs["SmartSearch"] == Outcomes(success=106, failed=53)
    assert telemetry.jobs["AssetDetectFaces"] == Outcomes(success=53, failed=53)
    assert telemetry.jobs["FacialRecognition"] == Outcomes(skipped=53)
    assert telemetry.active["smart_search"] == 0
    assert "SmartSearchStarted" not in telemetry.jobs


def test_immich_2() -> None:
    """The older release tells the same."""
    telemetry = parse_telemetry(_recorded("2.7.5"))
    assert telemetry.jobs["SmartSearch"] == Outcomes(success=50, failed=56)
    assert "28763" in telemetry.process


@pytest.mark.parametrize(
    "text", ["", "<!doctype html>\n<p>Immich</p>", "ok", "a b c\n"]
)
def test_another_page(text: str) -> None:
    """What is no metrics page is no reading of zeros."""
    with pytest.raises(UnexpectedReplyError):
        parse_telemetry(text)


@pytest.mark.parametrize("value", ["NaN", "+Inf"])
def test_impossible_counts(value: str) -> None:
    """A count that is no number makes the page one that can't be trusted."""
    with pytest.raises(UnexpectedReplyError):
        parse_telemetry(f"immich_jobs_ocr_failed_total {value}\n")


@pytest.mark.parametrize(
    ("raw", "urls"),
    [
        ("http://immich:8082", ("http://immich:8082/metrics",)),
        (" http://immich:8082/ ", ("http://immich:8082/metrics",)),
        ("immich:8082", ("http://immich:8082/metrics",)),
        (
            "http://a:1/metrics, http://b:2/deep/metrics http://a:1",
            ("http://a:1/metrics", "http://b:2/deep/metrics"),
        ),
    ],
)
def test_addresses(raw: str, urls: tuple[str, ...]) -> None:
    """One or several; the same one twice would count twice."""
    assert telemetry_urls(raw) == urls


@pytest.mark.parametrize("raw", ["", " , ", "immich", "http://u:p@immich:8082"])
def test_bad_addresses(raw: str) -> None:
    """Said at once, not when it is first asked."""
    with pytest.raises(InvalidAddressError):
        telemetry_urls(raw)


async def test_nobody_there() -> None:
    """A closed port is an error of ours, not of the HTTP library."""
    async with httpx.AsyncClient() as http:
        with pytest.raises(CannotConnectError):
            await read_telemetry(http, "http://127.0.0.1:9/metrics")
