"""The replay's page in a real browser, with the sample that is shipped."""
# Fixtures of the other browser tests; pytest finds them by their names.
# ruff: noqa: F811

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from nbinterview.ledger.records import Record
from nbinterview.tokens import room_token
from nbinterview_hub.sample import samples
from tests.service.hub_process import RunningHub
from tests.service.support import record
from tests.service.test_pages_in_browser import (  # noqa: F401
    _names,
    _operator_creates,
    chromium,
    service,
    visit,
)


def operator(service: RunningHub) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.home.secret('operator_token')}"}


@pytest.fixture(scope="module")
def sample(service: RunningHub) -> dict[str, Any]:
    """The shipped recording, imported; its summary."""
    [packed] = Path(str(samples())).glob("*.jsonl.gz")
    api = service.addresses.service_api
    with httpx.Client(headers=operator(service), trust_env=False, timeout=30) as client:
        answer = client.post(
            f"{api}/records/import",
            params={"sample": "true"},
            content=gzip.decompress(packed.read_bytes()),
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = client.get(
            f"{api}/interviews/{answer.json()['id']}"
        ).json()["interview"]
    for person in found["people"]:
        group = "candidates" if person["role"] == "candidate" else "interviewers"
        service.ensure_user(person["hub_name"], group)
    return found


def who(sample: dict[str, Any], role: str) -> str:
    name: str = next(one["hub_name"] for one in sample["people"] if one["role"] == role)
    return name


def keep(one: Any, name: str) -> None:
    """Keep a picture of what is seen, by day and by night."""
    directory = os.environ.get("NBINTERVIEW_ARTIFACTS")
    for scheme in ("light", "dark") if directory else ():
        one.page.emulate_media(color_scheme=scheme)
        one.page.screenshot(path=Path(directory or "") / f"{name}-{scheme}.png")


def test_the_panel_plays_an_interview_from_its_page(
    service: RunningHub, visit: Any, sample: dict[str, Any]
) -> None:
    staff = visit()
    staff.sign_in(who(sample, "interviewer"), f"interviews/{sample['id']}")
    page = staff.page
    page.get_by_role("link", name="Replay", exact=True).click()
    slider = page.get_by_role("slider")
    expect(slider).to_be_visible()
    slider.press("End")
    expect(page.locator("#player")).to_contain_text("load_wine")
    expect(page.locator("#player img[src^='data:image/png']").first).to_be_attached()
    keep(staff, "service-replay")
    # It ended: nothing can come since.
    expect(page.get_by_role("button", name="Load what came since")).to_have_count(0)


def test_an_address_names_a_moment_and_can_be_copied(
    service: RunningHub, visit: Any, sample: dict[str, Any]
) -> None:
    staff = visit()
    staff.sign_in(who(sample, "interviewer"), f"interviews/{sample['id']}/replay")
    page = staff.page
    page.goto(f"{page.url.split('#')[0]}#t=0:57")
    slider = page.get_by_role("slider")
    expect(slider).to_have_value("57000")
    page.evaluate("() => { location.hash = '#t=1:02'; }")
    expect(slider).to_have_value("62000")
    page.get_by_role("button", name="Copy a link to this moment").click()
    expect(page.locator("#told")).to_contain_text("01:02 is copied")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == f"{page.url.split('#')[0]}#t=01:02"


def fetched(one: Any, url: str) -> dict[str, Any]:
    """Ask for an address as a page of the service does."""
    found: dict[str, Any] = one.page.evaluate(
        """async url => {
          const answer = await fetch(url);
          const headers = Object.fromEntries(answer.headers);
          return { status: answer.status, headers, text: await answer.text() };
        }""",
        url,
    )
    return found


def test_a_candidate_sees_neither_page_nor_film(
    service: RunningHub, visit: Any, sample: dict[str, Any]
) -> None:
    theirs = visit()
    theirs.sign_in(who(sample, "candidate"))
    for path in ("replay", "replay/film"):
        url = f"{service.addresses.service_url}interviews/{sample['id']}/{path}"
        assert fetched(theirs, url)["status"] == 403, path
    # The browser itself notes both answers.
    assert all("403" in text for text in theirs.complaints)
    theirs.complaints.clear()


def test_the_policy_of_the_page(
    service: RunningHub, visit: Any, sample: dict[str, Any]
) -> None:
    staff = visit()
    staff.sign_in(who(sample, "interviewer"))
    page = f"{service.addresses.service_url}interviews/{sample['id']}/replay"
    policy = fetched(staff, page)["headers"]["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "trusted-types 'none'" in policy
    film = fetched(staff, f"{page}/film")
    assert film["headers"]["cache-control"] == "no-store"
    assert film["headers"]["cross-origin-resource-policy"] == "same-origin"
    assert json.loads(film["text"])["last_seq"] == sample["record"]["last_seq"]


def test_what_came_since_is_loaded_and_the_place_is_kept(
    service: RunningHub, visit: Any
) -> None:
    made = _operator_creates(service, title="Going on")
    here = made["interview"]["id"]
    ship(service, here, [record(here, n, "kernel", KERNEL) for n in range(1, 9)])
    staff = visit()
    staff.sign_in(_names(made)[1], f"interviews/{here}/replay")
    page = staff.page
    slider = page.get_by_role("slider")
    expect(slider).to_have_attribute("max", "7000")
    slider.press("ArrowRight")
    expect(slider).to_have_value("5000")
    more = page.get_by_role("button", name="Load what came since")
    more.click()
    expect(page.locator("#told")).to_have_text("Nothing came since.")
    ship(service, here, [record(here, n, "kernel", KERNEL) for n in range(9, 31)])
    more.click()
    expect(page.locator("#told")).to_have_text("Up to 00:29 now.")
    expect(slider).to_have_attribute("max", "29000")
    expect(slider).to_have_value("5000")
    keep(staff, "service-replay-running")


def test_nothing_to_play_is_said_kindly(service: RunningHub, visit: Any) -> None:
    made = _operator_creates(service, title="Not begun")
    staff = visit()
    # The browser itself notes the answer 404; nothing else is complained about.
    with staff.page.expect_console_message(lambda said: "404" in said.text):
        staff.sign_in(_names(made)[1], f"interviews/{made['interview']['id']}/replay")
    expect(staff.page.locator("#progress")).to_contain_text("was not opened yet")
    assert len(staff.complaints) == 1
    assert "404" in staff.complaints.pop()


KERNEL = {"state": "started", "detail": ""}


def ship(service: RunningHub, here: str, wires: list[dict[str, Any]]) -> None:
    """Send records as their room would."""
    assert all(Record.from_wire(wire) for wire in wires)
    token = room_token(service.home.secret("room_key"), here)
    answer = httpx.post(
        f"{service.addresses.service_api}/rooms/{here}/records",
        headers={"Authorization": f"Bearer {token}"},
        json={"records": wires},
        trust_env=False,
    )
    assert answer.is_success, answer.text
