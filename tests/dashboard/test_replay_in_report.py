"""The replay in the report, on the real platform, with the sample that is shipped."""

from __future__ import annotations

import base64
import gzip
import json
import random
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from nbinterview_hub.sample import samples
from tests.dashboard.stage import Made, Stage
from tests.dashboard.test_voila_report import report, signed_in

TIMEOUT_MS = 15_000


@pytest.fixture(scope="module")
def sample(platform: Stage) -> str:
    """The shipped recording, imported; its id."""
    [packed] = Path(str(samples())).glob("*.jsonl.gz")
    answer = httpx.post(
        f"{platform.addresses.service_api}/records/import",
        params={"sample": "true"},
        headers={"Authorization": f"Bearer {platform.home.secret('operator_token')}"},
        content=gzip.decompress(packed.read_bytes()),
        timeout=30,
        trust_env=False,
    )
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


@pytest.fixture(scope="module")
def reviewer(honest: Made, chromium: Browser) -> Iterator[BrowserContext]:
    """A reviewer's browser."""
    with signed_in(chromium, honest.links["reviewer"]) as context:
        context.set_default_timeout(TIMEOUT_MS)
        yield context


@pytest.fixture
def page(
    platform: Stage, sample: str, reviewer: BrowserContext
) -> Iterator[tuple[Page, list[str]]]:
    """The sample's report, and what its console complains about."""
    complaints: list[str] = []
    reviewer.on("console", lambda message: complaints.append(message.text))
    reviewer.on("weberror", lambda error: complaints.append(str(error.error)))
    page = report(reviewer, platform.report_of(sample))
    page.set_viewport_size({"width": 1280, "height": 900})
    yield page, complaints
    page.close()
    assert complaints == []


def keep(page: Page, artifacts: Path, name: str) -> None:
    """Keep a picture by day and by night."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=artifacts / f"{name}-{scheme}.png")


def slider(page: Page) -> int:
    """Return the moment that the player shows, in milliseconds."""
    return int(float(page.locator(".nbr-slider").input_value()))


def test_the_report_plays_the_interview(
    page: tuple[Page, list[str]], artifacts: Path
) -> None:
    shown, _ = page
    shown.locator("#replay").scroll_into_view_if_needed()
    player = shown.locator("#nbinterview-replay")
    expect(player.get_by_role("slider")).to_be_visible()
    player.get_by_role("slider").press("End")
    expect(player).to_contain_text("load_wine")
    assert player.locator("img[src^='data:image/png']").count() >= 1
    keep(shown, artifacts, "report-replay")


def test_the_report_leads_to_the_check_of_its_notebook(
    page: tuple[Page, list[str]], sample: str
) -> None:
    link = page[0].get_by_role("link", name="Run all from the top")
    href = link.get_attribute("href") or ""
    assert href.endswith(f"/interviews/{sample}/checks")


def test_a_flag_leads_to_its_moment_again_and_again(
    page: tuple[Page, list[str]],
) -> None:
    shown, _ = page
    card = shown.locator("#flag-3")
    link = card.get_by_role("link", name="Go to this moment")
    link.click()
    expect(shown).to_have_url(shown.url.split("#")[0] + "#t=0:01:02")
    at_flag_ms = slider(shown)
    assert at_flag_ms == 62_000
    expect(shown.locator("#nbinterview-replay")).to_be_in_viewport()
    shown.locator("#nbinterview-replay").get_by_role("slider").press("Home")
    assert slider(shown) == 0
    link.click()
    assert slider(shown) == at_flag_ms


def test_an_address_names_a_moment(
    platform: Stage, sample: str, reviewer: BrowserContext
) -> None:
    shown = report(reviewer, platform.report_of(sample) + "#t=1:20")
    expect(shown.locator(".nbr-slider")).to_have_value("80000")
    shown.close()


def test_every_time_of_the_report_is_a_moment(page: tuple[Page, list[str]]) -> None:
    shown, _ = page
    times = shown.locator("#runs a.moment")
    assert times.count() >= 3
    times.first.click()
    assert slider(shown) == 13_000
    marks = shown.locator("#timeline a.moment")
    assert marks.count() >= 4
    assert (marks.first.get_attribute("aria-label") or "").startswith("Replay from")


def test_the_margin_says_where_text_comes_from(
    page: tuple[Page, list[str]], artifacts: Path
) -> None:
    shown, _ = page
    origins = shown.locator("#notebook .origins")
    text = origins.locator("p").first.inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert "% was there from the start" in text or "% was typed" in text
    assert "% pasted from outside" in text
    pasted = shown.locator("#notebook .cells .line.from-pasted")
    assert pasted.count() >= 1
    assert pasted.first.get_attribute("data-sign") == "P"
    cell = shown.locator("#notebook .cell", has=shown.locator(".from-pasted")).first
    cell.locator(".whence summary").click()
    expect(cell.locator(".whence")).to_contain_text("Line 2 pasted from outside")
    cell.scroll_into_view_if_needed()
    origins.scroll_into_view_if_needed()
    keep(shown, artifacts, "report-margin")


def test_a_page_with_a_film_of_eight_megabytes_arrives(
    platform: Stage, reviewer: BrowserContext, artifacts: Path
) -> None:
    """Voila hands the page on in one message of its kernel."""
    made = platform.make(title="Large", candidate="Lars", interviewer="Lena")
    pictures = [picture(number) for number in range(12)]
    platform.ship(made, notebook_with(pictures))
    began = time.monotonic()
    shown = report(reviewer, platform.report_of(made.id))
    took_s = time.monotonic() - began
    # The player has taken the film out of the page; it holds all of these.
    assert len(json.dumps(notebook_with(pictures))) > 8_000_000
    expect(shown.get_by_role("slider")).to_be_visible()
    assert took_s < 20
    (artifacts / "eight-megabytes.txt").write_text(f"{took_s:.1f} s")
    shown.close()


def test_a_film_that_is_too_large_is_on_a_page_of_its_own(
    platform: Stage, reviewer: BrowserContext
) -> None:
    made = platform.make(title="Huge", candidate="Hugo", interviewer="Hanna")
    # JSON writes each of these as six characters.
    platform.ship(made, notebook_with_texts(["\x01" * 1_000_000] * 6))
    shown = report(reviewer, platform.report_of(made.id))
    section = shown.locator("#replay")
    expect(section).to_contain_text("too large")
    assert shown.locator("#nbinterview-film").count() == 0
    link = section.get_by_role("link", name="Open the replay").get_attribute("href")
    assert link == f"{platform.addresses.service_url}interviews/{made.id}/replay"
    moment = shown.locator("#runs a.moment").first.get_attribute("href") or ""
    assert moment.startswith(f"{link}#t=0:")
    shown.close()


def picture(number: int) -> str:
    """Return a PNG of half a megabyte, in base64, unlike the others."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    width = height = 420
    noise = random.Random(number)
    rows = b"".join(b"\0" + noise.randbytes(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
    return base64.b64encode(png).decode()


def notebook_with(pictures: list[str]) -> dict[str, Any]:
    """Return a notebook whose cells drew these."""
    return _notebook(
        [
            {
                "cell_type": "code",
                "id": f"plot-{number}",
                "metadata": {},
                "execution_count": number,
                "source": f"plot({number})",
                "outputs": [
                    {
                        "output_type": "display_data",
                        "data": {"image/png": content, "text/plain": "<Figure>"},
                        "metadata": {},
                    }
                ],
            }
            for number, content in enumerate(pictures, start=1)
        ]
    )


def notebook_with_texts(sources: list[str]) -> dict[str, Any]:
    """Return a notebook of these cells."""
    return _notebook(
        [
            {
                "cell_type": "markdown",
                "id": f"cell-{number}",
                "metadata": {},
                "source": source,
            }
            for number, source in enumerate(sources)
        ]
    )


def _notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
